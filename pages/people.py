"""People: who may sign in, in which role, and whose wafers they see."""

import streamlit as st

from core.database import AppDatabase
from core.identity import Person
from core.lake import Lake
from core.people.accounts import list_accounts
from core.people.roles import Permission, may
from pages.parts.cache.stores import database as open_database
from pages.parts.cache.stores import lake as open_lake
from pages.parts.empty import explained
from pages.parts.links import PEOPLE_VIEW
from pages.parts.people.account_editor import account_editor
from pages.parts.people.accounts_off import stop_without_accounts
from pages.parts.people.inviting import invite_many, invite_one
from pages.parts.people.people_table import chosen_account, people_table
from pages.parts.person import signed_in

ACCOUNTS, INVITE, LIST = VIEWS = ("Accounts", "Invite", "Invite a list")


def choose_view() -> str:
    """Choose what the page shows."""
    return st.segmented_control(
        "View",
        VIEWS,
        default=ACCOUNTS,
        required=True,
        key=PEOPLE_VIEW,
        bind="query-params",
        label_visibility="collapsed",
    )


def accounts(person: Person, lake: Lake, database: AppDatabase) -> None:
    """Show all accounts, and one of them to be changed."""
    with database.reading() as session:
        known = list_accounts(session)
    people_table(known)
    if not may(person, Permission.USER_WRITE):
        return
    account = chosen_account(known)
    if account is not None:
        account_editor(account, person, lake, database)


def show() -> None:
    """Show accounts, or invite people."""
    st.title("People")
    stop_without_accounts()
    person, lake, database = signed_in(), open_lake(), open_database()
    view = choose_view() if may(person, Permission.USER_WRITE) else ACCOUNTS
    if view == INVITE:
        invite_one(person, lake, database)
    elif view == LIST:
        invite_many(person, database)
    else:
        accounts(person, lake, database)


with explained():
    show()
