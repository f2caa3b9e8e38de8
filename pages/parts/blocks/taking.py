"""Files that people take away: each is made when it is asked for, and then the audit trail tells of it."""

from collections.abc import Callable
from typing import Any, TypeVar

import streamlit as st

from core.people.accesses import exported
from core.people.roles import Permission, may
from pages.parts.cache.stores import database
from pages.parts.person import person_here

File = TypeVar("File", str, bytes)


def may_take() -> bool:
    """Return whether who looks at the page may take data away."""
    return may(person_here(), Permission.EXPORT_WRITE)


def take_button(label: str, *args: Any, **given: Any) -> None:  # noqa: ANN401 - as `st.download_button` takes them
    """Draw a download button, and nothing for who may not take data away."""
    if may_take():
        st.download_button(label, *args, **given)


def told(make: Callable[[], File], name: str) -> Callable[[], File]:
    """Return what makes a file and records in the trail that somebody takes it, for a download button.

    Args:
        make: the file.
        name: of the file, with its ending.
    """
    person = person_here()  # who sees the button: the file is made outside the page's run

    def taken() -> File:
        """Record it, then make it: what the trail does not hold is not handed out."""
        exported(database(), person, f"file {name}")
        return make()

    return taken
