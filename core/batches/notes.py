"""What is noted of a batch: what was asked for, what reading gave, what came out."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

from data.formats import ReadFailure

WAFERS_PER_PART = 128
FORMER_FIELDS = {"careful": "tta"}
"""Fields that requests of earlier versions hold, and what they are called now."""


@dataclass(frozen=True)
class BatchRequest:
    """What a batch is to do.

    Args:
        title: for people.
        asked_by: name of who asked for it.
        asked_at: when, ISO 8601 in UTC.
        paths: files, folders or zips to read; relative ones lie in the batch's own folder.
        model: path of the ONNX file, "" for the one of the settings.
        tta: average over eight turns and flips of each wafer.
        save: keep wafers and results in the lake when all is done.
        channels: numbers of the channels that are told when it is done.
        wafers_per_part: what a pause or a kill may have to do again.
    """

    title: str
    asked_by: str
    asked_at: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))
    paths: tuple[str, ...] = ()
    model: str = ""
    tta: bool = False
    save: bool = False
    channels: tuple[int, ...] = ()
    wafers_per_part: int = WAFERS_PER_PART


@dataclass(frozen=True)
class Read:
    """What reading gave.

    Args:
        counts: wafers in each part, in order.
        failures: what gave no wafer, and why.
    """

    counts: tuple[int, ...]
    failures: tuple[ReadFailure, ...]

    @property
    def wafers(self) -> int:
        """How many wafers were read."""
        return sum(self.counts)


@dataclass(frozen=True)
class BatchSummary:
    """What came out of a batch.

    Args:
        wafers: with a result.
        with_pattern: of them, those with any defect pattern.
        failures: what gave no result.
    """

    wafers: int
    with_pattern: int
    failures: int
