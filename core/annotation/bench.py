"""A wafer on the bench of whoever labels it: what the label starts from, the draft, who else is at it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.active_learning.candidates import vectors_of
from core.analysis.result import WaferResult
from core.annotation.items import LabelItem, items_in_hand
from core.database import Decisions
from core.datasets.doubts import Doubt, judged_classes, rank_doubts
from core.datasets.errors import LabelledWafer, Suspect, rank_labels
from core.identity import Person
from core.labels.annotations import labels_of, own_annotation
from core.labels.draft_store import OtherDraft, draft_of, other_drafts
from core.labels.label import Label, from_proposal
from core.lake import Lake
from core.lake.batches import WAFERS_AT_ONCE, batches
from core.segmentation import Segmentation
from core.severity import severity
from data.classes import CLASS_COUNT, CLASSES
from data.wafer import WaferMap

_MODEL = """
    SELECT model FROM embeddings WHERE key IN (SELECT unnest(?)) GROUP BY model ORDER BY count(*) DESC, model LIMIT 1
"""


@dataclass(frozen=True, eq=False)
class Bench:
    """A wafer ready to be labelled.

    Args:
        wafer: as it is now.
        start: what the label starts from: what the person said before, else the model's proposal, else nothing.
        draft: text of the person's draft, None for none.
        item: of the queue that the person has in hand, None where the wafer is labelled without one.
        others: who else has a draft of it.
        submitted: the person has submitted a label of it.
    """

    wafer: WaferMap
    start: Label
    draft: str | None
    item: LabelItem | None
    others: tuple[OtherDraft, ...]
    submitted: bool


def bench(decisions: Decisions, lake: Lake, key: str, person: Person) -> Bench:
    """Lay out a wafer for a person.

    Raises:
        LakeError: the lake does not hold the wafer.
        DecisionsError: the database cannot be reached.
    """
    wafer = lake.wafer(key)
    with decisions.reading() as session:
        before = own_annotation(session, wafer, person)
        draft = draft_of(session, wafer, person)
        item = next((i for i in items_in_hand(session, person) if i.wafer_key == key), None)
        others = tuple(other_drafts(session, key, person))
    return Bench(
        wafer, before.read() if before else proposal(lake, wafer), draft.text if draft else None, item, others,
        submitted=before is not None,
    )  # fmt: skip


def proposal(lake: Lake, wafer: WaferMap) -> Label:
    """Give the model's proposal for a wafer, an empty label where it is not segmented."""
    found = lake.results_by_keys([wafer.key]).get(wafer.key)
    return Label(wafer.key, wafer.dies.shape) if found is None else from_proposal(wafer, found.instances)


def labelled_result(wafer: WaferMap, label: Label, said_by: str) -> WaferResult:
    """Give a label the form of a result, to be drawn, measured and exported like one: what a person says is certain.

    Args:
        wafer: the wafer.
        label: of it.
        said_by: stands where the model's name does.
    """
    masks = label.masks()
    instances = label.measured(wafer)
    sure = masks.astype(np.float32)
    found = Segmentation(wafer.key, sure, masks, sure.max(axis=(1, 2)), said_by)
    return WaferResult(wafer, found, instances, severity(instances, wafer))


def label_doubts(decisions: Decisions, lake: Lake, keys: Sequence[str]) -> tuple[list[Doubt], list[str]]:
    """Rank the labels of wafers by how strongly a cross-validated model disagrees, worst first.

    It learns from vectors of the model that has embedded the most of these wafers.

    Args:
        decisions: where the labels are.
        lake: where wafers and vectors are.
        keys: of wafers; those without a label or a vector are left out.

    Returns:
        The doubts, and the names of the classes that too few labels say anything about.
    """
    embedded = lake.query(_MODEL, [list(keys)])["model"]
    shown, vectors = vectors_of(lake, str(embedded[0]), keys) if len(embedded) else ([], np.zeros((0, 0), np.float32))
    present: dict[str, NDArray[np.bool_]] = {}
    lots: dict[str, str] = {}
    for some in batches(shown, WAFERS_AT_ONCE):
        wafers = lake.wafers_by_keys(some)
        with decisions.reading() as session:
            labels = labels_of(session, list(wafers.values()))
        present |= {key: np.asarray(a.read().masks().any(axis=(1, 2))) for key, a in labels.items()}
        lots |= {key: wafers[key].lot_id for key in labels}
    rows = [n for n, key in enumerate(shown) if key in present]
    known = [shown[n] for n in rows]
    said = np.array([present[key] for key in known], dtype=bool).reshape(-1, CLASS_COUNT)
    judged = judged_classes(said)
    return (
        rank_doubts(known, [lots[key] for key in known], vectors[rows], said),
        [c.name for k, c in enumerate(CLASSES) if k not in judged],
    )


def likely_errors(decisions: Decisions, lake: Lake, keys: Sequence[str]) -> list[Suspect]:
    """Rank the labels of wafers by how strongly the lake's segmentations disagree, worst first.

    It is as fair as the model is new to these labels: one that has learnt a wrong label agrees with it.

    Args:
        decisions: where the labels are.
        lake: where wafers and segmentations are.
        keys: of wafers; those without a label or a segmentation are left out.
    """
    found: list[LabelledWafer] = []
    for some in batches(keys, WAFERS_AT_ONCE):
        results = lake.results_by_keys(some)
        with decisions.reading() as session:
            labels = labels_of(session, [result.wafer for result in results.values()])
        found += [
            LabelledWafer(
                key, a.read().masks(), results[key].segmentation.probabilities, results[key].wafer.failing
            )
            for key, a in labels.items()
        ]  # fmt: skip
    return rank_labels(found)
