"""The value in the middle: everything is read into a WaferMap, everything else consumes one."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from data.errors import WaferValueError

Scalar = TypeVar("Scalar", bound=np.generic)

OFF_WAFER, PASS, FAIL = 0, 1, 2
MAX_GRID = 4096
CENTER_DIGITS = 9  # of a die: so exactly that a turn and its way back give the same number
ASSUMED_DIAMETER_MM = 300.0


class Notch(StrEnum):
    """Where the notch or flat points on the grid as stored (row 0 on top)."""

    DOWN = "down"
    LEFT = "left"
    UP = "up"
    RIGHT = "right"


@dataclass(frozen=True, eq=False)
class WaferMap:
    """One tested wafer as a grid of dies, checked at birth and read-only after.

    Args:
        dies: uint8 (H, W): 0 off-wafer, 1 pass, 2 fail. At least one die is on the wafer.
        lot_id: lot name, not empty.
        wafer_id: wafer name within the lot, not empty.
        product: product (device) name, "" when unknown.
        test_program: name of the test program, "" when unknown.
        tested_at: end of test; aware datetimes are turned into UTC, naive ones are taken as UTC.
        die_pitch_mm: (row, column) pitch in mm, None when unknown.
        diameter_mm: wafer diameter in mm, None when unknown.
        notch: where the notch points.
        bins: uint16 (H, W) bin numbers, None when only pass and fail are known.
        attributes: process history (tool, chamber, recipe, ...), text to text.
        source_name: file (and entry) the wafer came from.
        source_sha256: hash of that file's bytes.
        center: (row, column) of the wafer's centre on the grid, where the middle of die (r, c) is (r, c); None when
            unknown, and the middle of the tested dies stands for it.
        step: insertion or inspection step that this test belongs to ("CP1", "M1 CMP"), "" when unknown.
        started_at: start of test, under the same rules as tested_at.
        passing_known: False where the file says which dies fail and not which were tested, so that a die that does not
            fail is not known to pass and the wafer has no yield.
        remarks: whole sentences about what in the file was read with doubt or contradicts itself, shown with the wafer.
        exported_as: the kind of Waferscope's own export that it was read from, "" for any other file.

    Raises:
        WaferValueError: the grid is not 2-D, is empty, larger than 4096 a side, holds other values, or holds no die;
            bins differ in shape; an identifier is empty; a length is not positive; the notch points nowhere;
            the centre is not finite.

    Example:
        >>> wafer = WaferMap(dies=np.array([[0, 1], [2, 1]], dtype=np.uint8), lot_id="L1", wafer_id="W01")
        >>> wafer.key, wafer.tested_count, wafer.fail_count
        ('L1:W01', 3, 1)
    """

    dies: NDArray[np.uint8]
    lot_id: str
    wafer_id: str
    product: str = ""
    test_program: str = ""
    tested_at: datetime | None = None
    die_pitch_mm: tuple[float, float] | None = None
    diameter_mm: float | None = None
    notch: Notch = Notch.DOWN
    bins: NDArray[np.uint16] | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)
    source_name: str = ""
    source_sha256: str = ""
    center: tuple[float, float] | None = None
    step: str = ""
    started_at: datetime | None = None
    passing_known: bool = True
    remarks: tuple[str, ...] = ()
    exported_as: str = ""

    def __post_init__(self) -> None:
        """Validate every field and freeze the arrays."""
        if not self.lot_id.strip() or not self.wafer_id.strip():
            raise WaferValueError(
                self.source_name or "wafer",
                "lot and wafer must both have a name",
                "Name them, for example L123 and W05.",
            )
        object.__setattr__(self, "dies", _checked_dies(self.dies, self.key))
        if self.bins is not None:
            object.__setattr__(self, "bins", _checked_bins(self.bins, self.dies.shape, self.key))
        for name in ("tested_at", "started_at"):
            object.__setattr__(self, name, _in_utc(getattr(self, name)))
        pitch = (1.0, 1.0) if self.die_pitch_mm is None else self.die_pitch_mm
        lengths = (*pitch, 1.0 if self.diameter_mm is None else self.diameter_mm)
        if len(lengths) != 3 or not all(np.isfinite(length) and length > 0 for length in lengths):
            raise WaferValueError(
                self.key,
                f"pitch {self.die_pitch_mm} mm or diameter {self.diameter_mm} mm is not positive",
                "Give the pitch of rows and of columns and the diameter in positive millimetres, or leave them out.",
            )
        if self.notch not in set(Notch):
            raise WaferValueError(
                self.key,
                f"the notch points down, left, up or right, found '{self.notch}'",
                "Correct it or leave it out.",
            )
        object.__setattr__(self, "notch", Notch(self.notch))
        if self.center is not None:
            object.__setattr__(self, "center", _checked_center(self.center, self.key))
        object.__setattr__(self, "attributes", MappingProxyType(dict(self.attributes)))
        object.__setattr__(self, "remarks", tuple(self.remarks))

    @property
    def key(self) -> str:
        """Unique name, "LOT:WAFER"."""
        return f"{self.lot_id}:{self.wafer_id}"

    @property
    def on_wafer(self) -> NDArray[np.bool_]:
        """(H, W) true where a die was tested."""
        on_wafer: NDArray[np.bool_] = self.dies != OFF_WAFER
        return on_wafer

    @property
    def failing(self) -> NDArray[np.bool_]:
        """(H, W) true where a die failed."""
        failing: NDArray[np.bool_] = self.dies == FAIL
        return failing

    @property
    def tested_count(self) -> int:
        """Number of tested dies."""
        return int(np.count_nonzero(self.dies))

    @property
    def fail_count(self) -> int:
        """Number of failing dies."""
        return int(np.count_nonzero(self.failing))

    @property
    def yield_fraction(self) -> float:
        """Passing dies over tested dies, 0 to 1; NaN where it is not known which dies pass."""
        if not self.passing_known:
            return math.nan
        return 1.0 - self.fail_count / self.tested_count

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        """Let a wafer cross process borders: a mapping proxy cannot be pickled, a dict can."""
        return _rebuild, (
            self.dies,
            self.lot_id,
            self.wafer_id,
            self.product,
            self.test_program,
            self.tested_at,
            self.die_pitch_mm,
            self.diameter_mm,
            self.notch,
            self.bins,
            dict(self.attributes),
            self.source_name,
            self.source_sha256,
            self.center,
            self.step,
            self.started_at,
            self.passing_known,
            self.remarks,
            self.exported_as,
        )


def _rebuild(*fields: object) -> WaferMap:
    return WaferMap(*fields)  # type: ignore[arg-type]


def _in_utc(time: datetime | None) -> datetime | None:
    if time is None:
        return None
    return (time.replace(tzinfo=UTC) if time.tzinfo is None else time).astimezone(UTC)


def _checked_dies(dies: NDArray[np.uint8], where: str) -> NDArray[np.uint8]:
    dies = np.asarray(dies)
    if dies.ndim != 2 or 0 in dies.shape or max(dies.shape) > MAX_GRID:
        raise WaferValueError(
            where, f"a die grid has two axes of 1 to {MAX_GRID} dies, found {dies.shape}", "Check rows and columns."
        )
    whole = dies.dtype.kind in "biu"
    if not whole or dies.min() < OFF_WAFER or dies.max() > FAIL:
        found = f"{dies.min()} to {dies.max()}" if whole else f"{dies.dtype}"
        raise WaferValueError(
            where,
            f"dies are whole numbers 0 (off), 1 (pass), 2 (fail), found {found}",
            "Map the bins to pass and fail first.",
        )
    if not dies.any():
        raise WaferValueError(
            where, "no die of the grid was tested", "Leave the wafer out or check the off-wafer code."
        )
    return _frozen(dies.astype(np.uint8))


def _checked_bins(bins: NDArray[np.uint16], shape: tuple[int, ...], where: str) -> NDArray[np.uint16]:
    bins = np.asarray(bins)
    if bins.shape != shape or bins.dtype.kind not in "biu" or bins.min() < 0 or bins.max() > np.iinfo(np.uint16).max:
        raise WaferValueError(
            where,
            f"bins are whole numbers 0 to 65535 of shape {shape}, found {bins.dtype} {bins.shape}",
            "Give one bin a die.",
        )
    return _frozen(bins.astype(np.uint16))


def _checked_center(center: tuple[float, float], where: str) -> tuple[float, float]:
    if len(center) != 2 or not np.isfinite(center).all():
        raise WaferValueError(
            where, f"the centre is a row and a column, found {center}", "Give two numbers, or leave it out."
        )
    return round(float(center[0]), CENTER_DIGITS), round(float(center[1]), CENTER_DIGITS)


def _frozen(array: NDArray[Scalar]) -> NDArray[Scalar]:
    array = np.ascontiguousarray(array)
    array.flags.writeable = False
    return array
