"""Which tools and other steps some wafers share more often than all wafers do."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from core.lake import Lake
from core.similarity.similar_wafers import shared_history

MOST_SHOWN = 8
SHARED_HELP = "Steps of the process history that these wafers have in common more often than all wafers of the lake."


def shared_steps(lake: Lake, keys: Sequence[str], *, who: str = "These wafers") -> None:
    """Show which steps of the process history wafers share, most telling first.

    Args:
        lake: whose wafers they are held against.
        keys: of the wafers.
        who: what they are called.
    """
    table = shared_history(lake, list(keys)).head(MOST_SHOWN)
    st.markdown("**What they share**", help=SHARED_HELP)
    if table.empty:
        st.caption("Nothing stands out in the process history of these wafers, or none is known.")
        return
    counts = zip(table["matches"], table["of_matches"], strict=True)
    st.dataframe(
        pd.DataFrame(
            {
                "step": table["attribute"],
                "value": table["value"],
                "matches": [f"{int(m):,} of {int(n):,}" for m, n in counts],
                "share": 100 * table["share"],
                "times": table["times"],
            }
        ),
        hide_index=True,
        width="content",
        alt="Shared process history",
        column_config={
            "step": st.column_config.TextColumn("Step"),
            "value": st.column_config.TextColumn("Value"),
            "matches": st.column_config.TextColumn(who, help="With this value, of those with the step."),
            "share": st.column_config.NumberColumn(
                "Of all wafers", format="%.0f %%", help="Share of the lake's wafers with this step that have the value."
            ),
            "times": st.column_config.NumberColumn(
                "Times as often", format="%.1f", help="Share among these wafers over share among all wafers."
            ),
        },
    )
