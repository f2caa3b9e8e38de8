"""What recent wafers are held against: chosen on the page, named in words, with what to bear in mind."""

from dataclasses import dataclass
from datetime import date

import streamlit as st

from core.database import AppDatabase
from core.datasets.frozen_sets import frozen_set, frozen_sets
from core.datasets.reading import NOW
from core.lake import WaferFilter
from core.monitoring.drift import LEAST_WAFERS
from core.monitoring.learnt import wafers_taught
from core.monitoring.sides import DRAWN_WAFERS, Condition, Drawn, of_keys, recent_and_before
from data.errors import ModelError
from pages.parts.cache.judgements import labels_of_model, synthetic_wafers
from pages.parts.literal import literal

TAUGHT, BEFORE = "What the model was trained on", "The weeks before"
LABELLED, SYNTHETIC = "Labels that count now", "Synthetic wafers"
REFERENCE_WEEKS = 8
CHOICE_HELP = (
    "What the recent weeks are held against: the labelled wafers that the model in use was trained on, where its card "
    f"names them and {LEAST_WAFERS} are there; the {REFERENCE_WEEKS} weeks before; the wafers whose labels count now; "
    f"a frozen dataset; or {DRAWN_WAFERS} synthetic wafers, drawn as training draws them."
)
PEOPLE_CHOOSE = "People choose what they label, so a difference may be their choice: the weeks before say what is new."
NOT_TRAINED_HERE = (
    "The card of the model in use names no labels of this site. Of what it was trained on, only synthetic wafers can "
    "be compared here."
)
DRAWN_DIFFER = (
    "Drawn wafers always differ from a fab's, so only how far is said, to be compared between products and months. "
    "They count as one lot: chance is not judged, and nothing here is a reason to train. Grid and product are left out."
)


@dataclass(frozen=True, eq=False)
class Sides:
    """The two sides as they were chosen.

    Args:
        recent: condition of the newest weeks.
        reference: condition of the others, or drawn wafers.
        span: the newest weeks in words.
        against: the reference in words.
        note: what to bear in mind about it, "" for nothing.
        learnt: labels that the model in use learnt from, "" for none.
    """

    recent: Condition
    reference: Condition | Drawn
    span: str
    against: str
    note: str
    learnt: str


def choose_sides(database: AppDatabase, where: WaferFilter, last: date) -> Sides:
    """Let a person choose how many weeks are recent, and what they are held against.

    Args:
        database: where labels and datasets are.
        where: which wafers.
        last: last day of the newest week.

    Raises:
        AppDatabaseError: the database cannot be used.
        ModelError: there is no model that could see synthetic wafers.
    """
    learnt = _learnt()
    taught = wafers_taught(database, learnt)
    with database.reading() as session:
        datasets = [one.name for one in frozen_sets(session)]
    first = [TAUGHT] if len(taught) >= LEAST_WAFERS else []
    left, right, _ = st.columns([1, 1.4, 2])
    weeks = left.select_slider(
        "Recent weeks",
        range(1, 9),
        value=2,
        key="weeks",
        bind="query-params",
        help="As many weeks up to the newest test are held against the reference.",
    )
    chosen = right.selectbox(
        "Reference",
        [*first, BEFORE, LABELLED, *datasets, SYNTHETIC],
        key="reference",
        bind="query-params",
        help=CHOICE_HELP,
    )
    recent, before = recent_and_before(where, last, weeks, REFERENCE_WEEKS)
    span = f"the newest {weeks} weeks up to {last}"
    if chosen == SYNTHETIC:
        drawn = _drawn()
        said = f"{DRAWN_WAFERS} synthetic wafers"
        return Sides(recent, drawn, span, said, DRAWN_DIFFER, learnt)
    if chosen == BEFORE:
        said, note = f"the {REFERENCE_WEEKS} weeks before", "" if first else NOT_TRAINED_HERE
        return Sides(recent, before, span, said, note, learnt)
    if chosen == TAUGHT:
        reference, said = of_keys(taught), _said(learnt)
    elif chosen == LABELLED:
        reference, said = of_keys(wafers_taught(database, NOW)), "the wafers whose labels count now"
    else:
        with database.reading() as session:
            keys = [member.wafer_key for member in frozen_set(session, chosen).members]
        reference, said = of_keys(keys), f"dataset {chosen}"
    return Sides(recent, reference, span, said, PEOPLE_CHOOSE, learnt)


def _said(learnt: str) -> str:
    if learnt == NOW:
        return "the wafers whose labels count now (the model in use learnt from those that counted then)"
    return f"what the model in use was trained on (dataset {learnt}, training part)"


def _learnt() -> str:
    """Labels that the model in use learnt from; why they are not known is said in place."""
    try:
        return labels_of_model()
    except ModelError as error:
        st.caption(f"What the model in use learnt from is not known. {literal(error)}")
        return ""


def _drawn() -> Drawn:
    with st.spinner(f"Drawing {DRAWN_WAFERS} synthetic wafers and showing them to the model, once"):
        return synthetic_wafers()
