"""Trail: who did what, to what, and when."""

import streamlit as st

from pages.parts.cache.stores import database as open_database
from pages.parts.empty import explained
from pages.parts.people.accounts_off import stop_without_accounts
from pages.parts.people.trail_filters import trail_filters
from pages.parts.people.trail_table import trail_table


def show() -> None:
    """Show the entries of the trail that the filters let through."""
    st.title("Trail")
    stop_without_accounts()
    database = open_database()
    trail_table(trail_filters(database), database)


with explained():
    show()
