"""A wafer's result as CSV: one table of wafers, one of clusters. Units stand in the column names."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence

from core.analysis.result import WaferResult
from core.exports.cells import plain_row
from core.exports.records import Json, identity, number
from core.instances import Instance
from data.classes import CLASS_KEYS
from data.wafer import WaferMap

INSTANCE_COLUMNS = (
    "key",
    "lot",
    "wafer",
    "class",
    "number",
    "die_count",
    "area_mm2",
    "area_px",
    "perimeter_mm",
    "perimeter_px",
    "compactness",
    "centroid_row",
    "centroid_column",
    "centroid_x_mm",
    "centroid_y_mm",
    "centroid_x_px",
    "centroid_y_px",
    "first_row",
    "first_column",
    "last_row",
    "last_column",
    "mean_confidence",
    "zone",
    "sector",
)
WAFER_COLUMNS = (
    "key",
    "lot",
    "wafer",
    "product",
    "test_program",
    "step",
    "started_at",
    "tested_at",
    "source_name",
    "source_sha256",
    "rows",
    "columns",
    "tested_dies",
    "failing_dies",
    "yield_fraction",
    "classes",
    "severity",
    "cluster_count",
    "affected_dies",
    "density_per_cm2",
    "coverage",
    "edge_ratio",
    "assumed_geometry",
    *(f"presence_{key}" for key in CLASS_KEYS),
    "model",
    "passing_known",
    "first_pass_yield",
    "remarks",
)


def wafer_row(result: WaferResult) -> dict[str, Json]:
    """Return one wafer as a row of wafers.csv, keyed by WAFER_COLUMNS."""
    severity, presence = result.severity, result.segmentation.presence
    return {
        **identity(result.wafer),
        "classes": " ".join(result.segmentation.classes_present),
        "severity": number(severity.score),
        "cluster_count": severity.cluster_count,
        "affected_dies": severity.affected_dies,
        "density_per_cm2": number(severity.density_per_cm2),
        "coverage": number(severity.coverage),
        "edge_ratio": number(severity.edge_ratio),
        "assumed_geometry": severity.assumed_geometry,
        **{f"presence_{key}": number(presence[k]) for k, key in enumerate(CLASS_KEYS)},
        "model": result.segmentation.model,
        "remarks": " ".join(result.wafer.remarks),
    }


def instance_rows(result: WaferResult) -> list[dict[str, Json]]:
    """Return one wafer's clusters as rows of instances.csv, keyed by INSTANCE_COLUMNS."""
    return [_instance_row(instance, result.wafer) for instance in result.instances]


def wafers_csv(results: Iterable[WaferResult]) -> str:
    """Write one line a wafer."""
    return _csv(WAFER_COLUMNS, (wafer_row(result) for result in results))


def instances_csv(results: Iterable[WaferResult]) -> str:
    """Write one line a cluster."""
    return _csv(INSTANCE_COLUMNS, (row for result in results for row in instance_rows(result)))


def _csv(columns: Sequence[str], rows: Iterable[Mapping[str, Json]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(plain_row(row) for row in rows)
    return text.getvalue()


def _instance_row(instance: Instance, wafer: WaferMap) -> dict[str, Json]:
    row, column = instance.centroid_die
    x_mm, y_mm = instance.centroid_mm
    x_px, y_px = instance.centroid_px
    first_row, first_column, last_row, last_column = instance.bbox_die
    return {
        "key": wafer.key,
        "lot": wafer.lot_id,
        "wafer": wafer.wafer_id,
        "class": instance.class_key,
        "number": instance.number,
        "die_count": instance.die_count,
        "area_mm2": number(instance.area_mm2),
        "area_px": number(instance.area_px),
        "perimeter_mm": number(instance.perimeter_mm),
        "perimeter_px": number(instance.perimeter_px),
        "compactness": number(instance.compactness),
        "centroid_row": number(row),
        "centroid_column": number(column),
        "centroid_x_mm": number(x_mm),
        "centroid_y_mm": number(y_mm),
        "centroid_x_px": number(x_px),
        "centroid_y_px": number(y_px),
        "first_row": number(first_row),
        "first_column": number(first_column),
        "last_row": number(last_row),
        "last_column": number(last_column),
        "mean_confidence": number(instance.mean_confidence),
        "zone": str(instance.zone),
        "sector": instance.sector,
    }
