"""One account as an admin changes it: role and products, a link, and whether its owner may come in."""

import streamlit as st

from core.database import AppDatabase
from core.identity import Person
from core.lake import Lake
from core.people.accounts import LOCAL, Account, activate, change_role, set_products
from core.people.invitations import HOURS, LinkKind, invite_again, password_link, reset
from core.people.leaving import deactivate
from core.people.lockout import locked_for
from core.people.passwords import password_of
from core.people.roles import ROLE_NAMES, Role
from core.people.second_factor import has_second_factor, remove
from core.people.unlocking import unlock_account
from pages.parts.literal import literal
from pages.parts.people.attempts import attempt
from pages.parts.people.shown_once import show_once_after, shown_once
from pages.parts.people.words import moment_words, role_words, sign_in_words

LINK = "account-link"
ADVICE = "Send this link to nobody else; it works once."


def account_editor(account: Account, person: Person, lake: Lake, database: AppDatabase) -> None:
    """Show one account with all that can be changed of it."""
    shown_once(LINK, ADVICE)
    with st.container(border=True):
        state = ":green-badge[active]" if account.active else ":gray-badge[deactivated]"
        st.markdown(f"**{literal(account.name)}** {state}  \n{literal(account.email)}")
        st.caption(
            f"Signs in by {literal(sign_in_words(account.sign_in))}, since {moment_words(account.created_at)}, "
            f"last seen: {moment_words(account.last_seen_at)}."
        )
        _rights(account, person, lake, database)
        with st.container(horizontal=True):
            _ways_in(account, person, database)
            _standing(account, person, database)


def role_choice(role: Role, key: str) -> Role:
    """Choose a role."""
    roles = list(Role)
    return st.selectbox(
        "Role",
        roles,
        index=roles.index(role),
        format_func=role_words,
        key=key,
        help="Each may do all that those above it may. " + "; ".join(ROLE_NAMES.values()) + ".",
    )


def product_choice(products: list[str] | None, lake: Lake, key: str) -> list[str] | None:
    """Choose whose wafers somebody sees, None for all."""
    limited = st.toggle("Some products only", value=products is not None, key=f"{key}-limited")
    if not limited:
        return None
    held = products or []
    return st.multiselect(
        "Products",
        sorted({*lake.distinct("product"), *held}),
        default=held,
        key=f"{key}-products",
        accept_new_options=True,
        placeholder="None: they see no wafer",
        help="They see wafers, counts, alarms and reports of these alone. One that has no wafers yet can be typed.",
    )


def _rights(account: Account, person: Person, lake: Lake, database: AppDatabase) -> None:
    stamp = f"account-{account.id}-{account.role}-{account.products}"
    left, right = st.columns(2)
    with left:
        role = role_choice(account.role, f"{stamp}-role")
    with right:
        products = product_choice(account.products, lake, stamp)
    changed = role is not account.role or products != account.products
    if st.button("Save", type="primary", disabled=not changed, key=f"account-save-{account.id}"):
        with attempt():
            with database.writing() as session:
                if role is not account.role:
                    change_role(session, person, account.id, role)
                if products != account.products:
                    set_products(session, person, account.id, products)
            st.toast(f"{literal(account.name)} is changed; open pages follow with the next click.")
            st.rerun()


def _ways_in(account: Account, person: Person, database: AppDatabase) -> None:
    """Offer a link for a password, to forget wrong passwords, and to take a lost second factor away."""
    with database.reading() as session:
        locked = locked_for(session, account.email)
        invited = password_of(session, account.id) is None
        has_factor = has_second_factor(session, account.id)
    if account.sign_in == LOCAL and account.active:
        kind = LinkKind.INVITATION if invited else LinkKind.RESET
        label = "New invitation" if invited else "Reset link"
        if st.button(label, help=f"A link that works once, for {HOURS[kind]} hours; a former one is worth nothing."):
            with attempt():
                with database.writing() as session:
                    token = (invite_again if invited else reset)(session, person, account.id)
                show_once_after(LINK, f"{label} for {account.name}, {account.email}", password_link(token))
    if locked and st.button("Unlock", help=f"Locked for {-(-locked // 60)} minutes more after wrong passwords."):
        with attempt():
            with database.writing() as session:
                unlock_account(session, person, account.id)
            st.rerun()
    if has_factor:
        with st.popover("Take second factor away", help="For somebody who lost phone and recovery codes."):
            st.markdown("Make sure that it is them who ask. Their password alone lets them in then.")
            if st.button("Take it away", key=f"account-factor-{account.id}"):
                with attempt():
                    with database.writing() as session:
                        remove(session, person, account.id)
                    st.rerun()


def _standing(account: Account, person: Person, database: AppDatabase) -> None:
    """Offer to deactivate an account or to activate it again."""
    if not account.active:
        if st.button("Activate", help="They may sign in again. Keys and sessions do not come back."):
            with attempt():
                with database.writing() as session:
                    activate(session, person, account.id)
                st.rerun()
        return
    with st.popover("Deactivate", help="What they did stays, under their name."):
        st.markdown("Their open pages close within seconds, and their keys and links are worth nothing any more.")
        if st.button("Deactivate this account", key=f"account-off-{account.id}", type="primary"):
            with attempt():
                with database.writing() as session:
                    deactivate(session, person, account.id)
                st.rerun()
