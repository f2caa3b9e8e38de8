"""Files on their way into a page: how large they may be, what open pages hold of them, and freeing that."""

from collections.abc import Iterable
from typing import TypedDict

import streamlit as st
from streamlit.runtime import Runtime
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.scriptrunner import get_script_run_ctx

from core.settings import settings

MB = 1024 * 1024


class Bounds(TypedDict):
    """What `st.file_uploader` takes on how much may be handed in."""

    max_upload_size: int
    disabled: bool


def upload_bounds() -> Bounds:
    """Return the bounds of an upload field; where open pages hold all that they may, say so and shut it."""
    at = settings()
    full = bytes_held() >= at.uploads_mb * MB
    if full:
        st.warning(
            f"Open pages hold {at.uploads_mb:,} MB of files, which is all that they take together. "
            "Start over on a page with files that nobody needs, or close it, and open this one again."
        )
    return Bounds(max_upload_size=at.upload_mb, disabled=full)


def bytes_held() -> int:
    """Count the bytes of files that Streamlit holds in memory for open pages."""
    if not Runtime.exists():
        return 0
    families = Runtime.instance().uploaded_file_mgr.get_stats()
    return sum(stat.byte_length for stats in families.values() for stat in stats)  # type: ignore[attr-defined]


def free(file_ids: Iterable[str]) -> None:
    """Have Streamlit forget files of this session: it would hold them until the session ends."""
    context = get_script_run_ctx()
    if context is None or not isinstance(context.uploaded_file_mgr, MemoryUploadedFileManager):
        return
    for file_id in file_ids:
        context.uploaded_file_mgr.remove_file(context.session_id, file_id)
