"""Entries of the trail as a table, page by page, and as files."""

import json
from collections.abc import Iterable
from itertools import islice

import pandas as pd
import streamlit as st

from core.database import AppDatabase
from core.database.trail_search import TrailFilter, TrailRow, count, find, json_line, row_of, walk
from core.exports.cells import encoded_csv
from core.exports.frames import frame_csv
from core.people.accounts import list_accounts, subject_of
from pages.parts.blocks.taking import told
from pages.parts.links import TRAIL_PAGE

ROWS = 100
HEIGHT, FIT = 720, 18
"""Of the table, in pixels, and how many rows it shows at that."""
MOST_IN_FILE = 100_000
NOT_ON_SCREEN = ("id", "person_id", "previous", "hash")
"""Columns that files alone hold: they are for programs."""
ALT = "Entries of the trail"


def trail_table(where: TrailFilter, database: AppDatabase) -> None:
    """Show the entries that a filter lets through, newest first."""
    with database.reading() as session:
        found = count(session, where)
        pages = max(1, -(-found // ROWS))
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{found:,}** entries", width="content")
            _files(where, database, found)
            page = st.pagination(pages, key=TRAIL_PAGE, bind="query-params") if pages > 1 else 1
        whose = {subject_of(account.id): account.name for account in list_accounts(session)}
        entries = find(session, where, ROWS, (page - 1) * ROWS)
    if not found:
        st.info("No entry is like that. Everything that people decide or change leaves one.")
        return
    table = as_table(entries).drop(columns=list(NOT_ON_SCREEN), errors="ignore")
    table.insert(4, "whose", table["subject"].map(whose))
    st.dataframe(
        table,
        hide_index=True,
        alt=ALT,
        height=HEIGHT if len(table) > FIT else "auto",
        placeholder="",
        column_config={
            "at": st.column_config.DatetimeColumn("at", format="YYYY-MM-DD HH:mm:ss", help="UTC."),
            "whose": st.column_config.TextColumn("whose", help="Name of the account that the subject is."),
            "details": st.column_config.TextColumn("details", width="large"),
        },
    )


def as_table(entries: Iterable[TrailRow]) -> pd.DataFrame:
    """Return entries as a table, when, who, what and on what first; details as JSON."""
    rows = pd.DataFrame([row_of(entry) for entry in entries])
    if rows.empty:
        return rows
    first = ["at", "person", "action", "subject", "details"]
    rows["details"] = rows["details"].map(lambda details: json.dumps(details, ensure_ascii=False))
    return rows[first + [name for name in rows.columns if name not in first]]


def _files(where: TrailFilter, database: AppDatabase, found: int) -> None:
    most = f"The newest {MOST_IN_FILE:,} of them." if found > MOST_IN_FILE else "All of them, newest first."

    def table() -> bytes:
        with database.reading() as session:
            return encoded_csv(frame_csv(as_table(islice(walk(session, where), MOST_IN_FILE))))

    def lines() -> bytes:
        with database.reading() as session:
            return "".join(f"{json_line(entry)}\n" for entry in islice(walk(session, where), MOST_IN_FILE)).encode()

    for label, make, ending, mime in (
        ("Download CSV", table, "csv", "text/csv"),
        ("Download JSONL", lines, "jsonl", "application/x-ndjson"),
    ):
        st.download_button(
            label,
            data=told(make, f"trail.{ending}"),
            file_name=f"trail.{ending}",
            mime=mime,
            help=most,
            on_click="ignore",
            disabled=not found,
        )
