"""Saying that the model is wrong about a wafer: it goes to review, and counts in monitoring."""

import streamlit as st

from core.annotation.reviews import LONGEST_COMMENT, ReviewKind, flag_prediction, reviews_of
from data.classes import CLASSES
from data.errors import AppDatabaseError
from pages.parts.cache.stores import database as open_database
from pages.parts.literal import literal
from pages.parts.person import person_or_account

NAMES = {"": "The wafer as a whole", **{c.key: c.name for c in CLASSES}}


def flag_form(wafer_key: str, model: str) -> None:
    """Offer to flag a wrong prediction, and say what was flagged before.

    Args:
        wafer_key: the wafer.
        model: name of the model that made the prediction.
    """
    with st.popover("Flag as wrong", help="Says that the model is wrong here; the Review page takes it up."):
        with st.form(f"flag-{wafer_key}", border=False, clear_on_submit=True):
            class_key = st.selectbox("What is wrong", list(NAMES), format_func=NAMES.__getitem__)
            comment = st.text_area("Comment", max_chars=LONGEST_COMMENT, placeholder="the arc at 3 o'clock is missed")
            if st.form_submit_button("Flag"):
                try:
                    with open_database().writing() as session:
                        flag_prediction(session, wafer_key, model, class_key, comment, person_or_account())
                except AppDatabaseError as error:
                    st.error(literal(error))
                else:
                    st.success("Flagged: it waits on the Review page.")
        with open_database().reading() as session:
            flags = [review for review in reviews_of(session, wafer_key) if review.kind is ReviewKind.FLAG]
        for flag in flags[:5]:
            st.caption(f"{literal(flag.opened_by)}, {flag.opened_at:%Y-%m-%d}: {flag.verdict or 'open'}")
            st.text(f"{NAMES.get(flag.class_key, flag.class_key)}: {flag.comment}")
