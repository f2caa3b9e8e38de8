"""All accounts as a table, and the choice of one of them."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from core.people.accounts import Account
from pages.parts.blocks.ignored import note_ignored
from pages.parts.blocks.table_download import csv_button
from pages.parts.links import PERSON_SHOWN
from pages.parts.people.words import product_words, role_words, sign_in_words

ALT = "Accounts"


def people_table(accounts: Sequence[Account]) -> None:
    """Show all accounts, and offer them as CSV."""
    rows = pd.DataFrame(
        {
            "name": [account.name for account in accounts],
            "email": [account.email for account in accounts],
            "role": [role_words(account.role) for account in accounts],
            "products": [product_words(account.products) for account in accounts],
            "state": ["active" if account.active else "deactivated" for account in accounts],
            "signs in by": [sign_in_words(account.sign_in) for account in accounts],
            "last seen": pd.Series([account.last_seen_at for account in accounts], dtype="datetime64[us, UTC]"),
        }
    )
    active = sum(account.active for account in accounts)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{active:,}** active of {len(rows):,}", width="content")
        csv_button(rows, "people", label="Download CSV")
    st.dataframe(
        rows,
        hide_index=True,
        alt=ALT,
        placeholder="never",
        column_config={
            "last seen": st.column_config.DatetimeColumn("last seen", format="YYYY-MM-DD HH:mm", help="UTC."),
            "products": st.column_config.TextColumn("products", help="Whose wafers they see."),
        },
    )


def chosen_account(accounts: Sequence[Account]) -> Account | None:
    """Choose one of the accounts; None before one was chosen."""
    by_name = {account.name: account for account in accounts}
    note_ignored(PERSON_SHOWN, "account of", by_name)
    name = st.selectbox(
        "Change", list(by_name), index=None, key=PERSON_SHOWN, bind="query-params", placeholder="Choose somebody"
    )
    return by_name.get(name or "")
