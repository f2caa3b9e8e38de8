"""What older models said of a wafer, or what was said before it was tested again."""

import pandas as pd
import streamlit as st

from core.lake import Lake
from core.lake.earlier import earlier_answers
from pages.parts.measures import HELP
from pages.parts.wafers.cluster_table import NAMES, class_column


def earlier_block(lake: Lake, key: str) -> None:
    """List the answers on a wafer that newer ones have replaced, newest first; nothing where there are none.

    Args:
        lake: to read.
        key: of the wafer.

    Raises:
        LakeError: the lake cannot be read.
    """
    answers = earlier_answers(lake, key)
    if not answers:
        return
    st.markdown(
        "**Earlier answers**",
        help="The newest answer of every other model, and of the dies as they were before they were tested again. "
        "Lists, trends and downloads use the newest answer alone.",
    )
    st.dataframe(
        pd.DataFrame(
            {
                "said": [answer.segmented_at.replace(tzinfo=None) for answer in answers],
                "model": [answer.model for answer in answers],
                "found": [[NAMES[name] for name in answer.classes] for answer in answers],
                "severity": [answer.severity for answer in answers],
                "clusters": [answer.cluster_count for answer in answers],
                "dies": ["as now" if answer.same_dies else "of an earlier test" for answer in answers],
            }
        ),
        hide_index=True,
        width="content",
        alt="Earlier answers",
        column_config={
            "said": st.column_config.DatetimeColumn("Said", format="YYYY-MM-DD HH:mm", help="UTC."),
            "model": "Model",
            "found": class_column("Found"),
            "severity": st.column_config.NumberColumn("Severity", format="%.0f", help=HELP["severity"]),
            "clusters": st.column_config.NumberColumn("Clusters", help=HELP["clusters"]),
            "dies": "Dies",
        },
    )
