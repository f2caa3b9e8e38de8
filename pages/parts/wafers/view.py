"""One wafer's result on screen: map, severity, clusters, and where and how sure. Shared by Wafer and Segment."""

import math

import streamlit as st

from core.analysis.result import WaferResult
from core.analysis.summaries import WaferSummary, summarise
from core.instances import Instance
from core.severity import ProductRules
from data.classes import CLASSES
from pages.parts.blocks import charts
from pages.parts.blocks.flowing_row import flowing_row
from pages.parts.blocks.old_scores import old_score_note
from pages.parts.cache.results import everywhere
from pages.parts.literal import literal
from pages.parts.measures import HELP
from pages.parts.state.choices import chosen_palette
from pages.parts.state.view import ViewState
from pages.parts.wafers.canvas import wafer_canvas
from pages.parts.wafers.cluster_table import cluster_table

NAMES = {c.key: c.name for c in CLASSES}
SHOWN = {"Patterns": None, **{f"Probability of {c.name.lower()}": c.key for c in CLASSES}}
SHOW_HELP = (
    "Patterns: every failing die in the colour of its class; a die of two classes shows both. "
    "Probability: how sure the model is that a die there belongs to the class. Of results by another model than the "
    "one in use only failing dies are known."
)


def wafer_view(result: WaferResult, *, key: str, linked: bool = False, height: int = 560) -> None:
    """Show a wafer with its defects: map and legend beside severity and clusters, measures below.

    The probability shown and the hidden classes stay when another wafer takes the place; the chosen cluster does not.

    Args:
        result: the analysed wafer.
        key: of this view; every view on a page needs its own.
        linked: keep what is chosen in the query string, so that a link restores it; for one view a page.
        height: of the map in pixels.
    """
    st.fragment(_view)(result, ViewState(key, linked), height)


def compact_view(result: WaferResult, *, key: str, linked: bool = False, height: int = 460) -> None:
    """Show a wafer's map, legend and measures in one column, to stand beside another wafer's."""
    _map(result, ViewState(key, linked), height)
    _measures(result, summarise(result))


def _view(result: WaferResult, state: ViewState, height: int) -> None:
    left, right = st.columns([1.2, 1], gap="medium")
    with left:
        focus = _map(result, state, height)
    with right:
        summary = summarise(result)
        _measures(result, summary)
        cluster_table(result, state=state, focus=focus)
    _distribution(result, summary, state.key)


def _map(result: WaferResult, state: ViewState, height: int) -> Instance | None:
    key = result.wafer.key
    shown = st.selectbox(
        "Show",
        list(SHOWN),
        key=state.show_key,
        bind="query-params" if state.linked else None,
        persist_state=None if state.linked else "session",
        help=SHOW_HELP,
        label_visibility="collapsed",
        width=220,
    )
    number = state.cluster(key)
    focus = next((i for i in result.instances if i.number == number), None)
    heat = SHOWN[shown]
    wafer_canvas(
        result.wafer,
        everywhere(result) if heat else result.segmentation,
        result.instances,
        key=state.canvas_key,
        palette=chosen_palette(),
        heat=heat,
        focus=focus,
        hidden=state.hidden(),
        height=height,
        on_picked=lambda: state.choose_clicked(key),
        on_hidden=state.keep_hidden,
    )
    return focus


def _measures(result: WaferResult, summary: WaferSummary) -> None:
    severity = result.severity
    score, count, affected = st.columns(3)
    score.metric("Severity", f"{severity.score:.0f}", help=HELP["severity"])
    count.metric("Clusters", severity.cluster_count, help=HELP["clusters"])
    affected.metric("Affected dies", f"{severity.affected_dies:,}", help=HELP["affected"])
    density, dominant, confidence = st.columns(3)
    density.metric("Dies per cm²", f"{severity.density_per_cm2:.3f}", help=HELP["density"])
    dominant.metric(
        "Dominant", NAMES[summary.dominant_class] if summary.dominant_class else "none", help=HELP["dominant"]
    )
    sure = f"{severity.confidence:.2f}" if severity.cluster_count else "–"
    confidence.metric("Confidence", sure, help=HELP["mean_confidence"])
    full = ProductRules.configured().of(result.wafer.product)
    coverage_said = f"{severity.coverage:.1%} of {full.coverage_saturation:.0%}"
    density_said = f"{severity.density_per_cm2:.2f} of {full.density_saturation:g} /cm²"
    if severity.assumed_geometry and severity.version > 1:  # no sizes, no density: by the share of the dies
        density_said = coverage_said
    count_said = f"{severity.cluster_count} of {full.count_saturation:g}"
    left = 100 - severity.density_term - severity.coverage_term - severity.count_term
    failing_said = "not known" if math.isnan(severity.fail_share) else f"{severity.fail_share:.0%} of the dies fail"
    terms = (
        ("Density", severity.density_term, full.density_points, density_said, "density_term"),
        ("Coverage", severity.coverage_term, full.coverage_points, coverage_said, "coverage_term"),
        ("Count", severity.count_term, full.count_points, count_said, "count_term"),
        ("Collapse", severity.collapse_term, left, failing_said, "collapse_term"),
    )
    for column, (name, points, most, measure, help_key) in zip(st.columns(4), terms, strict=True):
        column.progress(min(1.0, points / most) if most else 0.0, text=f"{name} **{points:.0f}** of {most:.0f}")
        column.caption(measure, help=HELP[help_key])
    for said in (severity.reason, severity.assumption):
        if said:
            st.caption(literal(said))
    old_score_note(severity)


def _distribution(result: WaferResult, summary: WaferSummary, key: str) -> None:
    if not summary.dies_by_class:
        st.caption("No pattern was found on this wafer: its failing dies are single, at the normal level.")
        return
    by_class, sure, zones, quadrants = flowing_row(360, 280, 220, 168, align="top")
    with by_class:
        st.markdown("**Dies by class**", help=HELP["by_class"])
        charts.bars_by_class(summary, key=f"{key}-by-class")
    with sure:
        st.markdown("**Confidence of dies**", help=HELP["confidences"])
        charts.confidence_histogram(summary.confidences, key=f"{key}-confidences")
    with zones:
        st.markdown("**Distance**", help=HELP["zones"])
        charts.shares(summary.zones, key=f"{key}-zones", alt="Share of affected dies by zone")
        st.caption(f"{result.severity.edge_ratio:.0%} within 10 mm of the rim", help=HELP["edge_ratio"])
    with quadrants:
        st.markdown("**Quadrants**", help=HELP["quadrants"])
        charts.quadrant_shares(summary.quadrants, key=f"{key}-quadrants")
