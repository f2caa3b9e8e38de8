"""Queue: what is to be labelled, by whom, and how far along it is."""

import pandas as pd
import streamlit as st

from core.annotation.assignment import assign, balance, slip_in_gold
from core.annotation.items import LabelItem, Status, newest_iteration
from core.annotation.progress import duration, items, iterations, pace_s, people, progress, statuses
from core.annotation.queue import put_back, release_idle, skip
from core.identity import Person
from core.labels.annotations import gold_keys
from core.settings import settings
from data.errors import AppDatabaseError
from pages.parts.blocks.table_download import csv_button
from pages.parts.cache.stores import database as open_database
from pages.parts.cache.stores import lake as open_lake
from pages.parts.empty import explained, stop_if_empty
from pages.parts.label.files import label_files
from pages.parts.links import link
from pages.parts.literal import literal
from pages.parts.person import acting_person, person_button
from pages.parts.state.widgets import chosen_rows
from pages.parts.wafers.queue_filling import fill_form

TABLE = "queue-table"
WORDS = {
    Status.PENDING: "not started",
    Status.IN_PROGRESS: "in progress",
    Status.DONE: "labelled",
    Status.SKIPPED: "skipped",
    Status.SPARE: "spare",
}
GOLD_HELP = (
    "Hides every wafer whose label is known to be right among what waits for these people, who are not told; the "
    "Review page shows how far they agree. A label is marked as known where it is accepted on the Review page."
)
HELP = {
    "priority": "The highest is given out first.",
    "reason": "Why the wafer was chosen.",
    "seconds": "Seconds of work on the label, pauses left out.",
    "copy": "Which label of the wafer in its round: two people who label one wafer have one each.",
}


def overview(person: Person, iteration: int | None) -> None:
    """Show how far the round is, for all and for everybody."""
    with open_database().reading() as session:
        far = progress(session, person, iteration)
        counts = statuses(session, iteration)
        paces = {name: pace_s(session, name) for name in people(session)}
    st.progress(far.done / far.total if far.total else 0.0, text=far.text)
    with st.container(horizontal=True, gap="large"):
        for status, word in WORDS.items():
            st.metric(word.capitalize(), f"{counts[status]:,}")
        for name, pace in paces.items():
            if pace == pace:
                st.metric(
                    literal(name), duration(pace), help="Mean time of the person's newest 20 labels, pauses left out."
                )


def table(found: list[LabelItem]) -> list[LabelItem]:
    """Show the queue; the items whose rows are chosen."""
    frame = pd.DataFrame(
        {
            "wafer": [i.wafer_key for i in found],
            "status": [WORDS[i.status] for i in found],
            "assignee": [i.assignee for i in found],
            "round": [i.iteration for i in found],
            "copy": [i.copy for i in found],
            "priority": [i.priority for i in found],
            "reason": [i.skip_reason or i.reason for i in found],
            "added by": [i.added_by for i in found],
            "begun": [i.taken_at for i in found],
            "ended": [i.ended_at for i in found],
            "seconds": [i.seconds for i in found],
        }
    )
    st.dataframe(
        frame,
        key=TABLE,
        on_select="rerun",
        selection_mode="multi-row",
        hide_index=True,
        placeholder="–",
        alt="The queue",
        column_config={
            "wafer": st.column_config.TextColumn("Wafer", pinned=True),
            "round": st.column_config.NumberColumn("Round"),
            "added by": st.column_config.TextColumn("Added by"),
            "status": st.column_config.TextColumn("Status"),
            "assignee": st.column_config.TextColumn("Assignee"),
            "copy": st.column_config.NumberColumn("Copy", help=HELP["copy"]),
            "priority": st.column_config.NumberColumn("Priority", format="%.2f", help=HELP["priority"]),
            "reason": st.column_config.TextColumn("Reason", help=HELP["reason"]),
            "begun": st.column_config.DatetimeColumn("Begun", format="YYYY-MM-DD HH:mm"),
            "ended": st.column_config.DatetimeColumn("Ended", format="YYYY-MM-DD HH:mm"),
            "seconds": st.column_config.NumberColumn("Seconds", format="%.0f", help=HELP["seconds"]),
        },
    )
    csv_button(frame, "queue", label="Download CSV")
    return [found[row] for row in chosen_rows(TABLE) if row < len(found)]


def actions(chosen: list[LabelItem], person: Person, iteration: int | None) -> None:
    """Offer what can be done with the chosen items, and with all that wait."""
    numbers = [item.id for item in chosen]
    with open_database().reading() as session:
        known, gold, newest = people(session), gold_keys(session), newest_iteration(session)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        names = st.multiselect(
            "People",
            sorted({*known, person.name}),
            accept_new_options=True,
            key="queue-people",
            width=320,
            help="Choose or type names. Assigning takes the first; assigning evenly uses all of them.",
        )
        if st.button("Assign chosen", disabled=not (numbers and names)):
            with open_database().writing() as session:
                st.toast(f"{assign(session, numbers, names[0], person)} assigned to {literal(names[0])}.")
        if st.button("Assign to nobody", disabled=not numbers):
            with open_database().writing() as session:
                assign(session, numbers, None, person)
        if st.button("Assign evenly", disabled=not names, help="Everything that waits, so that open items are even."):
            with open_database().writing() as session:
                load = balance(session, names, person, iteration)
            st.toast(", ".join(f"{literal(name)}: {count}" for name, count in load.items()))
        if st.button("Hide known ones", disabled=not (names and gold), help=GOLD_HELP):
            with open_database().writing() as session:
                st.toast(f"{slip_in_gold(session, gold, names, person, iteration=iteration or newest)} hidden.")
        if st.button("Put back", disabled=not numbers, help="In progress, done or skipped: they wait again."):
            with open_database().writing() as session:
                for number in numbers:
                    put_back(session, number, person)
            st.rerun()
        if st.button("Leave out", disabled=not numbers, help="Skips what is open among the chosen."):
            _leave_out(chosen, person)
        idle = settings().label_idle_minutes
        if st.button("Release idle", help=f"What nobody has touched for {idle} minutes waits again; drafts stay."):
            with open_database().writing() as session:
                st.toast(f"{release_idle(session)} released.")


def _leave_out(chosen: list[LabelItem], person: Person) -> None:
    try:
        with open_database().writing() as session:
            for item in chosen:
                skip(session, item.id, f"left out by {person.name}", person)
    except AppDatabaseError as error:
        st.error(literal(error))
    else:
        st.rerun()


def choose_round(rounds: list[int], person: Person) -> int | None:
    """Choose a round, None for all; who is acting, and the way to the next wafer, stand beside it."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.selectbox(
            "Round",
            rounds,
            index=None,
            placeholder="All rounds",
            key="round",
            bind="query-params",
            width=160,
            help="A round of labelling: active learning makes a new one every time.",
        )
        person_button(person)
        link("annotate", "Label the next wafer")
    return chosen


def show() -> None:
    """Offer to fill the queue, and show what is in it."""
    lake = open_lake()
    st.title("Queue")
    stop_if_empty(lake)
    person = acting_person()
    with open_database().reading() as session:
        rounds = iterations(session)
    chosen = choose_round(rounds, person)
    with st.expander("Add wafers", expanded=not rounds):
        fill_form(lake, person, rounds[0] if rounds else 1)
    with st.expander("Labels in and out"):
        label_files(lake, person)
    if not rounds:
        st.info("Nothing is queued yet. Add wafers by filter or by name above, or from the Wafers page.")
        return
    overview(person, chosen)
    with open_database().reading() as session:
        queued = items(session, chosen)
    visible = lake.seen(item.wafer_key for item in queued)
    actions(table([item for item in queued if item.wafer_key in visible]), person, chosen)


with explained():
    show()
