"""What people found out about a wafer: shown, and written."""

import streamlit as st

from core.database import AppDatabase
from core.root_causes import LONGEST_TEXT, Finding, findings_by_keys, write_finding
from pages.parts.empty import explained
from pages.parts.literal import literal
from pages.parts.person import person_here
from pages.parts.state.widgets import widget_text

HELP = "Root cause and finding of the failure analysis, as people wrote them. They stand beside every similar wafer."


def finding_of(key: str, database: AppDatabase) -> Finding | None:
    """Return what is known about a wafer, None where nobody wrote anything.

    Raises:
        AppDatabaseError: the database cannot be used.
    """
    with database.reading() as session:
        return findings_by_keys(session, [key]).get(key)


def findings_block(wafer: str, database: AppDatabase, *, key: str) -> None:
    """Show what is known about a wafer, with a form to write it.

    Args:
        wafer: its key.
        database: where findings are kept.
        key: of this block.
    """
    known = finding_of(wafer, database)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown("**Findings**", help=HELP, width="content")
        with st.popover("Write" if known is None else "Change"):
            _form(wafer, known, database, key)
    if known is None:
        st.caption("Nobody has written down a root cause or a finding yet.")
        return
    for name, text in (("Root cause", known.root_cause), ("FA finding", known.fa_finding)):
        if text:
            st.caption(name)
            st.text(text)
    st.caption(f"{literal(known.written_by)}, {known.written_at:%Y-%m-%d %H:%M} UTC")


def _form(wafer: str, known: Finding | None, database: AppDatabase, key: str) -> None:
    names = {"cause": f"{key}-cause-{wafer}", "found": f"{key}-found-{wafer}"}
    with st.form(f"{key}-form-{wafer}", border=False):
        st.text_area(
            "Root cause",
            known.root_cause if known else "",
            key=names["cause"],
            max_chars=LONGEST_TEXT,
            placeholder="What made it fail",
        )
        st.text_area(
            "FA finding",
            known.fa_finding if known else "",
            key=names["found"],
            max_chars=LONGEST_TEXT,
            placeholder="What failure analysis saw",
        )
        if st.form_submit_button("Save", type="primary", help="Both empty takes the finding back."):
            with explained(), database.writing() as session:
                write_finding(session, wafer, widget_text(names["cause"]), widget_text(names["found"]), person_here())
            st.rerun()
