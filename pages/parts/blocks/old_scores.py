"""The word about severities that an older formula made, wherever severities stand side by side."""

import streamlit as st

from core.lake import Lake
from core.lake.scoring import count_outdated
from core.severity import SEVERITY_VERSION, Severity

REMEDY = "`python -m jobs.compact --rescore` scores them anew, without segmenting again."


def old_scores_note(lake: Lake) -> None:
    """Say how many wafers of the lake were scored by an older formula, and how they are scored anew; else nothing."""
    count = count_outdated(lake)
    if count:
        wafers = f"{count:,} wafers carry" if count > 1 else "1 wafer carries"
        st.caption(f"{wafers} a severity by an older formula, which did not count how many dies fail. {REMEDY}")


def old_score_note(severity: Severity) -> None:
    """Say of one wafer that an older formula scored it; else nothing."""
    if severity.version < SEVERITY_VERSION:
        st.caption(
            f"This severity is by version {severity.version} of the formula; today's is {SEVERITY_VERSION}, which also "
            f"counts how many dies fail. {REMEDY}"
        )
