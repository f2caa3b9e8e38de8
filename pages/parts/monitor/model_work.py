"""The model at work: how long a wafer takes, and how often people flag what it says."""

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from core.database import AppDatabase
from core.drawing.palette import GREYS
from core.lake import Lake
from core.monitoring.judging import Scope
from core.monitoring.operation import QUANTILES, flagged, latency
from core.monitoring.quality import CalendarPeriod
from data.classes import CLASSES
from pages.parts.blocks.charts import accent, name_dates, quiet_figure, show_figure
from pages.parts.blocks.table_download import csv_button
from pages.parts.links import link
from pages.parts.state.choices import current_theme

NAMES = {c.key: c.name for c in CLASSES} | {"": "Whole wafer"}
DASHES = {"p50_ms": "solid", "p95_ms": "dash", "p99_ms": "dot"}
LATENCY_HELP = (
    "Milliseconds a wafer took when it was segmented into the lake, by the time of segmentation: half, 95 % and 99 "
    "% of the wafers took at most so long. Wafers of a batch are timed together and each counts with the batch's "
    "mean, so single slow wafers do not show; Models, Serve measures a version one by one."
)
FLAG_HELP = (
    "Share of the segmented wafers whose present result somebody flagged as wrong, by the time of the test; whiskers: "
    "95 % (Wilson). Nobody looks at every wafer, so the true share of wrong results is higher."
)
STATE_HELP = (
    "open: waits on the Review page. accepted or merged: a right label was written. redo: to be labelled again. "
    "dismissed: the model was right."
)


def work_block(lake: Lake, database: AppDatabase, scope: Scope, period: CalendarPeriod) -> None:
    """Show latency and flags.

    Raises:
        LakeError: the lake cannot be read.
        AppDatabaseError: the database cannot be used.
    """
    with st.spinner("Summing up"):
        by_period, by_model = latency(lake, scope, period), latency(lake, scope)
        flags = flagged(lake, database, scope, period)
    left, right = st.columns(2, gap="large")
    with left:
        _latency(by_period, by_model, period)
    with right:
        st.markdown("**Flagged as wrong**", help=FLAG_HELP)
        share = flags.flagged / flags.wafers if flags.wafers else float("nan")
        st.metric(
            "Share flagged",
            f"{share:.2%}" if flags.wafers else "n/a",
            f"{flags.flagged:,} of {flags.wafers:,} wafers",
            delta_color="off",
            delta_arrow="off",
            help=FLAG_HELP,
        )
        if flags.flagged:
            _flags(flags.periods)
            shown = flags.classes.assign(**{"class": flags.classes["class"].map(NAMES)})
            with st.container(horizontal=True, vertical_alignment="center"):
                st.markdown("Flags by class", help=STATE_HELP, width="stretch")
                csv_button(flags.periods, f"flagged_by_{period}", label="Periods CSV")
                csv_button(shown, "flags_by_class", label="Classes CSV")
            st.dataframe(shown, hide_index=True, key="flags-by-class")
            link("review", "Review what was flagged")
        else:
            st.caption("No present result is flagged. *Flag as wrong* stands on every wafer's page.")


def _latency(by_period: pd.DataFrame, by_model: pd.DataFrame, period: CalendarPeriod) -> None:
    st.markdown("**Latency**", help=LATENCY_HELP)
    if by_period.empty:
        st.caption("No result of these says how long it took.")
        return
    for column, (name, _) in zip(st.columns(len(QUANTILES)), QUANTILES, strict=True):
        column.metric(f"{name.removesuffix('_ms')}, newest {period}", f"{by_period[name].iloc[-1]:,.1f} ms")
    greys = GREYS[current_theme()]
    lines = [
        go.Scatter(
            x=by_period["period"],
            y=by_period[name],
            mode="lines+markers",
            name=name.removesuffix("_ms"),
            line={"width": 1.5, "color": accent() if name == "p50_ms" else greys.ink, "dash": DASHES[name]},
            marker={"size": 5},
            customdata=by_period["wafers"],
            hovertemplate="%{y:,.1f} ms, %{customdata:,} wafers<extra></extra>",
        )
        for name, _ in QUANTILES
    ]
    figure = quiet_figure(lines, 240, left=56, bottom=30)
    figure.update_layout(showlegend=True, legend={"orientation": "h", "y": 1.14, "x": 0}, margin_t=26)
    name_dates(figure, by_period["period"], 6)
    figure.update_yaxes(title="ms per wafer", rangemode="tozero", nticks=5)
    show_figure(figure, "latency", f"Latency by {period}: p50, p95 and p99 in milliseconds")
    with st.container(horizontal=True):
        csv_button(by_period, f"latency_by_{period}", label="Periods CSV")
        csv_button(by_model, "latency_by_model", label="Versions CSV")
    number = st.column_config.NumberColumn
    ms = {name: number(name.replace("_", " "), format="%.1f", help=LATENCY_HELP) for name, _ in QUANTILES}
    st.dataframe(by_model, hide_index=True, key="latency-models", column_config=ms)


def _flags(periods: pd.DataFrame) -> None:
    points = go.Scatter(
        x=periods["period"],
        y=periods["share"],
        mode="markers",
        marker={"size": 7, "color": accent()},
        error_y={
            "type": "data",
            "symmetric": False,
            "array": periods["high"] - periods["share"],
            "arrayminus": periods["share"] - periods["low"],
            "color": GREYS[current_theme()].outline,
            "thickness": 1.2,
        },
        customdata=periods[["flagged", "wafers"]],
        hovertemplate="%{y:.1%}: %{customdata[0]:,} of %{customdata[1]:,} wafers<extra></extra>",
    )
    figure = quiet_figure([points], 220, left=56, bottom=30)
    name_dates(figure, periods["period"], 6)
    figure.update_yaxes(title="share flagged", tickformat=".0%", rangemode="tozero", nticks=5)
    show_figure(figure, "flagged", f"Share of wafers flagged as wrong over {len(periods)} points")
