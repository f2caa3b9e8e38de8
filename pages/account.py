"""Account: who one is here, how one signs in, in which browsers, by which keys, and what is kept about one."""

import streamlit as st

from pages.parts.cache.stores import database as open_database
from pages.parts.empty import explained
from pages.parts.links import ACCOUNT_VIEW
from pages.parts.people.accounts_off import stop_without_accounts
from pages.parts.people.own_keys import key_list
from pages.parts.people.own_profile import profile
from pages.parts.people.own_sessions import session_list
from pages.parts.people.own_sign_in import sign_in_editor
from pages.parts.person import signed_in

PROFILE = "Profile"
VIEWS = {PROFILE: profile, "Sign-in": sign_in_editor, "Sessions": session_list, "Keys": key_list}


def show() -> None:
    """Show one part of one's own account."""
    st.title("Account")
    stop_without_accounts()
    view = st.segmented_control(
        "View",
        list(VIEWS),
        default=PROFILE,
        required=True,
        key=ACCOUNT_VIEW,
        bind="query-params",
        label_visibility="collapsed",
    )
    VIEWS[view](signed_in(), open_database())


with explained():
    show()
