"""What was found on a wafer, in the shape that the API answers with."""

import base64
import io
from collections.abc import Sequence
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.analysis.result import WaferResult
from core.analysis.summaries import summarise
from core.exports.images import mask_png
from core.exports.records import Json, number, wafer_record
from core.instances import Instance
from core.labels.run_lengths import coco_run_lengths
from data.classes import CLASS_INDEX, CLASS_KEYS
from web.api.shapes import Defect, Metrics, Prediction, Spread


class MaskForm(StrEnum):
    """How masks are written."""

    RLE = "rle"
    PNG = "png"
    NPZ = "npz"


def prediction(
    result: WaferResult,
    *,
    stored: bool,
    milliseconds: float | None,
    threshold: float = 0.0,
    masks: MaskForm | None = None,
    polygons: bool = True,
    metrics: bool = True,
) -> Prediction:
    """Return a result as the API says it.

    Args:
        result: what was found.
        stored: whether the lake holds it.
        milliseconds: that it took, None where it was stored.
        threshold: clusters with a mean confidence below are left out, of the masks as well.
        masks: how masks are written; None for no masks.
        polygons: with the outlines of clusters.
        metrics: with the sums over the wafer.
    """
    kept = [one for one in result.instances if one.mean_confidence >= threshold]
    seen = result if not threshold else _of_instances(result, kept)
    record: dict[str, Any] = wafer_record(seen)
    return Prediction(
        wafer_map_id=result.wafer.key,
        classes=record["classes"],
        presence=record["presence"],
        defects=[_defect(one, polygons) for one in record["instances"]],
        severity=record["severity"],
        metrics=_metrics(seen) if metrics else None,
        segmentation_mask=None if masks is None else mask_of(seen, masks),
        remarks=record["remarks"],
        model_version=result.segmentation.model,
        stored=stored,
        inference_time_ms=milliseconds,
    )


def mask_of(result: WaferResult, form: MaskForm) -> dict[str, Any]:
    """Write the masks of all classes.

    Args:
        result: whose masks.
        form: run lengths of each class that is there, or all classes in one PNG or NPZ, in base64.
    """
    found = result.segmentation.masks
    if form == MaskForm.RLE:
        runs = {key: coco_run_lengths(found[CLASS_INDEX[key]]) for key in result.segmentation.classes_present}
        return {"format": form.value, "classes": runs}
    if form == MaskForm.PNG:
        content = mask_png(result)
    else:
        file = io.BytesIO()
        np.savez_compressed(file, masks=found, classes=np.array(CLASS_KEYS))
        content = file.getvalue()
    return {"format": form.value, "base64": base64.b64encode(content).decode("ascii")}


def _of_instances(result: WaferResult, kept: Sequence[Instance]) -> WaferResult:
    """The result with the dies of these clusters alone in its masks; the severity stays that of the wafer."""
    found = result.segmentation
    masks: NDArray[np.bool_] = np.zeros_like(found.masks)
    for one in kept:
        masks[CLASS_INDEX[one.class_key], one.dies[:, 0], one.dies[:, 1]] = True
    segmentation = type(found)(found.key, found.probabilities, masks, found.presence, found.model, found.embedding)
    return WaferResult(result.wafer, segmentation, list(kept), result.severity)


def _defect(record: dict[str, Any], polygons: bool) -> Defect:
    return Defect(
        defect_id=f"{record['class']}-{record['number']}",
        defect_class=record["class"],
        number=record["number"],
        confidence=record["mean_confidence"],
        die_count=record["die_count"],
        area=record["area"],
        perimeter=record["perimeter"],
        compactness=record["compactness"],
        centroid=record["centroid"],
        bbox=record["bbox"],
        polygon=record["polygon"] if polygons else None,
        zone=record["zone"],
        sector=record["sector"],
        dies=record["dies"],
    )


def _metrics(result: WaferResult) -> Metrics:
    summary = summarise(result)
    zones: dict[str, Json] = {zone: number(share) for zone, share in summary.zones.items()}
    quadrants = {name: number(share) for name, share in summary.quadrants.items()}
    return Metrics(
        total_defect_count=summary.cluster_count,
        affected_dies=summary.affected_dies,
        unexplained_dies=summary.unexplained_dies,
        defect_density=_number(result.severity.density_per_cm2),
        spatial_distribution=Spread(**zones, quadrants=quadrants),  # type: ignore[arg-type]
        dominant_defect_type=summary.dominant_class,
        dies_by_class=summary.dies_by_class,
        clusters_by_class=summary.clusters_by_class,
        mean_confidence=_number(summary.mean_confidence),
    )


def _number(value: float) -> float | None:
    return value if np.isfinite(value) else None
