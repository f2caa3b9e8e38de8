"""Trying what may be refused: the sentence stands where it was tried, and the rest of the page is drawn."""

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from data.errors import WaferError
from pages.parts.literal import literal


@contextmanager
def attempt() -> Iterator[None]:
    """Show the sentence of an error that a person can act on, and go on after the block."""
    try:
        yield
    except WaferError as error:
        st.error(literal(error))
