"""The bench of whoever labels: the editor, what stands against submitting, and the way through the queue."""

from datetime import datetime

import streamlit as st

from core.annotation.bench import Bench
from core.annotation.progress import duration, progress, trail
from core.annotation.queue import skip, take_next
from core.annotation.submissions import submit
from core.database.schema import now
from core.identity import Person
from core.labels.checks import LabelProblem, validate
from core.labels.draft import LabelDraft
from core.labels.draft_store import OtherDraft, save_draft
from core.lake import Lake
from core.lake.scoring import normal_fail_shares
from data.errors import AppDatabaseError, LabelError
from pages.parts.cache.stores import database as open_database
from pages.parts.cache.stores import lake as open_lake
from pages.parts.label.versions import label_versions
from pages.parts.links import link
from pages.parts.literal import literal
from pages.parts.person import person_button
from pages.parts.state.choices import chosen_palette
from pages.parts.wafer_editor.editor import EditorState, wafer_editor

EDITOR = "annotate-editor"


def label_bench(laid_out: Bench, person: Person, lake: Lake) -> None:
    """Show a wafer with its editor; leaving it, submitting and skipping lead to the next.

    Args:
        laid_out: the wafer, its start and the person's draft.
        person: who labels.
        lake: where the wafers are.
    """
    wafer = laid_out.wafer
    head = st.container(horizontal=True, vertical_alignment="bottom")
    head.title(literal(f"{wafer.lot_id} {wafer.wafer_id}"), width="content")
    for other in laid_out.others:
        st.warning(literal(_said(other)))
    state = wafer_editor(
        wafer,
        laid_out.start,
        laid_out.draft,
        key=EDITOR,
        owner=person.name,
        palette=chosen_palette(),
        normal_fail_share=normal_fail_shares(lake).get(wafer.product),
        save=lambda draft: _keep(draft, person, lake),
        stuck=lambda label: " ".join(problem.text for problem in validate(label, wafer) if problem.blocks),
    )
    problems = validate(state.label, wafer)
    with head:
        asked = _controls(laid_out, person, [p.text for p in problems if p.blocks])
    _messages(problems, laid_out)
    label_versions(wafer.key, person)
    if state.asked in ("submit", "previous", "next"):
        asked = state.asked
    if asked == "submit" and state.submittable and not any(p.blocks for p in problems):
        _submit(laid_out, state, person)
    elif asked in ("previous", "next"):
        _step(wafer.key, 1 if asked == "next" else -1, person)


def _controls(laid_out: Bench, person: Person, stuck: list[str]) -> str | None:
    """Draw progress and buttons; what was pressed, None for nothing."""
    with open_database().reading() as session:
        far = progress(session, person, laid_out.item.iteration if laid_out.item else None)
    words = f"**{far.text}**" if far.total else "Not from the queue"
    st.markdown(words, width="stretch", help="Labels of this round that are done, and your own pace for what is left.")
    asked = None
    if st.button("‹", help="The wafer that you had before (left arrow)", key="label-previous"):
        asked = "previous"
    if st.button("›", help="Leave this one as a draft and go on (right arrow)", key="label-next"):
        asked = "next"
    if laid_out.item is not None:
        with st.popover("Skip", help="Leave this wafer out, for a reason."):
            _skip(laid_out.item.id, person)
    why = "Keeps the label and goes on to the next wafer." if not stuck else literal(stuck[0])
    if st.button("Submit", type="primary", disabled=bool(stuck), help=why, key="label-submit"):
        asked = "submit"
    person_button(person)
    link("wafer", "Wafer page", wafer=laid_out.wafer.key)
    return asked


def _skip(number: int, person: Person) -> None:
    """Ask why a wafer is left out; a form, so that the first click counts while the reason is being typed."""
    with st.form(f"skip-form-{number}", border=False):
        reason = st.text_input("Why?", placeholder="the map is cut off", key=f"skip-reason-{number}")
        ambiguous = st.checkbox(
            "Ambiguous: nobody could tell", key=f"skip-ambiguous-{number}", help="A spare wafer takes its place."
        )
        pressed = st.form_submit_button("Skip this wafer", key=f"skip-{number}")
    if pressed:
        try:
            with open_database().writing() as session:
                skip(session, number, reason, person, ambiguous=ambiguous)
        except AppDatabaseError as error:
            st.error(literal(error))
        else:
            _next_waiting(person)


def _messages(problems: list[LabelProblem], laid_out: Bench) -> None:
    """Show what stands against submitting, and what is only worth a thought."""
    for problem in problems:
        (st.warning if problem.blocks else st.caption)(literal(problem.text))
    if laid_out.submitted:
        st.caption("You have labelled this wafer before. Submitting again makes a new version; the old one is kept.")


def _submit(laid_out: Bench, state: EditorState, person: Person) -> None:
    try:
        with open_database().writing() as session:
            submit(session, laid_out.wafer, state.label, person, state.draft.elapsed_s)
    except LabelError as error:
        st.error(literal(error))
        return
    st.toast(f"{literal(laid_out.wafer.key)} is submitted.")
    _next_waiting(person)


def _next_waiting(person: Person) -> None:
    """Go to the next wafer of the queue, or to the page's beginning when none waits."""
    with open_database().writing() as session:
        item = take_next(session, person, seen=open_lake().seen)
    _go(item.wafer_key if item else None)


def _step(key: str, step: int, person: Person) -> None:
    """Go to the wafer that the person had before or after this one; after the last, to the next of the queue."""
    with open_database().reading() as session:
        had = trail(session, person)
    at = (had.index(key) if key in had else len(had)) + step
    if 0 <= at < len(had):
        _go(had[at])
    elif step > 0:
        with open_database().writing() as session:
            item = take_next(session, person, but=key, seen=open_lake().seen)
        if item is None:
            st.toast("Nothing else waits for you.")
        else:
            _go(item.wafer_key)
    else:
        st.toast("This is the first wafer that you had.")


def _go(key: str | None) -> None:
    if key is None:
        st.query_params.pop("wafer", None)
    else:
        st.query_params["wafer"] = key
    st.rerun()


def _keep(draft: LabelDraft, person: Person, lake: Lake) -> None:
    """Store a draft, of the wafer that it says, which may be the one before this."""
    wafer = lake.wafer(draft.label.key)
    with open_database().writing() as session:
        save_draft(session, wafer, draft, person)


def _said(other: OtherDraft, moment: datetime | None = None) -> str:
    ago = duration(((moment or now()) - other.saved_at).total_seconds())
    return (
        f"{other.person} has a draft of this wafer, last changed {ago} ago. Both drafts stand, neither overwrites the "
        "other; if both are submitted, they are compared."
    )
