"""Where some dies lie, in the words a junior engineer learns from."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data.classes import CLASSES
from data.geometry import geometry, polar
from data.wafer import WaferMap

MOST = 0.9
"""Share of the dies that a band or arc must hold: one stray die does not stretch it over the wafer."""
_BY_KEY = {c.key: c for c in CLASSES}


@dataclass(frozen=True)
class Place:
    """Where dies lie.

    Args:
        dies: how many.
        inner: share of the radius beyond which nine in ten of them lie.
        outer: share of the radius within which nine in ten of them lie.
        degrees: width of the narrowest sector that holds nine in ten.
        from_hour: clock hour at which that sector begins, clockwise, 12 at the top.
        to_hour: at which it ends.
        length_mm: how far they stretch along their longest axis.
        width_mm: and across it.
        half: share of them on the side of the wafer that holds most.
        side_hour: clock hour that this side faces.
    """

    dies: int
    inner: float
    outer: float
    degrees: float
    from_hour: float
    to_hour: float
    length_mm: float
    width_mm: float
    half: float
    side_hour: float


def place(wafer: WaferMap, dies: NDArray[np.bool_]) -> Place:
    """Return where some dies of a wafer lie.

    Args:
        wafer: for its geometry.
        dies: bool (H, W), at least one.
    """
    shares, angles = (np.sort(values[dies].astype(np.float64)) for values in polar(wafer))
    held = _needed(len(shares))
    start, width = _arc(angles, held)
    half, facing = _side(angles)
    length, across = _stretch(wafer, dies)
    return Place(
        dies=len(shares),
        inner=float(shares[len(shares) - held]),
        outer=float(shares[held - 1]),
        degrees=float(np.degrees(width)),
        from_hour=_hour(start),
        to_hour=_hour(start + width),
        length_mm=length,
        width_mm=across,
        half=half,
        side_hour=_hour(facing),
    )


def sentence(class_key: str, where: Place, wafer: WaferMap, what: str) -> str:
    """Return a sentence on what drove an answer, and where that lies.

    Args:
        class_key: the class of the answer.
        where: the dies that carry half of its evidence.
        wafer: they are on.
        what: the answer, as "'Edge'" or "cluster Edge 2".

    Example:
        >>> at = Place(54, 0.92, 1.0, 140.0, 2.0, 6.67, 200.0, 20.0, 0.9, 4.3)
        >>> shown = WaferMap(np.ones((9, 9), dtype=np.uint8), "L", "W")
        >>> sentence("edge", at, shown, "'Edge'")
        "54 failures in the outer 8 % of the radius over 140 degrees (2 to 7 o'clock) drove 'Edge'."
    """
    count = f"{where.dies:,} failure{'s' if where.dies > 1 else ''}"
    arc = f"over {where.degrees:.0f} degrees ({_clock(where.from_hour)} to {_clock(where.to_hour)} o'clock)"
    said = {
        "edge": f"in the outer {_percent(max(0.0, 1 - where.inner))} of the radius {arc}",
        "center": f"within the inner {_percent(where.outer)} of the radius",
        "ring": f"between {_percent(where.inner)} and {_percent(where.outer)} of the radius {arc}",
        "scratch": f"along {where.length_mm:.0f} mm, {where.width_mm:.0f} mm wide,",
        "particle": (
            f"within {where.length_mm:.0f} × {where.width_mm:.0f} mm at {_clock(where.side_hour)} o'clock, "
            f"{_percent(where.inner)} to {_percent(where.outer)} of the radius out,"
        ),
        "etching": f"with {_percent(where.half)} of them on the side of {_clock(where.side_hour)} o'clock",
    }.get(class_key, f"at {_percent(where.inner)} to {_percent(where.outer)} of the radius {arc}")
    if class_key == "random":
        said += f", on a wafer of which {_percent(wafer.fail_count / wafer.tested_count)} fails,"
    return f"{count} {said} drove {what}."


def lesson(class_key: str) -> str:
    """Return what the class looks like and what commonly makes it."""
    found = _BY_KEY[class_key]
    return f"{found.name}: {found.definition} Commonly: {found.cause}"


def _needed(count: int) -> int:
    """Nine in ten of so many, rounded up."""
    return int(np.ceil(MOST * count - 1e-9))


def _arc(angles: NDArray[np.float64], held: int) -> tuple[float, float]:
    """Start and width in radians of the narrowest sector that holds so many of the sorted angles."""
    twice = np.concatenate([angles, angles + 2 * np.pi])
    widths = twice[held - 1 : held - 1 + len(angles)] - angles
    first = int(np.argmin(widths))
    return float(angles[first]), float(widths[first])


def _side(angles: NDArray[np.float64]) -> tuple[float, float]:
    """Share of the dies on the half of the wafer that the mean direction faces, and that direction."""
    facing = float(np.arctan2(np.sin(angles).sum(), np.cos(angles).sum()))
    return float(np.mean(np.cos(angles - facing) > 0)), facing


def _stretch(wafer: WaferMap, dies: NDArray[np.bool_]) -> tuple[float, float]:
    """Length and width in mm, one die included, along the axes of the dies' spread."""
    frame = geometry(wafer)
    rows, columns = (at.astype(np.float64) for at in dies.nonzero())
    points = np.stack(frame.to_mm(rows, columns))
    centred = points - points.mean(axis=1, keepdims=True)
    axes = np.linalg.eigh(centred @ centred.T)[1][:, ::-1]
    spans = np.ptp(axes.T @ centred, axis=1) + float(np.mean(frame.die_pitch_mm))
    return float(max(spans)), float(min(spans))


def _hour(angle: float) -> float:
    hour = angle / (2 * np.pi) * 12 % 12
    return float(hour)


def _clock(hour: float) -> int:
    return round(hour) % 12 or 12


def _percent(share: float) -> str:
    return f"{share * 100:.0f} %"
