"""Commonality: which tool, chamber, recipe, program or product the affected wafers share."""

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from core.comparison.commonality import FALSE_SHARE, MOST_VALUES, Commonality, commonality, suspects, words
from core.lake import Lake, WaferFilter
from core.trends.series import Subject
from pages.parts.blocks.filters import class_filter, date_filter, dates_note, product_filter, wafer_filter, zone_filter
from pages.parts.blocks.flowing_row import DAYS_PX, NARROW_PX, USUAL_PX, flowing_row
from pages.parts.blocks.table_download import csv_button
from pages.parts.cache.stores import lake as open_lake
from pages.parts.empty import explained, stop_if_empty
from pages.parts.links import ATTRIBUTE, PRODUCT, open_page
from pages.parts.literal import literal
from pages.parts.monitor.control_charts import odds_chart
from pages.parts.monitor.trend_words import subject_name
from pages.parts.state.widgets import clicked_points, clicked_row
from pages.parts.wafers.table import WORST_FIRST

if TYPE_CHECKING:
    from streamlit.elements.lib.column_types import ColumnConfig

NEWEST_DAYS, MOST_DRAWN, MOST_SAID, ROW_PX = 28, 12, 3, 30
TABLE, CHART = "commonality-table", "odds"
ODDS_HELP = (
    "Odds of being affected with this value over the odds without it; 1: no difference. Interval of 95 % by Woolf; "
    "half a wafer is added to each count where one is zero (Haldane, Anscombe)."
)
Q_HELP = (
    "Fisher's exact p-value of wafers with against wafers without the value, corrected over all values by Benjamini "
    f"and Hochberg: of those below {FALSE_SHARE:g}, one in twenty may be chance. Takes wafers as independent."
)
LOT_HELP = (
    "The same question asked of lots: share of affected wafers with the value against those without, divided by its "
    "spread from lot to lot (cluster-robust, t distribution), corrected like q. Wafers of a lot share tools and "
    "troubles and are not independent, so this is the one to trust. None with fewer than two lots on a side."
)

COLUMNS: dict[str, "ColumnConfig"] = {
    "attribute": st.column_config.TextColumn("Attribute", help="Click a row for the affected wafers."),
    "value": st.column_config.TextColumn("Value"),
    "affected": st.column_config.NumberColumn("Affected", help="Affected wafers with the value."),
    "wafers": st.column_config.NumberColumn("Wafers", help="Segmented wafers with the value."),
    "share": st.column_config.NumberColumn("Share", format="%.1f %%"),
    "affected_rest": st.column_config.NumberColumn("Rest aff.", help="Affected wafers without it."),
    "wafers_rest": st.column_config.NumberColumn("Rest", help="Wafers without it."),
    "share_rest": st.column_config.NumberColumn("Share", format="%.1f %%"),
    "ratio": st.column_config.NumberColumn("Odds ratio", format="%.3g", help=ODDS_HELP),
    "interval": st.column_config.TextColumn("95 % interval", help=ODDS_HELP),
    "q": st.column_config.NumberColumn("q", format="%.2g", help=Q_HELP),
    "lot_q": st.column_config.NumberColumn("q by lots", format="%.2g", help=LOT_HELP),
    "affected_lots": st.column_config.NumberColumn("Lots aff.", help="Lots with an affected one of them."),
    "lots": st.column_config.NumberColumn("Lots", help="Lots with such a wafer."),
}


def open_wafers(table: pd.DataFrame, row: int | None) -> None:
    """Open the affected wafers that went through what a row says."""
    if row is not None:
        attribute, value = str(table["attribute"].iloc[row]), str(table["value"].iloc[row])
        narrowed = {PRODUCT: [value]} if attribute == "product" else {ATTRIBUTE: [f"{attribute}={value}"]}
        open_page("wafers", **narrowed, sort=WORST_FIRST)


def open_clicked_point(table: pd.DataFrame) -> None:
    """Open the wafers behind the point that was clicked on the chart."""
    points = clicked_points(CHART)
    open_wafers(table, points[0] if points else None)


@dataclass(frozen=True)
class Question:
    """What is asked.

    Args:
        where: which wafers are compared.
        subject: what makes one of them affected.
        positions: places in the cassette are compared too, beside what was done to the wafer.
        days: first and last day of test, None where no wafer says when.
    """

    where: WaferFilter
    subject: Subject
    positions: bool
    days: tuple[date, date] | None


def ask(lake: Lake) -> Question:
    """Choose the wafers, and what makes one of them affected."""
    slots = flowing_row(USUAL_PX, NARROW_PX, USUAL_PX, DAYS_PX, NARROW_PX)
    with slots[0]:
        classes = class_filter()
    with slots[1]:
        zone = zone_filter()
    with slots[2]:
        products = product_filter(lake)
    with slots[3]:
        days = date_filter(lake, NEWEST_DAYS)
    with slots[4]:
        positions = st.toggle(
            "Slots too", key="slots", bind="query-params", help="Where a wafer stood, beside what was done to it."
        )
    return Question(wafer_filter(products, days, lake), Subject(classes, zone), positions, days)


def head(found: Commonality, said: str) -> None:
    """Show how many wafers are affected, and offer the whole table as CSV."""
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.markdown(
            f"**{said}** on **{found.affected:,}** of {found.wafers:,} segmented wafers in {found.lots:,} lots",
            width="content",
        )
        csv_button(found.table, "commonality")


def why_nothing(found: Commonality, days: tuple[date, date] | None) -> str:
    """Return why these wafers cannot be compared, "" when they can."""
    if not found.affected or found.affected == found.wafers:
        which = "None" if not found.affected else "All"
        return (
            f"{which} of these wafers{period_words(days)} are affected, so nothing can be compared. Widen the days, or "
            "change the class."
        )
    if found.table.empty:
        return (
            "These wafers say nothing to compare by: no attribute has two values. A process history comes with the "
            "files, as columns or fields such as litho_tool."
        )
    return ""


def period_words(days: tuple[date, date] | None) -> str:
    """Return which period something holds for, as it stands within a sentence."""
    return f" from {days[0]:%d %b %Y} to {days[1]:%d %b %Y}" if days else ""


def suspects_block(found: Commonality, days: tuple[date, date] | None) -> None:
    """Name the values that stand out, and how far that can be trusted."""
    likely = suspects(found)
    with st.container(border=True):
        for row in likely.head(MOST_SAID).to_dict("records"):
            by_lots = row["lot_q"] < FALSE_SHARE
            st.markdown(
                f"**{literal(words(row))}** · {row['affected_lots']} of its {row['lots']} lots · "
                + ("holds by wafers and by lots" if by_lots else "holds by wafers only: its lots may be the reason")
            )
        if likely.empty:
            st.markdown(
                f"Nothing stands out{period_words(days)}: no tool, chamber, program or product has more affected "
                "wafers than chance."
            )
    st.caption(
        "Likely is not proven. Wafers of a lot share tools, so a bad lot can accuse all tools it ran on: compare both "
        "tests. A product and its program, or two steps always run together, cannot be told apart here; choose a "
        "product to compare tools within it."
    )


def odds_block(table: pd.DataFrame) -> None:
    """Draw the odds ratios that the table begins with; a click opens the affected wafers."""
    drawn = table[table["affected"] > 0].head(MOST_DRAWN).reset_index(drop=True)
    st.markdown("**Odds ratio**, 95 % interval", help=ODDS_HELP)
    odds_chart(drawn, key=CHART, on_click=lambda: open_clicked_point(drawn))


def values_table(table: pd.DataFrame) -> None:
    """Show every value with its counts and tests; a click opens the affected wafers."""
    shown = table.assign(
        share=100 * table["affected"] / table["wafers"],
        interval=[f"{low:.3g} to {high:,.3g}" for low, high in table[["low", "high"]].to_numpy()],
        share_rest=100 * table["affected_rest"] / table["wafers_rest"],
    )
    st.dataframe(
        shown[list(COLUMNS)],
        key=TABLE,
        on_select=lambda: open_wafers(table, clicked_row(TABLE)),
        selection_mode="single-cell",
        hide_index=True,
        row_height=ROW_PX,
        height=min(len(table), 12) * ROW_PX + 38,
        placeholder="–",
        alt="Values of every attribute with odds ratio and p-values",
        column_config=dict(COLUMNS),
    )


def show() -> None:
    """Show which values of the process history the affected wafers share."""
    lake = open_lake()
    st.title("Commonality")
    stop_if_empty(lake)
    asked = ask(lake)
    dates_note(lake, asked.days, NEWEST_DAYS)
    with st.spinner("Counting tools and chambers"):
        found = commonality(lake, asked.where, asked.subject, positions=asked.positions)
    head(found, subject_name(asked.subject.classes, asked.subject.zone))
    if reason := why_nothing(found, asked.days):
        st.info(reason)
        return
    suspects_block(found, asked.days)
    left, right = st.columns([1, 1.7], gap="medium")
    with left:
        odds_block(found.table)
    with right:
        values_table(found.table)
    if found.left_out:
        named = ", ".join(f"{literal(name)} ({count:,})" for name, count in found.left_out.items())
        st.caption(f"Left out, because they hold one value or more than {MOST_VALUES}: {named}.")


with explained():
    show()
