"""Review: labels and predictions that somebody else should look at, decided one by one."""

import pandas as pd
import streamlit as st

from core.annotation.annotators import annotators
from core.annotation.reviews import Review, ReviewKind, open_reviews
from core.datasets.suspect_classes import FEWEST_A_SIDE, FEWEST_LABELS
from core.datasets.suspects import suspect_dies
from core.identity import Person
from core.labels.annotations import labelled_keys
from core.lake import Lake
from data.classes import CLASSES
from pages.parts.blocks.table_download import csv_button
from pages.parts.cache.judgements import contradicted_labels
from pages.parts.cache.stores import database as open_database
from pages.parts.cache.stores import lake as open_lake
from pages.parts.empty import explained, stop_if_empty
from pages.parts.label.people_agreement import people_agreement
from pages.parts.label.review_desk import KIND_WORDS, review_desk
from pages.parts.links import link
from pages.parts.person import acting_person, person_button

NAMES = {c.key: c.name for c in CLASSES}
REVIEW = "review"
SHOWN = 50
CONTRADICTED = (
    "Labels that a model contradicts most, worst first. Disagreement is |label - probability| of the worst class, 0 to "
    "1; the probability is of a logistic regression on what wafers look like that learnt from the labels of other lots "
    "alone, in five parts, so that no label speaks for itself."
)
NEEDED = (
    f"{FEWEST_LABELS} labelled wafers of two lots, with their vectors, are needed, {FEWEST_A_SIDE} with the class "
    f"and {FEWEST_A_SIDE} without"
)
BELOW = "Below, all labels are held against the model in use instead."
DECIDE, ERRORS, ANNOTATORS, AGREEMENT = VIEWS = ("To decide", "Likely label errors", "Annotators", "Agreement")


def choose_review(found: list[Review]) -> Review:
    """Choose what to look at; the lowest agreement first."""
    by_number = {str(review.id): review for review in found}
    given = st.query_params.get(REVIEW, "")
    if given and given not in by_number:
        st.query_params.pop(REVIEW)
    number = st.selectbox(
        "Wafer",
        list(by_number),
        format_func=lambda n: _said(by_number[n]),
        key=REVIEW,
        bind="query-params",
        help="The lowest agreement first, then the oldest.",
    )
    return by_number[number]


def suspects(lake: Lake) -> None:
    """Rank labels by how strongly a model disagrees: one that never saw the lot, else the one in use."""
    database = open_database()
    with database.reading() as session:
        keys = labelled_keys(session)
    with st.spinner("Holding labels against models that never saw their lot"):
        contradicted, unjudged = contradicted_labels(lake, database, keys)
    if contradicted:
        st.caption(CONTRADICTED)
        frame = pd.DataFrame(
            {
                "wafer": [d.key for d in contradicted],
                "disagreement": [d.disagreement for d in contradicted],
                "why": [d.text for d in contradicted],
            }
        )
        _ranked(frame, "disagreement", "suspect_classes")
        if unjudged:
            st.info(f"Too few labels to judge {', '.join(unjudged)} so: {NEEDED}. {BELOW}")
    else:
        st.info(f"There are too few labels for a model of their own: {NEEDED}. {BELOW}")
    if unjudged or not contradicted:
        _contradicted(lake, keys)


def _contradicted(lake: Lake, keys: list[str]) -> None:
    """Rank labels by how strongly the model in use contradicts them, die by die."""
    st.caption(
        "Labels that the model contradicts most, worst first: 1 less the soft minimum of the probabilities that it "
        "gives to what the label says of each failing die. A model that has learnt a wrong label agrees with it, so "
        "judge by a model trained without these labels."
    )
    with st.spinner("Comparing labels with the model"):
        found = suspect_dies(open_database(), lake, keys)
    if not found:
        st.info("No labelled wafer is segmented yet. Label some wafers first.")
        return
    frame = pd.DataFrame(
        {
            "wafer": [s.key for s in found],
            "suspicion": [s.suspicion for s in found],
            "perhaps missed": [_dies(s.missed) for s in found],
            "perhaps too much": [_dies(s.excess) for s in found],
        }
    )
    _ranked(frame, "suspicion", "label_errors")


def _ranked(frame: pd.DataFrame, measure: str, name: str) -> None:
    """Show ranked labels, their way out as CSV, and links to the five worst."""
    st.dataframe(
        frame,
        hide_index=True,
        alt="Likely label errors",
        column_config={
            measure: st.column_config.ProgressColumn(measure.capitalize(), min_value=0, max_value=1, format="%.2f"),
            "why": st.column_config.TextColumn("Why", width="large"),
        },
    )
    csv_button(frame, name, label="Download CSV")
    for key in frame["wafer"].head(5):
        link("annotate", f"Label {key} again", wafer=key)


def leaderboard() -> None:
    """Show how fast and how right everybody is, and how sure one can be of it."""
    with open_database().reading() as session:
        found = annotators(session)
    if not found:
        st.info("Nobody has submitted a label yet.")
        return
    frame = pd.DataFrame(
        {
            "annotator": [a.name for a in found],
            "labels": [a.labels for a in found],
            "seconds": [a.seconds for a in found],
            "from s": [a.seconds_interval[0] for a in found],
            "to s": [a.seconds_interval[1] for a in found],
            "gold": [a.gold for a in found],
            "gold right %": [100 * a.gold_right for a in found],
            "from %": [100 * a.gold_interval[0] for a in found],
            "to %": [100 * a.gold_interval[1] for a in found],
            "gold IoU": [a.gold_iou for a in found],
            "disputed": [a.disputed for a in found],
        }
    )
    st.dataframe(
        frame,
        hide_index=True,
        placeholder="–",
        alt="Annotators",
        column_config={
            "seconds": st.column_config.NumberColumn("Median s", format="%.0f", help="Median seconds a label."),
            "from s": st.column_config.NumberColumn("from", format="%.0f", help="95 % interval, bootstrap."),
            "to s": st.column_config.NumberColumn("to", format="%.0f", help="95 % interval, bootstrap."),
            "gold": st.column_config.NumberColumn("Hidden gold", help="Wafers of known label that were slipped in."),
            "gold right %": st.column_config.NumberColumn("Right", format="%.0f %%", help="Agree by 0.85 IoU or more."),
            "from %": st.column_config.NumberColumn("from", format="%.0f %%", help="95 % interval, Wilson."),
            "to %": st.column_config.NumberColumn("to", format="%.0f %%", help="95 % interval, Wilson."),
            "gold IoU": st.column_config.NumberColumn("Mean IoU", format="%.2f", help="With the known labels."),
            "disputed": st.column_config.NumberColumn("Disputed", help="Labels that a colleague's contradicted."),
        },
    )
    st.caption("Intervals that overlap: the order of two people may be chance.")
    csv_button(frame, "annotators", label="Download CSV")


def _said(review: Review) -> str:
    agreement = "" if review.overall_iou is None else f", IoU {review.overall_iou:.2f}"
    about = f" ({NAMES[review.class_key]})" if review.class_key else ""
    return f"{review.wafer_key}: {KIND_WORDS[review.kind].lower()}{about}{agreement}"


def _dies(counts: object) -> str:
    found = dict(counts) if isinstance(counts, dict) else {}
    return ", ".join(f"{NAMES[key]} {n}" for key, n in found.items())


def to_decide(lake: Lake, person: Person) -> None:
    """Choose a review by its kind, and lay it out to be decided."""
    kinds = st.pills(
        "Kind",
        list(ReviewKind),
        selection_mode="multi",
        format_func=KIND_WORDS.__getitem__,
        key="kind",
        bind="query-params",
        label_visibility="collapsed",
    )
    with open_database().reading() as session:
        opened = open_reviews(session, kinds or tuple(ReviewKind))
    visible = lake.seen(review.wafer_key for review in opened)
    found = [review for review in opened if review.wafer_key in visible]
    if found:
        review_desk(choose_review(found), person, lake)
    else:
        st.info(
            "Nothing is to be decided. Labels come here when two people disagree, when a hidden gold wafer is "
            "missed, one in ten for experts, and when somebody flags a wrong prediction on a wafer's page."
        )


def show() -> None:
    """Show what is to be decided, likely label errors, annotators, or how far people agree."""
    lake = open_lake()
    st.title("Review")
    stop_if_empty(lake)
    person = acting_person()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        view = st.segmented_control(
            "Show",
            VIEWS,
            default=DECIDE,
            required=True,
            key="what",
            bind="query-params",
            label_visibility="collapsed",
        )
        person_button(person)
    if view == ERRORS:
        suspects(lake)
    elif view == ANNOTATORS:
        leaderboard()
    elif view == AGREEMENT:
        people_agreement(open_database())
    else:
        to_decide(lake, person)


with explained():
    show()
