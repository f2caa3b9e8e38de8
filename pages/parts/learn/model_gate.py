"""Which model is served: the gate line by line, promotion, rollback, and a trial of a challenger."""

from collections.abc import Callable

import pandas as pd
import streamlit as st

from core.identity import Person
from core.jobs.launch import jobs, start
from core.registry.gate import gate, still_to_score
from core.registry.leakage import parted
from core.registry.promotion import MOST_SHARE, challenge, promote, rollback, with_latency
from core.registry.store import Registry, Roles, Version
from core.registry.traffic import trial
from core.segmentation.serving import SHIPPED, Serving
from core.settings import Settings
from data.errors import ModelError
from pages.parts.blocks.job_watch import job_watch
from pages.parts.blocks.table_download import csv_button
from pages.parts.cache.models import segmenter
from pages.parts.cache.stores import database
from pages.parts.cache.stores import lake as open_lake
from pages.parts.learn.trust_view import checks_view
from pages.parts.literal import literal
from pages.parts.person import person_or_account

SCORE = "score_version"
GATE_HELP = (
    "All must pass: mean IoU better than the champion's by the set margin on the same wafers (30 or more that people "
    "labelled, else the largest set), no class worse by more than the set loss on any common report (of people's "
    "labels from 30 wafers on), INT8 within its bounds, time for a wafer within the set ratio to the champion's (both "
    "take 30 wafers in turn on this machine). The bounds are settings (WAFERSCOPE_GATE_...)."
)
TRIAL_HELP = (
    "A hash of the wafer's key says whose a wafer is, the same every time. Each result keeps the name of the model "
    "that made it. 95 % intervals by Newcombe, p by Fisher's exact test, wafers taken as independent."
)


def roles_line(registry: Registry, roles: Roles, serving: Serving) -> None:
    """Show what is served, and offer what puts this home right where it lags behind the registry."""
    champion = "the shipped model" if roles.champion == SHIPPED else f"version {roles.champion}"
    said = f"Champion: **{champion}**"
    if roles.challenger is not None:
        said += f" · challenger: **version {roles.challenger}** with {roles.share:.0%} of the wafers"
    st.caption(said)
    here = serving.champion.number if serving.champion else SHIPPED
    there = serving.challenger.number if serving.challenger else None
    if (here, there) != (roles.champion, roles.challenger):
        st.warning("This home serves other models than the registry says: `python -m jobs.promote_model sync`.")


def gate_block(registry: Registry, version: Version, roles: Roles, at: Settings) -> None:
    """Hold the version against the champion, and offer promotion, a trial and rollback."""
    person = person_or_account()
    if version.number == roles.champion:
        st.info("This version is the champion: the app serves it. Choose another one to hold it against this one.")
    else:
        champion = registry.version(roles.champion)
        st.markdown(f"**The gate towards {literal(champion.card.name)}**", help=GATE_HELP)
        if st.button("Measure and check", key="gate-measure", help="Times 30 wafers with both first."):
            with st.spinner("Timing both models"):
                version = with_latency(registry, version, champion, at)
        checks = gate(version.card, champion.card, at)
        checks_view(checks, key="gate")
        failed = [check.name for check in checks if not check.passed]
        if failed:
            st.caption(f"Not passed: {', '.join(failed)}.")
        if version.number != SHIPPED:
            _offer_scores(registry, version, champion, person, at)
        with st.container(horizontal=True, vertical_alignment="bottom"):
            if st.button("Promote", type="primary", disabled=bool(failed), help="It segments from then on."):
                _do("Timing and promoting", lambda: promote(registry, database(), at, version.number, person))
            if version.number not in (SHIPPED, roles.challenger):
                _offer_trial(registry, version, at, person)
    if roles.before:
        before = roles.before[-1]
        words = "the shipped model" if before == SHIPPED else f"version {before}"
        if st.button(f"Roll back to {words}", help="It was the champion before; no gate is asked."):
            _do("Rolling back", lambda: rollback(registry, database(), at, person))


def trial_block(registry: Registry, serving: Serving, at: Settings) -> None:
    """Compare champion and challenger on the wafers that each got since the trial began."""
    if serving.challenger is None:
        return
    st.divider()
    st.markdown(f"**Trial of {literal(serving.challenger.name)}**, {serving.share:.0%} of the wafers", help=TRIAL_HELP)
    found = trial(open_lake(), serving, segmenter().name)
    if found is None or not (found.champion_wafers and found.challenger_wafers):
        st.info("Nothing to compare yet: wafers that are segmented into the lake from now on are shared out.")
    else:
        st.caption(
            f"Champion {found.champion_wafers:,} wafers, mean severity {found.champion_severity:.1f} · challenger "
            f"{found.challenger_wafers:,} wafers, mean severity {found.challenger_severity:.1f}"
        )
        rows = pd.DataFrame(
            {
                "Reported": [row.what for row in found.rows],
                "Champion, %": [100 * row.champion for row in found.rows],
                "Challenger, %": [100 * row.challenger for row in found.rows],
                "Difference, points": [100 * row.difference.change for row in found.rows],
                "95 % from": [100 * row.difference.low for row in found.rows],
                "to": [100 * row.difference.high for row in found.rows],
                "p": [row.difference.p for row in found.rows],
            }
        )
        formats = {name: st.column_config.NumberColumn(format="%.1f") for name in rows.columns[1:-1]}
        formats["p"] = st.column_config.NumberColumn(format="%.3f")
        st.dataframe(rows, hide_index=True, key="trial", column_config=formats)
        csv_button(rows, "trial")
    if st.button("End the trial"):
        _do("Ending the trial", lambda: challenge(registry, database(), at, None, 0.0, person_or_account()))


def _offer_scores(registry: Registry, version: Version, champion: Version, person: Person, at: Settings) -> None:
    """Offer to score a version on the champion's wafers that it was not scored on; it goes on when the page is left."""
    flags = ["--version", str(version.number)]
    scoring = next((job for job in jobs(database(), SCORE) if job.arguments == flags), None)
    data = still_to_score(version.card.reports, champion.card)
    underway = scoring is not None and scoring.underway
    if data and st.button(
        "Score it on these wafers", disabled=underway, help=literal(f"The champion's: {', '.join(data)}.")
    ):
        with st.spinner("Looking up what it learnt from"):
            judging, refused = parted(version.card, data, registry, at)
        if judging:  # the job's log says what else may not
            start(database(), at, SCORE, flags, person, title=f"Score version {version.number}")
            st.rerun()
        for name, why in refused.items():
            st.info(literal(f"Not to be scored on {name}: {why}."))
    if data:
        job_watch(scoring)


def _offer_trial(registry: Registry, version: Version, at: Settings, person: Person) -> None:
    share = st.number_input(
        "Share of wafers, %",
        1,
        int(100 * MOST_SHARE),
        10,
        key="trial-share",
        width=160,
        help="Of the wafers that are segmented into the lake from now on.",
    )
    if st.button("Start a trial", help="No gate is asked; at most half of the wafers."):
        _do("Starting the trial", lambda: challenge(registry, database(), at, version.number, share / 100, person))


def _do(words: str, action: Callable[[], object]) -> None:
    """Do it and draw the page anew; what forbids it is said in place."""
    try:
        with st.spinner(words):
            action()
    except ModelError as error:
        st.error(literal(error))
    else:
        st.rerun()
