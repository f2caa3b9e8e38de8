"""Lot: one lot's wafers stacked, where and in which slots they fail, and its report."""

import streamlit as st

from core.lake import Lake
from core.lots.lot import Lot, figures, lots, open_lot
from core.lots.stacking import Grid
from pages.parts.blocks.old_scores import old_scores_note
from pages.parts.cache.stores import lake as open_lake
from pages.parts.empty import explained, stop_if_empty
from pages.parts.links import LOT, link
from pages.parts.literal import literal
from pages.parts.measures import HELP, number
from pages.parts.monitor.lot_charts import HELP as CHART_HELP
from pages.parts.monitor.lot_charts import lot_downloads, profiles, slot_order, stacked_map
from pages.parts.wafers.gallery import gallery
from pages.parts.wafers.pattern_choice import choose_pattern

LOTS_LISTED = 1000


def choose_lot(lake: Lake) -> str:
    """Choose a lot by its name."""
    newest = lots(lake).head(LOTS_LISTED)
    return (
        st.selectbox(
            "Lot",
            newest["lot_id"].tolist(),
            key=LOT,
            bind="query-params",
            accept_new_options=True,
            help="The newest first. Type any lot's name; those that are not listed open too.",
            width=200,
        )
        or ""
    )


def choose_grid(lot: Lot) -> Grid:
    """Choose which of a lot's die grids is stacked."""
    return st.selectbox(
        "Die grid",
        list(lot.grids),
        format_func=lambda one: f"{one.label}: {lot.grids[one]} wafers",
        help="Wafers are stacked only with others of the same product, die grid and notch.",
        key=f"grid-{lot.lot_id}",
        width=300,
    )


def head(lake: Lake) -> tuple[Lot, str | None]:
    """Show the title with the choices and downloads beside it; the chosen lot, and the class it is looked at for."""
    top = st.container(horizontal=True, vertical_alignment="bottom")
    title = top.empty()
    with top:
        lot_id = choose_lot(lake)
        class_key = choose_pattern()
    title.title(f"Lot {literal(lot_id)}", width="content")
    with st.spinner("Stacking the wafers"):
        lot = open_lot(lake, lot_id)
    with top:
        if len(lot.grids) > 1:
            lot = open_lot(lake, lot.lot_id, choose_grid(lot))
        lot_downloads(lake, lot, class_key)
    return lot, class_key


def facts(lot: Lot) -> None:
    """Show what a lot is and what it sums up to."""
    span = lot.span
    said = [
        ", ".join(lot.products),
        ", ".join(lot.test_programs),
        f"tested {span[0]:%Y-%m-%d %H:%M} to {span[1]:%Y-%m-%d %H:%M} UTC" if span else "",
        *(f"{name.replace('_', ' ')} {value}" for name, value in lot.shared_history().items()),
    ]
    st.caption(literal(" · ".join(part for part in said if part)))
    summed = figures(lot)
    with st.container(horizontal=True, gap="medium"):
        st.metric("Wafers", f"{lot.wafer_count:,}", help="Wafers of the lot in the lake.")
        st.metric("Yield", number(summed.yield_fraction, ".1%"), help=HELP["yield"])
        st.metric("Lowest yield", number(summed.worst_yield, ".1%"), help="Of a single wafer of the lot, in percent.")
        patterned = f"{summed.defective} of {summed.segmented}"
        st.metric("With a pattern", patterned, help="Wafers with at least one cluster, of those that are segmented.")
        st.metric("Mean severity", number(summed.mean_severity, ".1f"), help=HELP["mean_severity"])
        st.metric("Highest severity", number(summed.worst_severity, ".0f"), help=HELP["severity"])
        st.metric("Clusters", f"{summed.clusters:,}", help=HELP["clusters"])
    old_scores_note(open_lake())


def stack_block(lot: Lot, class_key: str | None) -> None:
    """Show the lot's wafers stacked, and say which of them are."""
    st.markdown("**Stacked map**", help=CHART_HELP["stack"])
    stacked_map(lot.stack, class_key, key="lot-stack")
    others = lot.wafer_count - lot.stack.held
    counted = lot.stack.wafers if class_key is None else lot.stack.segmented
    words = [f"{counted:,} wafers of {lot.stack.grid.label}."]
    words += [f"{others:,} wafers of another product, grid or notch are left out."] if others else []
    words += [f"A sample of {lot.stack.held:,}."] if lot.stack.sampled else []
    st.caption(literal(" ".join(words)))


def wafers_block(lot: Lot) -> None:
    """Show pictures of the lot's wafers."""
    with st.container(horizontal=True, horizontal_alignment="distribute"):
        st.markdown("**Wafers in slot order**", width="content")
        link("wafers", "As a table", lot=lot.lot_id)
    with st.spinner("Drawing wafers"):
        gallery(lot.wafers, key="lot-wafers")
    if lot.wafer_count > len(lot.wafers):
        st.caption(f"The first {len(lot.wafers):,} of {lot.wafer_count:,} wafers; the figures above are theirs.")


def show() -> None:
    """Show one lot."""
    lake = open_lake()
    stop_if_empty(lake)
    lot, class_key = head(lake)
    facts(lot)
    left, right = st.columns([1.15, 1], gap="medium")
    with left:
        stack_block(lot, class_key)
    with right:
        profiles(lot.stack, class_key)
    slot_order(lot, class_key)
    wafers_block(lot)


with explained():
    show()
