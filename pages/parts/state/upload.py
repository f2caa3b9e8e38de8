"""The files that a person handed in, and which of their results is looked at."""

import streamlit as st

from core.ingestion.upload_session import UploadSession
from pages.parts.state.widgets import drop_widgets
from pages.parts.uploads import free


def upload() -> UploadSession:
    """Return the files that this person handed in on the Segment page; they stay when the page is left."""
    held: UploadSession = st.session_state.setdefault("upload", UploadSession())
    return held


def is_new_upload(file_id: str) -> bool:
    """Return whether this upload is seen for the first time: its bytes are hashed once and not on every rerun."""
    seen: set[str] = st.session_state.setdefault("upload-uploads", set())
    new = file_id not in seen
    seen.add(file_id)
    return new


def drop_upload() -> None:
    """Forget the files that were handed in, free what Streamlit holds of them, and empty the upload field."""
    free(st.session_state.get("upload-uploads", ()))
    drop_widgets("upload", "upload-uploads")
    st.session_state["upload-round"] = upload_round() + 1


def upload_round() -> int:
    """Count how often the upload was dropped; widgets that must start anew with it carry the count in their key."""
    count: int = st.session_state.get("upload-round", 0)
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
