"""Filters whose choices live in the query string, so that a link restores them; pages share them by name."""

from collections.abc import Sequence
from datetime import date, timedelta

import streamlit as st

from core.lake import Lake, WaferFilter
from core.lake.schema import ZONES
from core.trends.overview import USUAL_DAYS, newest_stretch, span, start_of, undated_count
from data.classes import CLASSES
from pages.parts.blocks.ignored import note_ignored, note_ignored_days
from pages.parts.links import ATTRIBUTE, CLASS, DATES, LOT, PRODUCT, SEVERITY, TEXT, UNDATED, ZONE, link
from pages.parts.measures import HELP
from pages.parts.state.widgets import set_widget, widget_text

NAMES = {c.key: c.name for c in CLASSES}
FULL_SEVERITY = (0, 100)
_CLEAR: tuple[tuple[str, object], ...] = (
    (PRODUCT, []),
    (LOT, []),
    (CLASS, []),
    (ZONE, None),
    (ATTRIBUTE, ""),
    (SEVERITY, FULL_SEVERITY),
    (TEXT, ""),
    (UNDATED, False),
)


def product_filter(lake: Lake) -> list[str]:
    """Choose products; none chosen means all."""
    products = lake.distinct("product")
    note_ignored(PRODUCT, "product", products)
    return st.multiselect("Product", products, key=PRODUCT, bind="query-params", placeholder="All products")


def lot_filter(lake: Lake) -> list[str]:
    """Choose lots; none chosen means all."""
    lots = lake.distinct("lot_id")
    note_ignored(LOT, "lot", lots)
    return st.multiselect("Lot", lots, key=LOT, bind="query-params", placeholder="All lots")


def date_filter(lake: Lake, newest_days: int | None = None) -> tuple[date, date] | None:
    """Choose first and last day of test; None where no wafer says when it was tested.

    Args:
        lake: the lake.
        newest_days: it begins with the newest wafers of as many days (`newest_stretch`), None: with the whole lake.
    """
    whole = span(lake)
    if whole is None:
        return None
    first = whole if newest_days is None else newest_stretch(lake, newest_days) or whole
    note_ignored_days(DATES, whole)
    chosen = st.date_input(
        "Tested",
        value=first,
        min_value=whole[0],
        max_value=whole[1],
        key=DATES,
        bind="query-params",
        format="YYYY-MM-DD",
        help="First and last day of test (UTC), both included.",
    )
    # A link to a single day comes back as one date, and so does a range of which only the first day is picked yet.
    days = chosen if isinstance(chosen, tuple) else (chosen,)
    return (days[0], days[-1]) if days else first


def days_query(days: tuple[date, date] | None) -> dict[str, list[str]]:
    """Return days as a link carries them, so that the next page shows the same period whatever it begins with."""
    return {DATES: [f"{day}" for day in days]} if days else {}


def dates_note(lake: Lake, days: tuple[date, date] | None, newest_days: int = USUAL_DAYS) -> None:
    """Show which wafers the days leave out without anybody's asking, with the way to them.

    Args:
        lake: the lake.
        days: what `date_filter` holds.
        newest_days: what it begins with.
    """
    whole = span(lake)
    if whole is None or days is None or days not in (whole, newest_stretch(lake, newest_days)):
        return
    undated = undated_count(lake)
    outside = 0 if days == whole else lake.count() - undated - lake.count(wafer_filter([], days, lake))
    if not (undated or outside):
        return
    if days == whole:
        said = f"{undated:,} of these wafers have no date of test."
    else:
        wafers = "1 wafer" if outside == 1 else f"{outside:,} wafers"
        parts = [f"{wafers} tested before or after {days[0]} to {days[1]}"] if outside else []
        said = f"Left out: {', '.join([*parts, *([f'{undated:,} without a date of test'] if undated else [])])}."
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(said, width="content")
        if outside:
            st.button("All days", type="tertiary", on_click=set_widget, args=(DATES, whole))
        if undated:
            link("wafers", "Wafers without a date", **{UNDATED: "true"})


def undated_filter(lake: Lake) -> bool:
    """Choose only the wafers that do not say when they were tested, where there are any."""
    if not undated_count(lake):
        return False
    return st.checkbox(
        "Without a date only",
        key=UNDATED,
        bind="query-params",
        help="Wafers whose files do not say when they were tested, whatever days are chosen.",
    )


def class_filter() -> list[str]:
    """Choose defect classes; none chosen means any, wafers without defects included."""
    note_ignored(CLASS, "class", NAMES.values())
    return st.multiselect(
        "Class",
        list(NAMES),
        format_func=NAMES.__getitem__,
        key=CLASS,
        bind="query-params",
        placeholder="Any",
        help="Wafers on which at least one of these classes was found.",
    )


def zone_filter() -> str:
    """Choose where on the wafer a cluster lies; empty means anywhere."""
    note_ignored(ZONE, "zone", [zone.capitalize() for zone in ZONES])
    zone = st.selectbox(
        "Zone",
        ZONES,
        index=None,
        format_func=str.capitalize,
        key=ZONE,
        bind="query-params",
        placeholder="Anywhere",
        help=f"Wafers with a cluster there, of one of the chosen classes. {HELP['zone']}",
    )
    return zone or ""


def attribute_filter() -> list[str]:
    """Type steps of the process history that every wafer must share."""
    typed = st.text_input(
        "Process history",
        key=ATTRIBUTE,
        bind="query-params",
        placeholder="litho_tool=LITHO-2",
        help="Steps that the wafer went through, name=value, parted by semicolons; test_program=... works too. "
        "With step=... the numbers are of each wafer's newest test of that step.",
    )
    return [step.strip() for step in typed.split(";") if step.strip()]


def attribute_picker(steps: Sequence[str]) -> None:
    """Offer steps of the process history; choosing one adds it to what `attribute_filter` holds.

    Args:
        steps: "name=value", as the lake holds them.
    """
    st.selectbox(
        "Add a step",
        steps,
        index=None,
        key="step",
        on_change=_add_step,
        placeholder="Tester, tool, chamber …",
        help="Names and values that the lake holds, the commonest 500. Type to search.",
    )


def _add_step() -> None:
    steps = [step.strip() for step in (*widget_text(ATTRIBUTE).split(";"), widget_text("step"))]
    set_widget(ATTRIBUTE, "; ".join(dict.fromkeys(filter(None, steps))))
    set_widget("step", None)


def severity_filter() -> tuple[float | None, float | None]:
    """Choose a range of severity; the full range lets wafers through that were not segmented yet."""
    low, high = st.slider(
        "Severity",
        *FULL_SEVERITY,
        value=FULL_SEVERITY,
        key=SEVERITY,
        bind="query-params",
        help="0 (clean) to 100. The full range includes wafers that are not segmented yet.",
    )
    return (None if low == FULL_SEVERITY[0] else float(low), None if high == FULL_SEVERITY[1] else float(high))


def text_filter() -> str:
    """Type a part of a name."""
    return st.text_input(
        "Search",
        key=TEXT,
        bind="query-params",
        placeholder="Lot, wafer, product, file …",
        help="Part of the lot, wafer, product, test program or file name, in upper or lower case.",
    ).strip()


def wafer_filter(products: list[str], days: tuple[date, date] | None, lake: Lake) -> WaferFilter:
    """Build the filter of product and days; the whole span of the lake also lets wafers without a date through."""
    if days is None or days == span(lake):
        return WaferFilter(product=products)
    return WaferFilter(product=products, since=start_of(days[0]), until=start_of(days[1] + timedelta(days=1)))


def clear_filters(lake: Lake) -> None:
    """Let every wafer through again."""
    for key, everything in _CLEAR:
        set_widget(key, everything)
    whole = span(lake)
    if whole is not None:
        set_widget(DATES, whole)
