"""The model's results held against the labels that count: counts of dies, wafer by wafer."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sqlalchemy import func, select

from core.database import AppDatabase
from core.evaluation.metrics import Counts, confusion, count
from core.labels.annotations import Annotation, labelled_keys, labels_of
from core.labels.blind import LEAST_BLIND
from core.lake import Lake, WaferFilter
from core.lake.batches import batches
from data.classes import CLASS_COUNT, CLASS_KEYS

OVERALL = "overall"
COLUMNS = (*CLASS_KEYS, OVERALL)
"""What is scored: each class, and the dies of all classes pooled."""
LEVELS = 256
"""The lake keeps probabilities in steps of 1/255."""
AT_ONCE = 250
_EVERYTHING = WaferFilter()
_FACTS = (
    "key",
    "product",
    "lot_id",
    "model",
    "tested_at",
    "segmented_at",
    "severity",
    "sequence",
    "segmentation_sequence",
)


@dataclass(frozen=True)
class Scope:
    """Which results are looked at.

    Args:
        where: of which wafers.
        models: made by one of these models (name and short hash); none: by any.
        blind: held against blind labels alone.

    Example:
        >>> Scope(WaferFilter(lot="L1"), ["net@1"]).condition()
        ('severity IS NOT NULL AND lot_id IN (SELECT unnest(?)) AND model IN (SELECT unnest(?))', [['L1'], ['net@1']])
    """

    where: WaferFilter = _EVERYTHING
    models: Sequence[str] = ()
    blind: bool = False

    def condition(self) -> tuple[str, list[object]]:
        """Return the condition on the view `wafers` and its parameters; wafers without a result are left out."""
        sql, parameters = self.where.where()
        sql = f"severity IS NOT NULL AND {sql}"
        return (
            (f"{sql} AND model IN (SELECT unnest(?))", [*parameters, list(self.models)])
            if self.models
            else (
                sql,
                parameters,
            )
        )


@dataclass(frozen=True, eq=False)
class Judged:
    """Results of labelled wafers, counted against their labels.

    Args:
        wafers: a row a wafer, by key: key, product, lot_id, model, tested_at, segmented_at, severity, sequence (of
            its test), segmentation_sequence.
        counts: of N wafers, (N, 9): COLUMNS.
        confusion: int64 (9, 9), dies by true class (rows) and predicted class, "none" last.
        levels: int64 (2, 8, 256), failing dies by probability in steps of 1/255: of the class, not of it.
    """

    wafers: pd.DataFrame
    counts: Counts
    confusion: NDArray[np.int64]
    levels: NDArray[np.int64]

    def some(self, which: NDArray[np.bool_]) -> Counts:
        """Counts of some of the wafers."""
        return Counts(self.counts.hit[which], self.counts.wrong[which], self.counts.missed[which])


@dataclass(frozen=True, eq=False)
class Judgement:
    """Results held against all labels, and against those alone that were made without the model's proposals.

    Args:
        every: against the label that counts of each wafer.
        blind: against the blind label that counts of each wafer that has one.
    """

    every: Judged
    blind: Judged

    @property
    def is_blind(self) -> bool:
        """Whether there are enough blind labels to measure by them alone."""
        return len(self.blind.wafers) >= LEAST_BLIND

    @property
    def used(self) -> Judged:
        """What to measure by."""
        return self.blind if self.is_blind else self.every

    @property
    def basis(self) -> str:
        """Which labels it is measured by, in a sentence."""
        count, total = len(self.blind.wafers), len(self.every.wafers)
        if self.is_blind:
            return f"Measured by the {count:,} blind labels of {total:,} labelled wafers, made without proposals."
        return (
            f"Measured by all labels: {count} of {total:,} wafers are labelled blind, {LEAST_BLIND} are needed. Labels "
            "that began with the model's proposals flatter it."
        )


def judgement(lake: Lake, database: AppDatabase, scope: Scope) -> Judgement:
    """Hold what the model found against all labels and against the blind ones.

    Args, Raises:
        As `judge`.
    """
    return Judgement(*(judge(lake, database, replace(scope, blind=blind)) for blind in (False, True)))


def judge(lake: Lake, database: AppDatabase, scope: Scope) -> Judged:
    """Hold what the model found against what people say is right.

    A wafer's label is the one that counts: gold before reviewed before submitted, newest of equals, on the very grid
    that was segmented. A wafer's result is its newest.

    Args:
        lake: of results.
        database: of labels.
        scope: which wafers and models.

    Raises:
        LakeError: the lake cannot be read.
        AppDatabaseError: the database cannot be used.
    """
    condition, parameters = scope.condition()
    with database.reading() as session:
        keys = labelled_keys(session, blind=scope.blind)
    wanted = f"SELECT {', '.join(_FACTS)} FROM wafers WHERE key IN (SELECT unnest(?)) AND {condition} ORDER BY key"
    facts = lake.query(wanted, [keys, *parameters])
    kept, parts = list[str](), list[Counts]()
    table, levels = np.zeros((CLASS_COUNT + 1, CLASS_COUNT + 1), np.int64), np.zeros((2, CLASS_COUNT, LEVELS), np.int64)
    for some in batches(facts["key"], AT_ONCE):
        results = lake.results_by_keys(some)
        with database.reading() as session:
            labels = labels_of(session, [result.wafer for result in results.values()], blind=scope.blind)
        for key, annotation in labels.items():
            result, failing = results[key], results[key].wafer.failing
            truth, found = annotation.read().masks()[:, failing], result.segmentation.masks[:, failing]
            kept.append(key)
            parts.append(count([truth[:, None]], [found[:, None]]))
            table += confusion(truth, found)
            steps = np.rint(result.segmentation.probabilities[:, failing] * (LEVELS - 1)).astype(np.int64)
            for k in range(CLASS_COUNT):
                levels[0, k] += np.bincount(steps[k, truth[k]], minlength=LEVELS)
                levels[1, k] += np.bincount(steps[k, ~truth[k]], minlength=LEVELS)
    order = sorted(range(len(kept)), key=kept.__getitem__)
    rows = facts[facts["key"].isin(kept)].reset_index(drop=True)
    return Judged(rows, with_overall(Counts.of_wafers([parts[i] for i in order])), table, levels)


def with_overall(counts: Counts) -> Counts:
    """Put the dies of all classes beside those of each: (N, 8) becomes (N, 9)."""
    return Counts(*(np.column_stack([x, x.sum(axis=1)]) for x in (counts.hit, counts.wrong, counts.missed)))


def state(lake: Lake, database: AppDatabase) -> str:
    """Return a text that changes when a result or a label does, so that answers can be kept until then."""
    newest = lake.query("SELECT max(segmentation_sequence) AS s, count(*) AS n FROM wafers").iloc[0]
    with database.reading() as session:
        told = session.execute(select(func.max(Annotation.id), func.count(Annotation.withdrawn_at))).one()
    return f"{newest['s']} {newest['n']} {told[0]} {told[1]}"
