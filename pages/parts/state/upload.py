"""The files that a person handed in, and which of their results is looked at."""

import streamlit as st

from core.ingestion.session import Intake
from pages.parts.state.widgets import drop_widgets


def intake() -> Intake:
    """Give the files that this person handed in on the Segment page; they stay when the page is left."""
    held: Intake = st.session_state.setdefault("intake", Intake())
    return held


def is_new_upload(file_id: str) -> bool:
    """Say whether this upload is seen for the first time, so that its bytes are hashed once and not on every rerun."""
    seen: set[str] = st.session_state.setdefault("intake-uploads", set())
    new = file_id not in seen
    seen.add(file_id)
    return new


def drop_intake() -> None:
    """Forget the files that were handed in, and empty the upload field."""
    drop_widgets("intake", "intake-uploads")
    st.session_state["intake-round"] = intake_round() + 1


def intake_round() -> int:
    """Count how often the intake was dropped; widgets that must start anew with it carry the count in their key."""
    count: int = st.session_state.get("intake-round", 0)
    return count


def chosen_tile(browser: str) -> str:
    """Id of the tile that was chosen in a results browser, "" before one was."""
    return str(st.session_state.get(f"{browser}-chosen", ""))


def choose_tile(browser: str, tiles: str) -> None:
    """Keep what was just chosen among the tiles; it outlives the page, unlike the tiles' own state.

    Args:
        browser: key of the results browser.
        tiles: key of its component.
    """
    st.session_state[f"{browser}-chosen"] = st.session_state[tiles].get("chosen") or chosen_tile(browser)
