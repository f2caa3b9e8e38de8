"""Lots against the earlier lots of their product."""

import pandas as pd
import streamlit as st

from core.trends.lot_history import FLAGGED_SIGMA, LEAST_HISTORY, beyond, current_lots
from pages.parts.blocks.table_download import csv_button
from pages.parts.links import open_page
from pages.parts.monitor.trend_words import MeasureWords
from pages.parts.state.widgets import clicked_row

ROW_PX = 30
Z_HELP = (
    "Distance from the mean of the product's earlier lots, in standard deviations from lot to lot (of a share at least "
    "those of a binomial draw of the lot's wafers)."
)
P_HELP = (
    "How often a lot of the same process would lie at least as far out, either way: t = z / √(1 + 1/n) with n - 1 "
    f"degrees of freedom, n earlier lots. None with fewer than {LEAST_HISTORY} of them."
)


def lot_scores_table(scores: pd.DataFrame, words: MeasureWords) -> None:
    """Show each product's newest lot, and every lot beyond two sigma; a click on a row opens the lot's page.

    Args:
        scores: as `core.trends.lot_history.lot_scores` gives them.
        words: of the measure.
    """
    flagged = beyond(scores)
    scored = int(scores["z"].notna().sum())
    left, right = st.columns(2, gap="large")
    with left:
        st.markdown("**Current lot of each product, against its history**", help=Z_HELP)
        _table(current_lots(scores), words, "current_lots")
    with right:
        st.markdown(f"**Lots beyond {FLAGGED_SIGMA:g} sigma**, newest first", help=f"{Z_HELP} {P_HELP}")
        if flagged.empty:
            st.caption(f"None of {scored:,} lots.")
            return
        _table(flagged, words, "lots_beyond_two_sigma")
        st.caption(f"{len(flagged):,} of {scored:,} lots; chance alone puts about one in twenty there.")


def _table(lots: pd.DataFrame, words: MeasureWords, key: str) -> None:
    st.dataframe(
        pd.DataFrame(
            {
                "lot": lots["period"],
                "product": lots["product"],
                "first test": lots["since"],
                "value": [words.write(value) for value in lots["value"]],
                "history": [words.write(value) for value in lots["history_mean"]],
                "z": lots["z"],
                "p": [f"{p:.2g}" if pd.notna(p) else None for p in lots["p"]],
                "lots": lots["history_lots"],
                "flag": ["beyond" if out else "" for out in lots["beyond"]],
            }
        ),
        key=key,
        on_select=lambda: _open(lots, key),
        selection_mode="single-cell",
        hide_index=True,
        row_height=ROW_PX,
        height=min(len(lots), 8) * ROW_PX + 38,
        placeholder="–",
        alt=f"Lots against their history: {key.replace('_', ' ')}",
        column_config={
            "lot": st.column_config.TextColumn("Lot"),
            "product": st.column_config.TextColumn("Product"),
            "first test": st.column_config.DatetimeColumn("First test", format="YYYY-MM-DD"),
            "value": st.column_config.TextColumn("Lot's value", help=words.help),
            "history": st.column_config.TextColumn("History", help="Mean of the product's earlier lots."),
            "z": st.column_config.NumberColumn("z-score", format="%.1f", help=Z_HELP),
            "p": st.column_config.TextColumn("p-value", help=P_HELP),
            "lots": st.column_config.NumberColumn("Earlier lots"),
            "flag": st.column_config.TextColumn("Flag", help=f"Beyond {FLAGGED_SIGMA:g} sigma, either way."),
        },
    )
    csv_button(lots, key)


def _open(lots: pd.DataFrame, key: str) -> None:
    row = clicked_row(key)
    if row is not None:
        open_page("lot", lot=str(lots["period"].iloc[row]))
