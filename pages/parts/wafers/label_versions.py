"""Every version of a wafer's label: who said what, when and how; taken back and restored, never gone."""

import streamlit as st

from core.annotation.items import item_to_label
from core.identity import Person
from core.labels.annotations import Annotation, LabelSource, annotation_history, restore, withdraw
from core.people.roles import Permission, may
from data.classes import CLASSES
from data.counting_words import counted
from pages.parts.cache.stores import database as open_database
from pages.parts.person import person_or_account

NAMES = {c.key: c.name for c in CLASSES}
HOW = {True: "labelled blind, without proposals", False: "begun with the model's proposals", None: ""}
SOURCES = {
    LabelSource.SUBMITTED: "submitted",
    LabelSource.REVIEWED: "decided in a review",
    LabelSource.GOLD: "decided in a review",  # that it is known to be right is for reviewers alone
    LabelSource.IMPORTED: "read from a file",
}
_HELP = {
    True: "It no longer counts: not in training, not in exports. It stays here and can be restored.",
    False: "It counts again.",
}


def own_versions(wafer_key: str, person: Person) -> None:
    """List a person's own versions of a wafer's label, newest first, each with a way to take it back or to restore it.

    What others say is not shown to who labels: the label would follow it.

    Args:
        wafer_key: the wafer.
        person: whose versions, and who would take them back.
    """
    with open_database().reading() as session:
        history = [one for one in annotation_history(session, wafer_key) if one.annotator == person.name]
    if history:
        with st.expander("Your versions of this label"):  # one name, so that it stays open when their number changes
            _versions(history, person)


def label_block(wafer_key: str) -> None:
    """Show on a wafer's page who labelled it and how; not to a person whose own label is still wanted.

    Args:
        wafer_key: the wafer.
    """
    person = person_or_account()
    with open_database().reading() as session:
        history = annotation_history(session, wafer_key)
        if not may(person, Permission.ANNOTATION_READ_ALL):
            history = [one for one in history if one.annotator == person.name]
        wanted = item_to_label(session, wafer_key, person)
    if not history and wanted is None:
        return
    with st.expander("Labels"):
        if wanted is not None:
            st.caption("This wafer waits for your label. What others say of it is shown once you have submitted it.")
        else:
            _versions(history, person)


def _versions(history: list[Annotation], person: Person) -> None:
    standing = sum(version.withdrawn_at is None for version in history)
    st.caption(f"{counted(len(history), 'version')}, of which {counted(standing, 'stands', 'stand')}.")
    for version in history:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.text(_said(version), width="stretch")
            back = version.withdrawn_at is None
            if st.button("Take back" if back else "Restore", key=f"version-{version.id}", help=_HELP[back]):
                with open_database().writing() as session:
                    (withdraw if back else restore)(session, version.id, person)
                st.rerun()


def _said(version: Annotation) -> str:
    """Return who labelled, when, how long, how, and what it says, with the note on a line of its own."""
    label = version.read()
    found = ", ".join(f"{NAMES[i.class_key]} of {counted(len(i.dies), 'die')}" for i in label.kept) or "no defect"
    parts = [
        f"{version.submitted_at:%Y-%m-%d %H:%M} UTC, {version.annotator}: {found}",
        SOURCES[version.source],
        f"{version.seconds:.0f} s of work" if version.seconds else "",
        HOW[version.blind],
        f"taken back by {version.withdrawn_by}" if version.withdrawn_at else "",
    ]
    return "; ".join(part for part in parts if part) + (f"\nNote: {version.note}" if version.note else "")
