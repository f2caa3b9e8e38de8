"""Labels as requests and answers have them."""

from datetime import datetime
from enum import StrEnum
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, Field, model_validator

from core.annotation.items import LabelItem
from core.instances.clusters import REFERENCE_PX
from core.labels.annotations import Annotation
from core.labels.coco_masks import failing_dies_within
from core.labels.label import Label, LabelInstance
from core.labels.run_lengths import coco_run_lengths
from data.classes import CLASS_KEYS
from data.errors import FormatError
from data.wafer import WaferMap
from web.api.errors import RequestError

MOST_INSTANCES = 500

ClassKey = Literal["edge", "center", "ring", "scratch", "particle", "lithography", "etching", "random"]


class Frame(StrEnum):
    """In which frame a polygon's corners are."""

    PX = "px"
    DIE = "die"


class Marked(BaseModel):
    """One cluster of a label: a polygon, or its dies."""

    defect_class: ClassKey = Field(description=f"One of {', '.join(CLASS_KEYS)}.")
    polygon: list[tuple[float, float]] | None = Field(
        default=None,
        min_length=3,
        max_length=10_000,
        description="Corners as [x, y]; the failing dies whose middles lie inside belong to it.",
    )
    frame: Frame = Field(
        default=Frame.PX, description="px: of the grid drawn at 300 x 300, y down; die: [column, row] of the die grid."
    )
    dies: list[tuple[int, int]] | None = Field(
        default=None,
        min_length=1,
        max_length=1_000_000,
        description="[row, column] of each die, in place of a polygon.",
    )

    @model_validator(mode="after")
    def _one_of_two(self) -> "Marked":
        if (self.polygon is None) == (self.dies is None):
            raise ValueError("give either polygon or dies")
        return self


class LabelAsked(BaseModel):
    """A label that is submitted."""

    wafer_map_id: str = Field(description="LOT:WAFER.", examples=["LOT7:W05"])
    annotations: list[Marked] = Field(max_length=MOST_INSTANCES, description="Its clusters; none with `no_defect`.")
    no_defect: bool = Field(default=False, description="There is no pattern on the wafer.")
    annotation_time_seconds: float = Field(default=0.0, ge=0, le=86_400, description="Of work, pauses left out.")


class Cluster(BaseModel):
    """One cluster of a stored label."""

    number: int
    defect_class: str
    die_count: int
    dies: list[list[int]] = Field(description="[row, column] of each die.")
    mask: dict[str, Any] = Field(description="COCO's uncompressed run lengths, columns first.")
    origin: str = Field(description="Who drew it first: model or person.")


class StoredLabel(BaseModel):
    """One version of a wafer's label."""

    annotation_id: int
    wafer_map_id: str
    annotator_name: str
    source: str
    no_defect: bool
    annotations: list[Cluster]
    annotation_time_seconds: float
    created_at: datetime
    replaces_id: int | None
    deleted_at: datetime | None
    deleted_by: str | None


class QueueItem(BaseModel):
    """One label that is wanted of one wafer."""

    item_id: int
    wafer_map_id: str
    iteration: int
    priority_score: float
    reason: str
    annotation_status: str
    assignee: str | None
    queued_at: datetime


def label_of(asked: LabelAsked, wafer: WaferMap) -> Label:
    """Return the label that a request submits.

    Args:
        asked: the request.
        wafer: that it is of.

    Raises:
        RequestError: a polygon or dies that cannot be used; the field is named.
        LabelError: the label contradicts itself.
    """
    instances = tuple(
        LabelInstance(n + 1, one.defect_class, _dies(one, wafer, f"annotations.{n}"))
        for n, one in enumerate(asked.annotations)
    )
    return Label(wafer.key, _shape(wafer), instances, no_defect=asked.no_defect)


def stored_label(annotation: Annotation) -> StoredLabel:
    """Return a version of a label as the API says it."""
    label = annotation.read()
    return StoredLabel(
        annotation_id=annotation.id,
        wafer_map_id=annotation.wafer_key,
        annotator_name=annotation.annotator,
        source=str(annotation.source),
        no_defect=label.no_defect,
        annotations=[_cluster(one, label.shape) for one in label.kept],
        annotation_time_seconds=annotation.seconds,
        created_at=annotation.submitted_at,
        replaces_id=annotation.replaces_id,
        deleted_at=annotation.withdrawn_at,
        deleted_by=annotation.withdrawn_by,
    )


def queue_item(item: LabelItem) -> QueueItem:
    """Return an item of the queue as the API says it; that a wafer's label is known is not said."""
    return QueueItem(
        item_id=item.id,
        wafer_map_id=item.wafer_key,
        iteration=item.iteration,
        priority_score=item.priority,
        reason=item.reason,
        annotation_status=str(item.status),
        assignee=item.assignee,
        queued_at=item.added_at,
    )


def _cluster(one: LabelInstance, shape: tuple[int, int]) -> Cluster:
    mask = np.zeros(shape, dtype=bool)
    mask[one.dies[:, 0], one.dies[:, 1]] = True
    return Cluster(
        number=one.number,
        defect_class=one.class_key,
        die_count=len(one.dies),
        dies=one.dies.tolist(),
        mask=coco_run_lengths(mask),
        origin=str(one.origin),
    )


def _dies(one: Marked, wafer: WaferMap, field: str) -> NDArray[np.intp]:
    if one.dies is not None:
        return np.array(sorted(set(one.dies)), dtype=np.intp)
    rows, columns = wafer.dies.shape
    size = (float(REFERENCE_PX), float(REFERENCE_PX)) if one.frame == Frame.PX else (float(rows), float(columns))
    shift = 0.0 if one.frame == Frame.PX else 0.5  # a die's middle is at whole numbers there
    ring = [place + shift for corner in one.polygon or () for place in corner]
    try:
        dies, _ = failing_dies_within({"segmentation": [ring]}, size, wafer)
    except FormatError as error:
        raise RequestError(f"{field}.polygon", error.problem, f"{error.remedy}.") from error
    if not len(dies):
        raise RequestError(f"{field}.polygon", "no failing die's middle lies inside", "Draw it around failing dies.")
    return dies


def _shape(wafer: WaferMap) -> tuple[int, int]:
    rows, columns = wafer.dies.shape
    return rows, columns
