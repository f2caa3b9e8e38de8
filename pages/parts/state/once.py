"""What is shown once: links, keys, codes. It goes when somebody has kept it, or leaves the page."""

from typing import TypeVar

import streamlit as st

Shown = TypeVar("Shown")
HELD, PAGE = "once", "once-page"


def keep_once(name: str, shown: object) -> None:
    """Hold something until it is dropped or the page is left."""
    st.session_state.setdefault(HELD, {})[name] = shown


def kept_once(name: str, kind: type[Shown]) -> Shown | None:
    """Return what is held under a name, None where nothing of that kind is."""
    held = st.session_state.get(HELD, {}).get(name)
    return held if isinstance(held, kind) else None


def drop_once(name: str) -> None:
    """Forget what is held under a name."""
    st.session_state.get(HELD, {}).pop(name, None)


def forget_once(page: str) -> None:
    """Forget what was held on another page."""
    if st.session_state.get(PAGE) != page:
        st.session_state.pop(HELD, None)
        st.session_state[PAGE] = page
