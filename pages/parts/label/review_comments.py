"""What people say about a review, on the Review page and where its label is made."""

import streamlit as st

from core.annotation.comments import ReviewComment, comment, comments_of, reviews_told
from core.annotation.reviews import LONGEST_COMMENT
from core.identity import Person
from core.settings import settings
from data.errors import AppDatabaseError
from pages.parts.cache.stores import database as open_database
from pages.parts.literal import literal


def review_comments(number: int, person: Person) -> None:
    """Show what was said about a review, oldest first, and let a person say more.

    Args:
        number: of the review.
        person: who reads and writes.
    """
    with open_database().reading() as session:
        told = comments_of(session, number)
    for one in told:
        st.text(_said(one, person))
    form = st.form(f"comment-{number}", border=False, clear_on_submit=True)
    with form, st.container(horizontal=True, vertical_alignment="bottom"):
        text = st.text_input(
            "Comment",
            max_chars=LONGEST_COMMENT,
            placeholder="what do you make of the lower arc?",
            help="Reviewers see it here, those whose labels these are when they open the wafer. The review stays open.",
        )
        pressed = st.form_submit_button("Comment")
    if pressed:
        try:
            with open_database().writing() as session:
                comment(session, number, text, person)
        except AppDatabaseError as error:
            st.error(literal(error))
        else:
            st.rerun()


def comments_on_own(wafer_key: str, person: Person) -> None:
    """Show a person what was said in reviews of the person's own labels of a wafer; nothing where nothing was said.

    Args:
        wafer_key: the wafer.
        person: whose labels.
    """
    with open_database().reading() as session:
        reviews = [review.id for review in reviews_told(session, wafer_key, person)]
    for number in reviews:
        with st.expander("What reviewers say", expanded=True):
            review_comments(number, person)


def _said(one: ReviewComment, person: Person) -> str:
    by = "Somebody" if settings().hide_annotators and one.person != person.name else one.person
    return f"{by}, {one.at:%Y-%m-%d %H:%M} UTC: {one.text}"
