"""The stores of the site, opened once a process: lake, app database, original files."""

import streamlit as st

from core.database import AppDatabase
from core.lake import Lake
from core.settings import settings
from core.storage.blobs import Blobs


def lake() -> Lake:
    """Return the site's lake."""
    return _lake(settings().lake_url)


def blobs() -> Blobs:
    """Return the site's store of original files."""
    return Blobs(settings().blobs_url)


def database() -> AppDatabase:
    """Return the site's database of what people decide.

    Raises:
        AppDatabaseError: it cannot be opened.
    """
    return _database(settings().database_place)


@st.cache_resource(max_entries=4, show_spinner=False)
def _lake(url: str) -> Lake:
    return Lake(url)


@st.cache_resource(max_entries=4, show_spinner="Opening the app database")
def _database(place: str) -> AppDatabase:
    return AppDatabase(place)
