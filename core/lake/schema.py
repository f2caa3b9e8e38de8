"""What the lake's tables hold: columns, types, keys. Every time is UTC without a zone, every length says its unit.

Every row carries `sequence`, nanoseconds since 1970 at which it was appended and rising: of the rows with the same key
the highest sequence counts. A wafer that was tested more than once has rows of `wafers` for each `test` of it (NULL in
rows that are older than this column), and the one of the highest sequence is shown. `dies` and `instances` belong to
the row of `wafers` or `segmentations` with their key and sequence, and are written before it, so what a reader finds
through the parent is always complete.

Answers of older models, or on an older grid, are kept apart in `earlier_segmentations` and `earlier_instances`, so that
who asks for the newest reads none of them.
"""

from dataclasses import dataclass

import pyarrow as pa

from data.classes import CLASS_KEYS

TIME = pa.timestamp("us")
TEXT = pa.string()
COUNT = pa.int32()
REAL = pa.float64()


@dataclass(frozen=True)
class LakeTable:
    """A table of the lake.

    Args:
        name: its folder and view.
        columns: name and type.
        keys: columns that name what a row is about.
        order: columns its parts are sorted by when merged.
        parent: table whose rows its rows belong to by key and sequence; its own name when it stands alone.
        member: column that tells the rows of one key and sequence apart, "" where there is one.
        earlier: table that keeps what a merge takes out of this one, "" where that is dropped.
    """

    name: str
    columns: tuple[tuple[str, pa.DataType], ...]
    keys: tuple[str, ...]
    order: tuple[str, ...]
    parent: str
    member: str = ""
    earlier: str = ""

    @property
    def schema(self) -> pa.Schema:
        """The columns as Arrow knows them."""
        return pa.schema(list(self.columns))


WAFER_COLUMNS = (
    ("key", TEXT),
    ("sequence", pa.int64()),
    ("fingerprint", pa.int64()),
    ("dies_hash", pa.int64()),
    ("ingested_at", TIME),
    ("lot_id", TEXT),
    ("wafer_id", TEXT),
    ("product", TEXT),
    ("test_program", TEXT),
    ("tested_at", TIME),
    ("grid_rows", pa.int16()),
    ("grid_columns", pa.int16()),
    ("die_pitch_row_mm", REAL),
    ("die_pitch_column_mm", REAL),
    ("diameter_mm", REAL),
    ("notch", TEXT),
    ("tested_count", COUNT),
    ("fail_count", COUNT),
    ("yield_fraction", REAL),
    ("attributes", pa.map_(TEXT, TEXT)),
    ("source_name", TEXT),
    ("source_sha256", TEXT),
    ("center_row", REAL),
    ("center_column", REAL),
    ("step", TEXT),
    ("started_at", TIME),
    ("passing_known", pa.bool_()),
    ("remarks", pa.list_(TEXT)),
    ("test", pa.int64()),
    ("first_tested", COUNT),
    ("first_passing", COUNT),
    ("retested_dies", COUNT),
)
"""What is known of a wafer by its newest test; `yield_fraction` is NULL where passing dies are not known."""

RUN_COLUMNS = (("merged_from", pa.list_(pa.int64())),)
"""What tells how tests came about, and stays in the parts: fingerprints of the runs whose merge a row is."""

POSITIONS = ("slot",)
"""Attributes that say where a wafer stood, not what was done to it."""

ZONES = ("center", "middle", "edge")
"""Where a cluster lies, as `core.instances.clusters.Zone` names it."""

ZONE_COLUMNS = tuple((f"zone_{zone}_{key}", COUNT) for zone in ZONES for key in CLASS_KEYS)
"""Dies of each class's clusters that lie in each zone."""

MEASURE_COLUMNS = (
    ("segmented_at", TIME),
    ("model", TEXT),
    ("seconds", REAL),
    ("severity", REAL),
    ("severity_version", pa.int8()),
    ("density_term", REAL),
    ("coverage_term", REAL),
    ("count_term", REAL),
    ("cluster_count", COUNT),
    ("affected_dies", COUNT),
    ("density_per_cm2", REAL),
    ("coverage", REAL),
    ("edge_ratio", REAL),
    ("assumed_geometry", pa.bool_()),
    ("classes_present", pa.list_(TEXT)),
    ("dominant_class", TEXT),
    ("mean_confidence", REAL),
    *((f"affected_{key}", COUNT) for key in CLASS_KEYS),
    *ZONE_COLUMNS,
)
"""What `wafers` shows of a segmentation: all that a page filters, sorts or sums by."""

DETAIL_COLUMNS = (
    ("clusters_per_cm2", REAL),
    *((f"cluster_{unit}_{bound}", REAL) for unit in ("dies", "mm2") for bound in ("min", "mean", "max")),
    ("assumption", TEXT),
    ("normal_fail_share", REAL),
    ("presence", pa.list_(pa.float32())),
    ("masks", pa.binary()),
    ("probabilities", pa.binary()),
)
"""What is asked of one wafer at a time, and stays in the parts."""

_SEGMENTATION_COLUMNS = (
    ("key", TEXT),
    ("sequence", pa.int64()),
    ("dies_hash", pa.int64()),
    *MEASURE_COLUMNS,
    *DETAIL_COLUMNS,
)

INSTANCE_PARTS = {
    "centroid_die": ("centroid_row", "centroid_column"),
    "centroid_mm": ("centroid_x_mm", "centroid_y_mm"),
    "centroid_px": ("centroid_x_px", "centroid_y_px"),
    "bbox_die": ("first_row", "first_column", "last_row", "last_column"),
    "bbox_mm": ("x_min_mm", "y_min_mm", "x_max_mm", "y_max_mm"),
    "bbox_px": ("x_min_px", "y_min_px", "x_max_px", "y_max_px"),
}
"""Fields of an Instance that are tuples, and the columns their members stand in."""

INSTANCE_MEASURES = (
    ("die_count", COUNT),
    ("area_mm2", REAL),
    ("area_px", REAL),
    ("perimeter_mm", REAL),
    ("perimeter_px", REAL),
    ("compactness", REAL),
    ("mean_confidence", REAL),
    ("zone", TEXT),
    ("sector", pa.int8()),
)

_INSTANCE_COLUMNS = (
    ("key", TEXT),
    ("sequence", pa.int64()),
    ("class_key", TEXT),
    ("number", COUNT),
    *INSTANCE_MEASURES,
    *((name, COUNT if field == "bbox_die" else REAL) for field, names in INSTANCE_PARTS.items() for name in names),
    ("dies", pa.binary()),
    ("polygon_die", pa.binary()),
)

_DIES_COLUMNS = (
    ("key", TEXT),
    ("sequence", pa.int64()),
    ("grid", pa.binary()),
    ("bins", pa.binary()),
    ("test", pa.int64()),
)

_EMBEDDING_COLUMNS = (
    ("key", TEXT),
    ("sequence", pa.int64()),
    ("model", TEXT),
    ("dies_hash", pa.int64()),
    ("vector", pa.list_(pa.float32())),
    ("segmented", pa.int64()),
    ("cluster_numbers", pa.list_(COUNT)),
    ("cluster_vectors", pa.list_(pa.float32())),
)
"""`segmented` is the sequence of the segmentation whose clusters these are, NULL as long as none are embedded."""

_EVALUATION_COLUMNS = (
    ("key", TEXT),
    ("sequence", pa.int64()),
    ("model", TEXT),
    ("data", TEXT),
    ("evaluated_at", TIME),
    ("report", TEXT),
)

ANSWER_COLUMNS = (("model", TEXT), ("dies_hash", pa.int64()), ("replaced", pa.int64()))
"""What tells earlier answers on one wafer apart, and the sequence of the answer that first took its place."""
_ANSWER_KEYS = ("key", "model", "dies_hash")

TABLES = {
    table.name: table
    for table in (
        LakeTable("wafers", (*WAFER_COLUMNS, *RUN_COLUMNS), ("key", "test"), ("tested_at", "key"), "wafers"),
        LakeTable(
            "segmentations", _SEGMENTATION_COLUMNS, ("key",), ("key",), "segmentations", earlier="earlier_segmentations"
        ),
        LakeTable("dies", _DIES_COLUMNS, ("key", "test"), ("key",), "wafers"),
        LakeTable(
            "instances",
            _INSTANCE_COLUMNS,
            ("key",),
            ("key", "number"),
            "segmentations",
            "number",
            earlier="earlier_instances",
        ),
        LakeTable("embeddings", _EMBEDDING_COLUMNS, ("key", "model"), ("key",), "embeddings"),
        LakeTable("evaluations", _EVALUATION_COLUMNS, ("key",), ("evaluated_at",), "evaluations"),
        LakeTable(
            "earlier_segmentations",
            (*_SEGMENTATION_COLUMNS, ANSWER_COLUMNS[-1]),
            _ANSWER_KEYS,
            ("key",),
            "earlier_segmentations",
        ),
        LakeTable(
            "earlier_instances",
            (*_INSTANCE_COLUMNS, *ANSWER_COLUMNS),
            _ANSWER_KEYS,
            ("key", "number"),
            "earlier_segmentations",
            "number",
        ),
    )
}
"""The tables, parents before children, and what rows are taken out of before what they go to: in this order a reader
lists them, so that it misses no row."""
