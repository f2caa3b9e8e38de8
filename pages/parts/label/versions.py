"""Every version of a wafer's label: who said what and when; taken back and restored, never gone."""

import streamlit as st

from core.identity import Person
from core.labels.annotations import Annotation, annotation_history, restore, withdraw
from data.classes import CLASSES
from pages.parts.cache.stores import database as open_database

NAMES = {c.key: c.name for c in CLASSES}


def label_versions(wafer_key: str, person: Person) -> None:
    """List a person's own versions of a wafer's label, newest first, each with a way to take it back or to restore it.

    What others say is not shown to who labels: the label would follow it.

    Args:
        wafer_key: the wafer.
        person: whose versions, and who would take them back.
    """
    with open_database().reading() as session:
        history = [one for one in annotation_history(session, wafer_key) if one.annotator == person.name]
    if not history:
        return
    standing = sum(version.withdrawn_at is None for version in history)
    with st.expander("Your versions of this label"):  # one name, so that it stays open when their number changes
        st.caption(f"{len(history)}, of which {standing} stand.")
        for version in history:
            with st.container(horizontal=True, vertical_alignment="center"):
                st.text(_said(version), width="stretch")
                back = version.withdrawn_at is None
                if st.button("Take back" if back else "Restore", key=f"version-{version.id}", help=_HELP[back]):
                    with open_database().writing() as session:
                        (withdraw if back else restore)(session, version.id, person)
                    st.rerun()


_HELP = {
    True: "It no longer counts: not in training, not in exports. It stays here and can be restored.",
    False: "It counts again.",
}


def _said(version: Annotation) -> str:
    label = version.read()
    found = ", ".join(f"{NAMES[i.class_key]} of {len(i.dies)}" for i in label.kept) or "no defect"
    gone = f"; taken back by {version.withdrawn_by}" if version.withdrawn_at else ""
    return f"{version.submitted_at:%Y-%m-%d %H:%M} UTC, {version.annotator} ({version.source}): {found}{gone}"
