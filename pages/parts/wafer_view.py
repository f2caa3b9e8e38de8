"""One wafer's result on screen: map, severity, clusters, and where and how sure. Shared by Wafer and Segment."""

import streamlit as st

from core.analysis import WaferResult
from core.instances import Instance
from core.severity import COUNT_POINTS, COVERAGE_POINTS, DENSITY_POINTS
from core.summaries import Summary, summarise
from data.classes import CLASSES
from pages.parts import charts
from pages.parts.cluster_table import cluster_table
from pages.parts.measures import HELP
from pages.parts.state import choose_cluster, chosen_cluster, chosen_palette, hidden_classes, picked_cluster
from pages.parts.wafer_canvas import wafer_canvas

NAMES = {c.key: c.name for c in CLASSES}
PATTERNS = "patterns"
SHOW_HELP = (
    "Patterns: every failing die in the colour of its class; a die of two classes shows both. "
    "Probability: how sure the model is that a die belongs to the class."
)


def wafer_view(result: WaferResult, *, key: str, height: int = 560) -> None:
    """Show a wafer with its defects: map and legend beside severity and clusters, measures below.

    What is shown (probability of a class, hidden classes, the chosen cluster) belongs to the view's key and stays when
    another wafer takes the place, except the cluster.

    Args:
        result: the analysed wafer.
        key: of this view; every view on a page needs its own.
        height: of the map in pixels.
    """
    st.fragment(_view)(result, key, height)


def map_only(result: WaferResult, *, key: str, height: int = 460) -> None:
    """Show a wafer's map and legend alone, as for a second wafer beside the first."""
    _map(result, key, height)


def _view(result: WaferResult, key: str, height: int) -> None:
    left, right = st.columns([1.25, 1], gap="medium")
    with left:
        focus = _map(result, key, height)
    with right:
        summary = summarise(result)
        _measures(result, summary)
        cluster_table(result, key=key, focus=focus)
    _distribution(result, summary, key)


def _map(result: WaferResult, key: str, height: int) -> Instance | None:
    shown = st.selectbox(
        "Show",
        [PATTERNS, *NAMES],
        format_func=lambda k: "Patterns" if k == PATTERNS else f"Probability of {NAMES[k].lower()}",
        key=f"{key}-show",
        help=SHOW_HELP,
        label_visibility="collapsed",
        persist_state="session",
        width=220,
    )
    number = chosen_cluster(key, result.wafer.key)
    focus = next((i for i in result.instances if i.number == number), None)
    canvas_key = f"{key}-canvas"
    wafer_canvas(
        result.wafer,
        result.segmentation,
        result.instances,
        key=canvas_key,
        palette=chosen_palette(),
        heat=None if shown == PATTERNS else shown,
        focus=focus,
        hidden=hidden_classes(canvas_key),
        height=height,
        on_picked=lambda: choose_cluster(key, result.wafer.key, picked_cluster(canvas_key)),
    )
    return focus


def _measures(result: WaferResult, summary: Summary) -> None:
    severity = result.severity
    score, count, affected = st.columns(3)
    score.metric("Severity", f"{severity.score:.0f}", help=HELP["severity"])
    count.metric("Clusters", severity.cluster_count, help=HELP["clusters"])
    affected.metric("Affected dies", f"{severity.affected_dies:,}", help=HELP["affected"])
    density, dominant, confidence = st.columns(3)
    density.metric("Dies per cm²", f"{severity.density_per_cm2:.3f}", help=HELP["density"])
    dominant.metric("Dominant", NAMES[summary.dominant_class] if summary.dominant_class else "none", help=HELP["dominant"])
    sure = "–" if severity.cluster_count == 0 else f"{summary.mean_confidence:.2f}"
    confidence.metric("Confidence", sure, help=HELP["confidence"])
    terms = (
        ("Density", severity.density_term, DENSITY_POINTS, f"{severity.density_per_cm2:.3f} dies/cm²", "density_term"),
        ("Coverage", severity.coverage_term, COVERAGE_POINTS, f"{severity.coverage:.1%} of the wafer", "coverage_term"),
        ("Count", severity.count_term, COUNT_POINTS, f"{severity.cluster_count} clusters", "count_term"),
    )
    for column, (name, points, most, measure, help_key) in zip(st.columns(3), terms, strict=True):
        column.progress(min(1.0, points / most), text=f"{name} **{points:.0f}** of {most:.0f}")
        column.caption(measure, help=HELP[help_key])
    if severity.assumption:
        st.caption(severity.assumption)


def _distribution(result: WaferResult, summary: Summary, key: str) -> None:
    if not summary.dies_by_class:
        st.caption("No pattern was found on this wafer: its failing dies are single, at the normal level.")
        return
    by_class, sure, where = st.columns(3, gap="medium")
    with by_class:
        st.markdown("**Dies by class**", help=HELP["by_class"])
        charts.bars_by_class(summary, key=f"{key}-by-class")
    with sure:
        st.markdown("**Confidence of dies**", help=HELP["confidences"])
        charts.confidence_histogram(summary.confidences, key=f"{key}-confidences")
    with where:
        st.markdown("**Where on the wafer**", help=f"{HELP['zones']} {HELP['quadrants']}")
        zones, quadrants = st.columns(2)
        with zones:
            charts.shares(summary.zones, key=f"{key}-zones", alt="Share of affected dies by zone", height=150)
        with quadrants:
            charts.shares(summary.quadrants, key=f"{key}-quadrants", alt="Share of affected dies by quadrant", height=150)
        st.caption(f"{result.severity.edge_ratio:.0%} within 10 mm of the rim", help=HELP["edge_ratio"])
