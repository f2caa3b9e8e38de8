"""Labels that may be wrong: those of the app database, ranked by how strongly a model disagrees with them."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from core.database import AppDatabase
from core.datasets.suspect_classes import SuspectClass, judged_classes, rank_by_class
from core.datasets.suspect_dies import LabelledWafer, SuspectDies, rank_by_dies
from core.labels.annotations import labels_of
from core.lake import Lake
from core.lake.batches import WAFERS_AT_ONCE, batches
from core.similarity.embeddings import vectors_of
from data.classes import CLASS_COUNT, CLASSES

_MODEL = """
    SELECT model FROM embeddings WHERE key IN (SELECT unnest(?)) GROUP BY model ORDER BY count(*) DESC, model LIMIT 1
"""


def suspect_classes(database: AppDatabase, lake: Lake, keys: Sequence[str]) -> tuple[list[SuspectClass], list[str]]:
    """Rank the labels of wafers by how strongly a cross-validated model disagrees, worst first.

    It learns from vectors of the model that has embedded the most of these wafers.

    Args:
        database: where the labels are.
        lake: where wafers and vectors are.
        keys: of wafers; those without a label or a vector are left out.

    Returns:
        The uncertainties, and the names of the classes that too few labels say anything about.
    """
    embedded = lake.query(_MODEL, [list(keys)])["model"]
    shown, vectors = vectors_of(lake, str(embedded[0]), keys) if len(embedded) else ([], np.zeros((0, 0), np.float32))
    present: dict[str, NDArray[np.bool_]] = {}
    lots: dict[str, str] = {}
    for some in batches(shown, WAFERS_AT_ONCE):
        wafers = lake.wafers_by_keys(some)
        with database.reading() as session:
            labels = labels_of(session, list(wafers.values()))
        present |= {key: np.asarray(a.read().masks().any(axis=(1, 2))) for key, a in labels.items()}
        lots |= {key: wafers[key].lot_id for key in labels}
    rows = [n for n, key in enumerate(shown) if key in present]
    known = [shown[n] for n in rows]
    said = np.array([present[key] for key in known], dtype=bool).reshape(-1, CLASS_COUNT)
    judged = judged_classes(said)
    return (
        rank_by_class(known, [lots[key] for key in known], vectors[rows], said),
        [c.name for k, c in enumerate(CLASSES) if k not in judged],
    )


def suspect_dies(database: AppDatabase, lake: Lake, keys: Sequence[str]) -> list[SuspectDies]:
    """Rank the labels of wafers by how strongly the lake's segmentations disagree, worst first.

    It is as fair as the model is new to these labels: one that has learnt a wrong label agrees with it.

    Args:
        database: where the labels are.
        lake: where wafers and segmentations are.
        keys: of wafers; those without a label or a segmentation are left out.
    """
    found: list[LabelledWafer] = []
    for some in batches(keys, WAFERS_AT_ONCE):
        results = lake.results_by_keys(some)
        with database.reading() as session:
            labels = labels_of(session, [result.wafer for result in results.values()])
        found += [
            LabelledWafer(key, a.read().masks(), results[key].segmentation.probabilities, results[key].wafer.failing)
            for key, a in labels.items()
        ]
    return rank_by_dies(found)
