"""Models held against labels, and recent wafers against those before: slow to count, kept until something changes."""

from collections.abc import Sequence

import streamlit as st

from core.database import AppDatabase
from core.database.audit import entries
from core.datasets.suspect_classes import SuspectClass
from core.datasets.suspects import suspect_classes
from core.lake import Lake
from core.monitoring.drift import Drift, drift
from core.monitoring.judging import Judged, Scope, judge, state
from core.monitoring.learnt import labels_learnt
from core.monitoring.sides import Condition, Drawn, draw
from core.segmentation import Segmenter
from core.segmentation.serving import served
from core.settings import Settings, settings
from pages.parts.cache.models import segmenter

EMBEDDED = "SELECT count(*) FROM embeddings WHERE key IN (SELECT unnest(?))"


def judged(lake: Lake, database: AppDatabase, scope: Scope) -> Judged:
    """Return results held against labels, kept until a result or a label changes.

    Raises:
        LakeError: the lake cannot be read.
        AppDatabaseError: the database cannot be used.
    """
    return _judged(f"{lake.name} {database.url} {state(lake, database)} {scope}", lake, database, scope)


def drift_between(lake: Lake, database: AppDatabase, recent: Condition, reference: Condition | Drawn) -> Drift | None:
    """Return how recent wafers differ from a reference, kept until a result or a label changes; None of too few.

    Raises:
        LakeError: the lake cannot be read.
        AppDatabaseError: the database cannot be used.
    """
    against = reference.model if isinstance(reference, Drawn) else reference
    stamp = f"{lake.name} {state(lake, database)} {recent} {against}"
    return _drift_between(stamp, lake, recent, reference)


def labels_of_model() -> str:
    """Return the labels that the model in use learnt from, as datasets name them, "" for none of this site.

    Raises:
        ModelError: its version cannot be looked up.
    """
    at = settings()
    return _labels_of_model(f"{at.home} {at.mlflow_url} {at.model} {served(at)}", at)


def synthetic_wafers() -> Drawn:
    """Return synthetic wafers as the model in use sees them, drawn once.

    Raises:
        ModelError: there is no model, or it fails.
    """
    model = segmenter()
    return _synthetic_wafers(model.name, model)


def contradicted_labels(lake: Lake, database: AppDatabase, keys: Sequence[str]) -> tuple[list[SuspectClass], list[str]]:
    """Return labels that a cross-validated model contradicts, and the classes that it cannot judge (`suspect_classes`).

    They are kept until somebody writes to the database or one of the wafers gets a vector.

    Args:
        lake: where wafers and vectors are.
        database: where the labels are.
        keys: of the labelled wafers.

    Raises:
        LakeError: the lake cannot be read.
        AppDatabaseError: the database cannot be used.
    """
    with database.reading() as session:
        written = [entry.id for entry in entries(session, limit=1)]
    embedded = lake.query(EMBEDDED, [list(keys)]).iloc[0].tolist()
    return _contradicted_labels(f"{lake.name} {database.name} {written} {embedded}", lake, database, keys)


@st.cache_resource(max_entries=16, show_spinner=False)
def _judged(stamp: str, _lake: Lake, _database: AppDatabase, _scope: Scope) -> Judged:
    return judge(_lake, _database, _scope)


@st.cache_resource(max_entries=16, show_spinner=False)
def _drift_between(stamp: str, _lake: Lake, _recent: Condition, _reference: Condition | Drawn) -> Drift | None:
    return drift(_lake, _recent, _reference)


@st.cache_resource(max_entries=4, show_spinner=False)
def _labels_of_model(stamp: str, _at: Settings) -> str:
    return labels_learnt(_at)


@st.cache_resource(max_entries=2, show_spinner=False)
def _synthetic_wafers(name: str, _model: Segmenter) -> Drawn:
    return draw(_model)


@st.cache_resource(max_entries=4, show_spinner=False)
def _contradicted_labels(
    stamp: str, _lake: Lake, _database: AppDatabase, _keys: Sequence[str]
) -> tuple[list[SuspectClass], list[str]]:
    return suspect_classes(_database, _lake, _keys)
