"""The stores of the site, opened once a process: lake, app database, original files; and whose account asks."""

import streamlit as st

from core.database import AppDatabase
from core.lake import Lake
from core.people.accounts import Account, find_account
from core.settings import settings
from core.storage.blobs import Blobs
from data.errors import AppDatabaseError

PERSON = "person"
"""Under which Streamlit keeps the account that the guard names (`server.trustedUserHeaders`)."""


def lake() -> Lake:
    """Return the site's lake as who has signed in may see it: of some products alone, or whole."""
    if not settings().accounts:
        return whole_lake()
    account = account_here()
    return whole_lake().narrowed_to(() if account is None else account.products)


def whole_lake() -> Lake:
    """Return the site's lake with all products: for what the app does by itself, never for what it shows."""
    return _lake(settings().lake_url)


def account_here() -> Account | None:
    """Return the account of who has signed in at this browser, None where it is not there or not active any more."""
    number = str(st.user.get(PERSON) or "")
    if not number.isdigit():
        return None
    try:
        with database().reading() as session:
            account = find_account(session, int(number))
    except AppDatabaseError:
        return None
    return account if account.active else None


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
