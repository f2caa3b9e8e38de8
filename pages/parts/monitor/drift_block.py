"""Drift: recent wafers against a reference, agreement week over week, and whether to train again."""

import math
from datetime import UTC, datetime

import pandas as pd
import streamlit as st

from core.database import AppDatabase
from core.datasets.reading import NOW
from core.labels.annotations import labelled_keys
from core.lake import Lake
from core.monitoring.changes import CHANGES, DROP_POINTS, LABELS, NAMES, changes_by_labels, drops
from core.monitoring.drift import LEAST_WAFERS, Drift, untold, verdict_of_look
from core.monitoring.judging import Scope
from core.monitoring.quality import LEAST_LABELLED
from core.monitoring.retraining import LEAST_TO_TRAIN, Proposal, new_labels, propose, retrain
from core.settings import settings
from core.training.recipes import UPDATE
from core.trends.overview import newest_day
from pages.parts.blocks.table_download import csv_button
from pages.parts.cache.judgements import drift_between, judged
from pages.parts.links import link, open_page
from pages.parts.literal import literal
from pages.parts.monitor.drift_reference import Sides, choose_sides
from pages.parts.person import person_or_account

INPUT_HELP = (
    "Shift: population stability index over the deciles of the reference, or over kinds: below 0.1 steady, from "
    "0.25 much. p: share of 499 shufflings of whole lots that differ at least as far; a shift counts below 0.05. Up "
    "to 600 wafers of each side are looked at."
)
LOOK_HELP = (
    "Energy distance between the embeddings of both sides, 0 (spread alike) to 1. p by shuffling whole lots 499 times. "
    "Beyond chance, from 0.1 on it is called much."
)
CHANGE_HELP = (
    "The seven days that end with the newest labelled test against the seven before; interval 95 %, wafers drawn "
    f"anew. Compared where both weeks have {LEAST_LABELLED} labelled wafers. A drop is a loss of {DROP_POINTS:g} "
    "points; of a single class it must also be more than chance. The rule *Agreement with labels falls* raises an "
    "alarm then."
)
LABELS_HELP = (
    f"Blind: both weeks have {LEAST_LABELLED} wafers that were labelled without the model's proposals, and these alone "
    "are compared. All: there are too few of them, so that labels which began with proposals count too."
)
FEW_WEEKS = f"two weeks in a row with {LEAST_LABELLED} labelled wafers each are needed."


def drift_block(lake: Lake, database: AppDatabase, scope: Scope) -> None:
    """Show what changed in the wafers and in agreement, and offer to train again.

    Raises:
        LakeError: the lake cannot be read.
        AppDatabaseError: the database cannot be used.
    """
    last = newest_day(lake, scope.where)
    if last is None:
        st.info("None of these wafers says when it was tested, so nothing can be said over time.")
        return
    sides = choose_sides(database, scope.where, last)
    with st.spinner("Comparing wafers and results"):
        found = drift_between(lake, database, sides.recent, sides.reference)
        changes = changes_by_labels(judged(lake, database, scope))
        fallen = drops(changes)
    with database.reading() as session:
        labelled = len(labelled_keys(session))
    shifted = found.shifted if found else []
    lacking = untold(found) + ([f"Whether agreement fell: {FEW_WEEKS}"] if changes.empty else [])
    proposed = propose(fallen, shifted, labelled, new_labels(database), sides.against, lacking)
    _proposal(database, lake, proposed, sides.learnt)
    left, right = st.columns([1.2, 1], gap="large")
    with left:
        _inputs(found, sides)
    with right:
        _looks(found)
        _changes(changes, fallen)


def _proposal(database: AppDatabase, lake: Lake, proposal: Proposal, learnt: str) -> None:
    with st.container(border=True):
        if not proposal.reasons and not proposal.untold:
            st.markdown("**No reason to train again.** Nothing fell, nothing shifted by more than chance.")
            return
        if proposal.reasons:
            st.markdown("**Training again is proposed.**")
            for reason in proposal.reasons:
                st.markdown(f"- {literal(reason)}")
        if proposal.untold:
            whole = "**Whether to train again cannot be told yet.** What is missing:"
            st.markdown("What cannot be told yet:" if proposal.reasons else whole)
            for lacking in proposal.untold:
                st.markdown(f"- {literal(lacking)}")
        if not proposal.reasons:
            return
        if not proposal.possible:
            st.markdown(
                f"{proposal.labelled} wafers are labelled, {LEAST_TO_TRAIN} are needed to learn from. Label some of "
                "the recent ones first."
            )
            link("annotate", "Label wafers")
            return
        replayed = f"dataset {learnt}" if learnt not in ("", NOW) else "nothing, as its card names no dataset"
        if st.button(
            "Train again",
            type="primary",
            help=f"Freezes the labels that count now as a dataset and starts *{UPDATE.name}* on it. Replayed of what "
            f"the model in use learnt from: {literal(replayed)}. It can be watched and stopped.",
        ):
            reason, today = proposal.reasons[0], datetime.now(UTC).date()
            job = retrain(database, lake, settings(), reason, person_or_account(), today, learnt)
            open_page("training", run=str(job.id))


def _inputs(found: Drift | None, sides: Sides) -> None:
    said = f"{sides.span} against {sides.against}"
    if found is None:
        st.info(
            f"Fewer than {LEAST_WAFERS} wafers on one side: nothing to compare ({literal(said)}). {literal(sides.note)}"
        )
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown("**Inputs**", help=INPUT_HELP, width="stretch")
        csv_button(found.inputs, "drift_inputs")
    st.caption(
        literal(f"{said[:1].upper()}{said[1:]}: {found.recent:,} wafers against {found.reference:,}. {sides.note}")
    )
    number = st.column_config.NumberColumn
    st.dataframe(
        found.inputs,
        hide_index=True,
        height="content",
        key="drift-inputs",
        placeholder="–",
        column_config={
            "shift": number(format="%.3f", help=INPUT_HELP),
            "p": number(format="%.3f", help=INPUT_HELP),
            "reference": st.column_config.TextColumn(help="Mean, or the commonest."),
            "recent": st.column_config.TextColumn(help="Mean, or the commonest."),
        },
    )


def _looks(found: Drift | None) -> None:
    st.markdown("**What wafers look like**", help=LOOK_HELP)
    if found is None or found.look is None:
        st.caption(
            f"Fewer than {LEAST_WAFERS} wafers of a side are embedded. `python -m jobs.embed_wafers` embeds them."
        )
        return
    old, new = found.embedded
    chance = "" if math.isnan(found.look.p) else f", p {found.look.p:.3f}"
    st.metric(
        "Energy distance",
        f"{found.look.size:.3f}",
        f"{verdict_of_look(found.look)}{chance}",
        delta_color="off",
        delta_arrow="off",
        help=LOOK_HELP,
    )
    st.caption(f"{new:,} recent wafers against {old:,}.")


def _changes(changes: pd.DataFrame, fallen: pd.DataFrame) -> None:
    shown = changes.assign(
        **{"class": changes["class"].map(NAMES), "product": changes["product"].replace("", "all products")}
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown("**Agreement, week over week**", help=CHANGE_HELP, width="stretch")
        csv_button(shown, "agreement_changes")
    if changes.empty:
        st.caption(f"{FEW_WEEKS[:1].upper()}{FEW_WEEKS[1:]}")
        return
    number = st.column_config.NumberColumn
    st.dataframe(
        shown,
        hide_index=True,
        key="drift-changes",
        placeholder="–",
        column_config={
            name: number(
                name.replace("_", " "), format="%.3f" if name in CHANGES[6:] or name in ("before", "now") else "%d"
            )
            for name in CHANGES[2:]
        }
        | {LABELS: st.column_config.TextColumn(help=LABELS_HELP)},
    )
    st.caption(f"{len(fallen)} of {len(changes)} fell." if len(fallen) else "None fell.")
