"""A secret on screen once, with a button by which it goes."""

from collections.abc import Callable

import streamlit as st

from pages.parts.literal import literal
from pages.parts.state.once import drop_once, keep_once, kept_once


def show_once_after(name: str, title: str, text: str) -> None:
    """Keep a secret for the next run of this page, which shows it.

    Args:
        name: of its place on the page.
        title: what it is, and for whom.
        text: the secret.
    """
    keep_once(name, (title, text))
    st.rerun()


def shown_once(name: str, advice: str, more: Callable[[str], None] | None = None) -> None:
    """Show the secret of a place, if there is one.

    Args:
        name: of its place on the page.
        advice: what to do with it.
        more: draws what else can be done with it, as a download.
    """
    held = kept_once(name, tuple)
    if held is None:
        return
    title, text = held
    with st.container(border=True):
        st.markdown(f"**{literal(title)}**")
        st.code(text, language=None, wrap_lines=True)
        st.caption(f"{advice} It is shown this once, and goes when you leave this page.")
        with st.container(horizontal=True):
            if more is not None:
                more(text)
            st.button("I have it", key=f"{name}-kept", on_click=drop_once, args=(name,))
