"""What a file said with doubt or against itself about its wafer. Shared by Wafer and Segment."""

import streamlit as st

from data.wafer import WaferMap
from pages.parts.literal import literal

REMARKS_SHOWN = 3


def remarks(wafer: WaferMap) -> None:
    """List the remarks on how a wafer was read, the first few openly; nothing where there are none."""
    shown, more = wafer.remarks[:REMARKS_SHOWN], wafer.remarks[REMARKS_SHOWN:]
    for remark in shown:
        st.caption(f":material/info: {literal(remark)}")
    if more:
        with st.expander(f"{len(more)} more remarks on this wafer's file"):
            for remark in more:
                st.caption(literal(remark))
