"""What the API says about wafers and what was found on them; the fields are those of the exports, with their units."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field


class WaferRow(BaseModel):
    """A wafer in a list."""

    key: str = Field(description="LOT:WAFER, by which everything else asks for it.", examples=["LOT7:W05"])
    lot_id: str
    wafer_id: str
    product: str
    test_program: str
    step: str = Field(description="Insertion or inspection step of the test that is shown; empty when unknown.")
    tested_at: datetime | None = Field(description="UTC; null when unknown.")
    tested_count: int = Field(description="Dies that were tested.")
    fail_count: int = Field(description="Of these, that fail.")
    yield_fraction: float | None = Field(description="0 to 1; null where it is not known which dies pass.")
    severity: float | None = Field(description="0 to 100, higher is worse; null before segmentation.")
    cluster_count: int | None
    affected_dies: int | None = Field(description="Failing dies that at least one pattern accounts for.")
    classes_present: list[str]
    dominant_class: str | None
    mean_confidence: float | None = Field(description="0 to 1.")
    model: str | None = Field(description="Model that found this; null before segmentation.")
    segmented_at: datetime | None
    source_name: str


class WaferPage(BaseModel):
    """A page of wafers."""

    wafers: list[WaferRow]
    total: int = Field(description="Wafers that the filter lets through.")
    next_cursor: str | None = Field(description="Hand it back as `cursor` for the next page; null on the last one.")


class TestRecord(BaseModel):
    """One test of a wafer, retests merged into it."""

    id: str
    step: str
    test_program: str
    started_at: datetime | None
    tested_at: datetime | None
    tested_dies: int
    failing_dies: int
    yield_fraction: float | None
    first_yield: float | None = Field(description="Of the first pass; null where no die was tested again.")
    retested_dies: int
    source_name: str
    shown: bool = Field(description="Whether lists show this test.")


class WaferDetail(BaseModel):
    """What is known of a wafer, its dies on demand."""

    key: str
    lot: str
    wafer: str
    product: str
    test_program: str
    step: str
    started_at: datetime | None
    tested_at: datetime | None
    source_name: str
    source_sha256: str
    rows: int
    columns: int
    tested_dies: int
    failing_dies: int
    yield_fraction: float | None
    passing_known: bool
    first_pass_yield: float | None
    diameter_mm: float | None
    die_pitch_mm: list[float] | None = Field(description="[row, column] pitch, mm.")
    center_die: list[float] | None = Field(description="[row, column] of the wafer's centre on the die grid.")
    notch: str
    attributes: dict[str, str] = Field(description="Process history that the file told.")
    remarks: list[str] = Field(description="What was unsure or left out when it was read.")
    tests: list[TestRecord]
    dies: list[list[int]] | None = Field(
        default=None, description="Rows of 0 no die, 1 passes, 2 fails; with `dies=true`."
    )
    bins: list[list[int]] | None = Field(default=None, description="Bin of each die; with `dies=true`.")


class Places(BaseModel):
    """A place or box in three frames: dies of the grid, mm from the centre, pixels of the grid drawn at 300 x 300."""

    die: list[float | None]
    mm: list[float | None]
    px: list[float | None]


class Outline(BaseModel):
    """A polygon in three frames."""

    die: list[list[float]]
    mm: list[list[float]]
    px: list[list[float]]


class Sizes(BaseModel):
    """A length or area in two units."""

    px: float | None
    mm: float | None = None
    mm2: float | None = None


class Defect(BaseModel):
    """One cluster of failing dies that one pattern accounts for."""

    defect_id: str = Field(description="Class and number: unique on the wafer for this answer.", examples=["scratch-2"])
    defect_class: str
    number: int
    confidence: float | None = Field(description="Mean calibrated probability over its dies, 0 to 1.")
    die_count: int
    area: Sizes
    perimeter: Sizes
    compactness: float | None = Field(description="4 pi area / perimeter^2; near 0 for a line.")
    centroid: Places
    bbox: Places
    polygon: Outline | None
    zone: str = Field(description="center, middle or edge.")
    sector: int = Field(description="Clock hour seen from the centre, 12 at the top of the grid.")
    dies: list[list[int]] = Field(description="[row, column] of each die.")


class Spread(BaseModel):
    """Where on the wafer affected dies lie, shares of 0 to 1; null without any."""

    center: float | None
    middle: float | None
    edge: float | None
    quadrants: dict[str, float | None] = Field(description="Upper right, upper left, lower left, lower right.")


class Metrics(BaseModel):
    """A wafer's defects summed up."""

    total_defect_count: int = Field(description="Clusters.")
    affected_dies: int
    unexplained_dies: int = Field(description="Failing dies that no pattern accounts for.")
    defect_density: float | None = Field(description="Affected dies per cm2 of wafer.")
    spatial_distribution: Spread
    dominant_defect_type: str | None
    dies_by_class: dict[str, int]
    clusters_by_class: dict[str, int]
    mean_confidence: float | None


class Prediction(BaseModel):
    """What a model finds on a wafer."""

    wafer_map_id: str = Field(description="LOT:WAFER.")
    classes: list[str]
    presence: dict[str, float | None] = Field(description="Calibrated probability that the class is on the wafer.")
    defects: list[Defect]
    severity: dict[str, Any] = Field(description="Score of 0 to 100 with its terms and the reason in words.")
    metrics: Metrics | None
    segmentation_mask: dict[str, Any] | None = Field(
        default=None,
        description="`rle`: for each class COCO's uncompressed run lengths, columns first; `png`, `npz`: base64.",
    )
    uncertainty: float | None = Field(default=None, description="Of the wafer, 0 to 1; with `return_uncertainty`.")
    remarks: list[str]
    model_version: str
    stored: bool = Field(description="Whether the lake holds this answer.")
    inference_time_ms: float | None = Field(description="Share of this wafer; null where the answer was stored.")


class Predictions(BaseModel):
    """What a model finds on some wafers."""

    predictions: list[Prediction]
    batch_size: int
    total_inference_time_ms: float
    failures: list[str] = Field(default=[], description="Files, or wafers of files, that could not be read, and why.")


class TakenInAnswer(BaseModel):
    """What taking files in did."""

    wafers: list[str] = Field(description="Keys of all wafers that were read.")
    new: int
    already: int = Field(description="Wafers that the lake held just like this.")
    segmented: int
    said: list[str] = Field(description="A sentence for each wafer that met an earlier test: merged, or kept.")
    failures: list[str] = Field(description="Files, or wafers of files, that could not be read, and why.")
    alarms_raised: int
    problem: str = Field(description="Why looking for alarms failed; empty where it did not.")
