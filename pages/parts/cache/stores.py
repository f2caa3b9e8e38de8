"""The site's stores, opened once a process: lake, database of decisions, original files."""

import streamlit as st

from core.database import Decisions
from core.lake import Lake
from core.settings import settings
from core.storage.blobs import Blobs


def lake() -> Lake:
    """Give the site's lake."""
    return _lake(settings().lake_url)


def blobs() -> Blobs:
    """Give the site's store of original files."""
    return Blobs(settings().blobs_url)


def decisions() -> Decisions:
    """Give the site's database of what people decide.

    Raises:
        DecisionsError: it cannot be opened.
    """
    return _decisions(settings().decisions_place)


@st.cache_resource(max_entries=4, show_spinner=False)
def _lake(url: str) -> Lake:
    return Lake(url)


@st.cache_resource(max_entries=4, show_spinner="Opening the database of decisions")
def _decisions(place: str) -> Decisions:
    return Decisions(place)
