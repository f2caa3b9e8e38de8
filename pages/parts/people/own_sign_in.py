"""How one signs in: a new password, and the second factor with its recovery codes."""

import streamlit as st

from core.database import AppDatabase
from core.identity import Person
from core.people.accounts import LOCAL, find_account
from core.people.own_password import change_password
from core.people.own_second_factor import remove_own, renew_codes
from core.people.second_factor import Enrolment, codes_left, confirm, enrol, has_second_factor
from data.errors import PasswordError
from pages.parts.literal import literal
from pages.parts.people.attempts import attempt
from pages.parts.people.shown_once import show_once_after, shown_once
from pages.parts.people.words import sign_in_words
from pages.parts.person import session_number
from pages.parts.state.once import drop_once, keep_once, kept_once

LONGEST_PASSWORD, LONGEST_CODE = 256, 40
ENROLMENT, CODES = "second-factor", "recovery-codes"
FEW_CODES = 3
PICTURE_WIDTH = 220


def sign_in_editor(person: Person, database: AppDatabase) -> None:
    """Show what one signs in by, and change it."""
    with database.reading() as session:
        account = find_account(session, person.id or 0)
        has, left = has_second_factor(session, account.id), codes_left(session, account.id)
    if account.sign_in != LOCAL:
        way = literal(sign_in_words(account.sign_in))
        st.info(f"You sign in by {way}: your password and your second factor are kept there.")
        return
    left_side, right_side = st.columns(2, gap="large")
    with left_side:
        _password(person, database)
    with right_side:
        st.markdown("**Second factor**")
        shown_once(CODES, "Each signs you in once where your phone is lost.", _codes_file)
        if has:
            _second_factor(person, database, left)
        else:
            _enrolment(person, database)


def _password(person: Person, database: AppDatabase) -> None:
    st.markdown("**Password**")
    with st.form("password", clear_on_submit=True):
        old = _typed("Present password", "current-password")
        new = _typed("New password", "new-password", "At least 12 characters. A few words are fine.")
        again = _typed("The same again", "new-password")
        if st.form_submit_button("Change password"):
            with attempt():
                if new != again:
                    raise PasswordError("new password", "the two differ", "Type it twice.")
                change_password(database, person, old, new, session_id=session_number())
                st.success("Your password is changed. All other browsers are signed out.")


def _typed(label: str, autocomplete: str, help: str | None = None) -> str:
    return st.text_input(label, type="password", max_chars=LONGEST_PASSWORD, autocomplete=autocomplete, help=help)


def _enrolment(person: Person, database: AppDatabase) -> None:
    begun = kept_once(ENROLMENT, Enrolment)
    if begun is None:
        st.markdown("Off. With it, a code of your phone is asked for besides the password.")
        if st.button("Set up a second factor", type="primary"):
            with attempt():
                with database.writing() as session:
                    keep_once(ENROLMENT, enrol(session, person))
                st.rerun()
        return
    st.markdown("Scan this with an authenticator app, or type the secret, then enter the code that it shows.")
    st.image(begun.svg, width=PICTURE_WIDTH)
    st.code(begun.secret, language=None)
    with st.form("second-factor-confirm"):
        code = st.text_input("Code", max_chars=LONGEST_CODE, autocomplete="one-time-code")
        if st.form_submit_button("Turn on", type="primary"):
            with attempt():
                with database.writing() as session:
                    codes = confirm(session, person, code)
                drop_once(ENROLMENT)
                show_once_after(CODES, "Recovery codes", "\n".join(codes))
    st.button("Not now", on_click=drop_once, args=(ENROLMENT,))


def _second_factor(person: Person, database: AppDatabase, left: int) -> None:
    st.markdown(f"On. {left} recovery codes are left.")
    if left < FEW_CODES:
        st.warning("Few recovery codes are left. Make new ones while you have your phone.")
    with st.form("second-factor-change"):
        code = st.text_input(
            "Code of the app, or a recovery code", max_chars=LONGEST_CODE, autocomplete="one-time-code"
        )
        with st.container(horizontal=True):
            renewed = st.form_submit_button("New recovery codes")
            removed = st.form_submit_button("Take away")
    with attempt():
        if renewed:
            show_once_after(CODES, "Recovery codes", "\n".join(renew_codes(database, person, code)))
        if removed:
            remove_own(database, person, code)
            st.toast("The second factor is taken away.")
            st.rerun()


def _codes_file(codes: str) -> None:
    st.download_button(
        "Download", data=f"{codes}\n", file_name="waferscope-recovery-codes.txt", mime="text/plain", on_click="ignore"
    )
