"""What changed this week, in words, with links to the wafers and to what they share."""

from collections.abc import Hashable, Mapping
from typing import Any

import streamlit as st

from core.lake import Lake, WaferFilter
from core.trends.weekly import FALSE_SHARE, changes, newest_weeks, significant, words
from pages.parts.blocks.table_download import csv_button
from pages.parts.links import CLASS, DATES, PRODUCT, SORT, link
from pages.parts.literal import literal
from pages.parts.monitor.trend_words import CLASS_NAMES
from pages.parts.wafers.table import WORST_FIRST

MOST = 5
HELP = (
    "The newest seven days against the seven before. Shares of wafers: Newcombe's 95 % interval of the difference (in "
    "points of percent) and Fisher's exact test; mean severity: Welch's t. Each class, of all products and of each, is "
    f"one look; those kept are significant at a false discovery rate of {FALSE_SHARE:.0%} (Benjamini and Hochberg). "
    "Wafers count as independent: where whole lots are hit, chance is larger than said, so look at the lots below."
)


def weekly_block(lake: Lake, where: WaferFilter) -> None:
    """Show which classes and products changed most surely from the week before to the newest, at most five."""
    weeks = newest_weeks(lake, where)
    if weeks is None:
        return
    with st.container(border=True):
        head = st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute")
        head.markdown(
            f"**What changed this week** · {weeks.now:%d %b} to {weeks.last:%d %b %Y}", help=HELP, width="content"
        )
        with st.spinner("Comparing two weeks"):
            found = changes(lake, where, weeks)
        with head:
            csv_button(found, "week_over_week", label="All changes CSV")
        kept = significant(found)
        for row in kept.head(MOST).to_dict("records"):
            _change(row, [f"{weeks.now}", f"{weeks.last}"])
        if len(kept) > MOST:
            st.caption(f"and {len(kept) - MOST} more in the CSV")
        if found.empty:
            st.markdown("One of the two weeks has no segmented wafers, so there is nothing to compare.")
        elif kept.empty:
            st.markdown(f"Nothing beyond chance: none of {len(found)} comparisons by class and product stands out.")


def _change(row: Mapping[Hashable, Any], days: list[str]) -> None:
    query: dict[str, list[str]] = {DATES: days}
    query |= {PRODUCT: [row["product"]]} if row["product"] else {}
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(literal(words(row)), width="content")
        if row["class"]:
            query[CLASS] = [CLASS_NAMES[row["class"]]]
            link("commonality", "What they share", help="Tools and chambers of the affected wafers.", **query)
        link("wafers", "Wafers", help="Of this week, worst first.", **query, **{SORT: [WORST_FIRST]})
