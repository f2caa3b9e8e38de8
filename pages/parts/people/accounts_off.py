"""What pages about accounts say where there are none."""

import streamlit as st

from core.settings import settings


def stop_without_accounts() -> None:
    """End the page where nobody has to sign in, with how to change that."""
    if settings().accounts:
        return
    with st.container(border=True):
        st.markdown("**Nobody signs in here.**")
        st.markdown(
            "Whoever reaches this app works under a name that they say, and sees everything. To have people sign in, "
            "invite the first admin and start the app with accounts:"
        )
        st.code(
            "python -m jobs.people invite --email you@fab.example --role admin\nWAFERSCOPE_ACCOUNTS=on make app",
            language="sh",
        )
    st.stop()
