"""What a page says when it has nothing to show, and when something is wrong."""

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import streamlit as st

from core.lake import Lake
from core.people.accesses import refused
from data.errors import NotAllowedError, WaferError
from data.full_disk import full_disk
from pages.parts.cache.stores import database
from pages.parts.links import link
from pages.parts.literal import literal
from pages.parts.person import person_here


@contextmanager
def explained() -> Iterator[None]:
    """Turn an error that a person can act on into its sentence on the page, and end the page there.

    A full disk is such an error, whatever raised it.
    """
    try:
        yield
    except Exception as error:
        sentence = full_disk(error) or (str(error) if isinstance(error, WaferError) else "")
        if not sentence:
            raise
        if isinstance(error, NotAllowedError):
            _tell_refusal(error)
        st.error(literal(sentence))
        st.stop()


def _tell_refusal(error: NotAllowedError) -> None:
    refused(database(), person_here(), f"page {urlsplit(st.context.url or '').path or '/'}", error)


def stop_if_empty(lake: Lake) -> None:
    """End the page with what to do when the lake holds no wafer."""
    if lake.count():
        return
    with st.container(border=True):
        st.markdown("**There are no wafers yet.**")
        st.markdown(
            "Drop wafer maps on the Segment page and save them to the lake, take in a folder with "
            "`python -m jobs.ingest FOLDER`, or run `make demo` for a synthetic fab of 2,000 wafers."
        )
        link("segment", "Segment your first wafer")
    st.stop()
