"""The trust sheet on screen: what a model reaches, against what, and where not to trust it."""

from collections.abc import Sequence
from datetime import UTC, datetime

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from core.drawing.palette import GREYS, class_colors
from core.evaluation.report import Report
from core.registry.gate import Check, gate
from core.registry.sheet import NAMES, Curve, Reached, curve, trust_sheet
from core.registry.store import Version
from core.reports.table import Table
from core.reports.trust_report import checks_table, classes_table, confusion_table, headline, trust_pdf
from core.settings import Settings
from pages.parts.blocks.charts import accent, quiet_figure, show_figure
from pages.parts.blocks.table_download import csv_button
from pages.parts.blocks.taking import take_button, told
from pages.parts.literal import literal
from pages.parts.person import person_or_account
from pages.parts.state.choices import chosen_palette, current_theme

SCORE_HELP = (
    "IoU over dies: dies that truth and model share, over dies that either has, all wafers pooled. F1 of presence: how "
    "well the model says whether the class is on a wafer at all. Whiskers: 95 %, wafers drawn anew 1,000 times. "
    "Diamonds: the trivial answer that gives every failing die to the wafer's likeliest class."
)
CURVE_HELP = (
    "When the model says 70 %, is it so in 70 % of cases? On the dashed line it is. All classes together, in ten "
    "steps; the error of each class, the mean gap, stands in the table."
)
CROWDING_HELP = (
    "Patterns hide one another: where a ring lies over a scratch, nobody can say whose a die is. The table gives each "
    "class on wafers with one pattern, with two and with more."
)
FORMATS = {"score": "%.3f", "count": "localized"}
CHECKS_HELP = (
    "What a model must show before it is served. Any but the champion is held against it, too: the gate that decides "
    "under Serve. INT8 may change the classes of 1 % of the wafers unless a setting says otherwise; the goal is 0.5 %."
)


def trust_view(version: Version, champion: Version, at: Settings) -> None:
    """Show a version's card and trust sheet, with a PDF of it; any but the champion is held against it."""
    card = version.card
    gated = gate(card, champion.card, at) if version.number != champion.number else ()
    sheet = trust_sheet(card, at, gated)
    name = f"trust_{card.sha256[:8]}.pdf"
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{literal(card.name)}**", width="stretch")
        take_button(
            "Trust sheet PDF",
            data=told(lambda: trust_pdf(sheet, person_or_account(), datetime.now(UTC)), name),
            file_name=name,
            mime="application/pdf",
            on_click="ignore",
        )
    with st.container(horizontal=True, gap="medium"):
        for name, value in headline(sheet).items():
            st.metric(name, value, width="content")
    left, right = st.columns([1.25, 1], gap="large")
    with left:
        st.markdown("**Conditions**", help=CHECKS_HELP)
        checks_view(sheet.checks, key=f"checks-{version.number}")
        st.markdown("**Where not to trust it**", help="What it was never shown, and what nobody measured.")
        st.markdown(
            "\n".join(f"- {literal(line)}" for line in (*sheet.never_shown, *sheet.missing)) or "Nothing was said."
        )
    with right:
        st.markdown("**How it was made**")
        _made(version)
    for number, entry in enumerate(sheet.reached):
        st.divider()
        _entry(entry, card.reports[entry.data], f"{version.number}-{number}")


def checks_view(checks: Sequence[Check], *, key: str) -> None:
    """Show conditions line by line, failed ones first."""
    _show(checks_table(checks), key=key)


def _made(version: Version) -> None:
    card, latency = version.card, version.card.latency
    told = {
        "Trained on": card.data or "not said",
        "People's labels": card.labels or "none, or not said",
        "Commit": card.commit or "not said",
        "Hours": f"{card.hours:g}" if card.hours is not None else "not said",
        "Size": f"{card.megabytes:g} MB",
        "Latency": f"p50 {latency.p50_ms:g} ms, p95 {latency.p95_ms:g} ms ({latency.wafers} wafers, {latency.machine})"
        if latency
        else "not measured on this machine; Serve measures it",
        "SHA-256": card.sha256[:16],
    }
    st.table({name: literal(value) for name, value in told.items()}, border="horizontal", alt="How the model was made")
    if card.config:
        with st.popover("Training flags"):
            st.table(
                {literal(name): literal(value) for name, value in sorted(card.config.items())}, border="horizontal"
            )


def _entry(entry: Reached, report: Report, key: str) -> None:
    st.markdown(f"**{literal(entry.title)}**", help=SCORE_HELP)
    said = [
        "" if entry.false_alarms is None else f"**{entry.false_alarms:.1%}** of wafers without a pattern get one",
        "" if entry.exact is None else f"exactly the right set of classes on **{entry.exact:.1%}**",
        f"this report lacks {', '.join(entry.lacks)}" if entry.lacks else "",
    ]
    st.caption(" · ".join(part for part in said if part))
    if entry.crowding:
        st.caption(entry.crowding, help=CROWDING_HELP)
    left, right = st.columns([2, 1], gap="medium")
    with left:
        _scores(entry, key=f"scores-{key}")
    with right:
        found = curve(report)
        if found:
            st.markdown("**Calibration**", help=CURVE_HELP)
            _calibration(found, key=f"curve-{key}")
        else:
            st.caption("The report has no calibration curve. `python -m jobs.evaluate` writes it now.")
    rows = _show(classes_table(entry), key=f"classes-{key}")
    with st.container(horizontal=True):
        csv_button(rows, f"classes_{key}", label="Classes CSV")
        if entry.confusion.any():
            with st.popover("Confusion"):
                st.caption(f"{'Dies' if entry.by_die else 'Wafers'}, true class down, predicted across.")
                confusion = _show(confusion_table(entry), key=f"confusion-{key}")
            csv_button(confusion, f"confusion_{key}", label="Confusion CSV")


def _scores(entry: Reached, *, key: str) -> None:
    rows = [row for row in entry.classes if row.class_key != "mean"]
    colors = class_colors(chosen_palette())
    names = [NAMES[row.class_key] for row in rows]
    whiskers = None
    if rows and all(row.low is not None and row.high is not None for row in rows):
        whiskers = {
            "type": "data",
            "symmetric": False,
            "color": GREYS[current_theme()].ink,
            "thickness": 1.2,
            "array": [(row.high or 0) - row.score for row in rows],
            "arrayminus": [row.score - (row.low or 0) for row in rows],
        }
    traces: list[go.Bar | go.Scatter] = [
        go.Bar(
            x=names,
            y=[row.score for row in rows],
            marker_color=[colors[row.class_key] for row in rows],
            error_y=whiskers,
            hovertemplate="%{x}: %{y:.3f}<extra></extra>",
            width=0.62,
        )
    ]
    if any(row.baseline is not None for row in rows):
        traces.append(
            go.Scatter(
                x=names,
                y=[row.baseline for row in rows],
                mode="markers",
                marker={"symbol": "diamond", "size": 9, "color": GREYS[current_theme()].ink},
                hovertemplate="%{x}: trivial baseline %{y:.3f}<extra></extra>",
            )
        )
    figure = quiet_figure(traces, 240, left=44, bottom=24)
    figure.update_yaxes(range=[0, 1.02], title=entry.measure, nticks=6)
    spoken = ", ".join(f"{NAMES[row.class_key]} {row.score:.2f}" for row in rows)
    show_figure(figure, key, f"{entry.title}: {spoken}")


def _calibration(found: Curve, *, key: str) -> None:
    greys = GREYS[current_theme()]
    perfect = go.Scatter(
        x=[0, 1], y=[0, 1], mode="lines", line={"dash": "dash", "width": 1, "color": greys.outline}, hoverinfo="skip"
    )
    line = go.Scatter(
        x=found.said,
        y=found.true,
        mode="lines+markers",
        customdata=found.count,
        line={"width": 1.5, "color": accent()},
        marker={"size": 6},
        hovertemplate="said %{x:.0%}, true %{y:.0%} of %{customdata:,}<extra></extra>",
    )
    figure = quiet_figure([perfect, line], 220, left=44, bottom=38)
    figure.update_xaxes(range=[0, 1.02], tickformat=".0%", title="said by the model", nticks=6)
    figure.update_yaxes(range=[0, 1.02], tickformat=".0%", title="true", nticks=6)
    show_figure(figure, key, "Calibration curve: share that was true against the probability that was said")


def _show(table: Table, *, key: str) -> pd.DataFrame:
    """Draw a table, columns without any number left out; gives what is drawn, to three places."""
    frame = pd.DataFrame(list(table.rows), columns=[column.title for column in table.columns])
    frame = frame.dropna(axis="columns", how="all").round(3)
    formats = {
        column.title: st.column_config.NumberColumn(format=FORMATS[column.kind])
        for column in table.columns
        if column.kind in FORMATS
    }
    st.dataframe(frame, hide_index=True, key=key, placeholder="–", column_config=formats)
    return frame
