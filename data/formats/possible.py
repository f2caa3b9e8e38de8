"""Pitch and diameter held against the grid: a wrong unit makes clusters a thousand times too large."""

from dataclasses import replace

from data.geometry import extent
from data.wafer import WaferMap

_DIAMETERS_MM = (10.0, 500.0)
_LARGEST_MM = 460.0
_OVER, _UNDER = 1.05, 0.5
"""Shares of the diameter between which the tested dies of a whole wafer span."""
_FAR_OVER, _FAR_UNDER = 2.0, 1 / 30
_FEWEST = 5
"""Fewer dies a side may be a part of a wafer."""


def with_possible_lengths(wafer: WaferMap) -> WaferMap:
    """Return a wafer without lengths that cannot be, and with a remark on those that hardly can.

    A diameter that no wafer has is dropped. The span of the dies (pitch times dies) is held against the diameter, or
    without one against the largest wafer there is: a span over twice as large, or under a thirtieth, drops the pitch. A
    span that is too small says nothing where the map may be a part of the wafer: few dies, or dies in all four corners.

    Example:
        >>> import numpy as np
        >>> dies = np.ones((11, 11), dtype=np.uint8)
        >>> wafer = with_possible_lengths(WaferMap(dies, "L", "W", die_pitch_mm=(15000, 15000), diameter_mm=200))
        >>> wafer.die_pitch_mm, wafer.remarks[0]
        (None, 'A pitch of 15000 x 15000 mm cannot be: 11 x 11 dies would span 165000 x 165000 mm, so it is not used.')
    """
    if wafer.diameter_mm and not _DIAMETERS_MM[0] <= wafer.diameter_mm <= _DIAMETERS_MM[1]:
        said = f"A diameter of {wafer.diameter_mm:.6g} mm is no wafer's, so it is not used."
        wafer = replace(wafer, diameter_mm=None, remarks=_with(wafer, said))
    if wafer.die_pitch_mm is None:
        return wafer
    top, bottom, left, right = extent(wafer.dies)
    counts = bottom - top + 1, right - left + 1
    spans = counts[0] * wafer.die_pitch_mm[0], counts[1] * wafer.die_pitch_mm[1]
    least = [max(count - 2, 1) * pitch for count, pitch in zip(counts, wafer.die_pitch_mm, strict=True)]  # without rim
    size = wafer.diameter_mm or _LARGEST_MM
    whole = min(counts) >= _FEWEST and not wafer.dies[[top, top, bottom, bottom], [left, right, left, right]].any()
    pitch, dies, span = (
        f"{pair[1]:.6g} x {pair[0]:.6g}" for pair in (wafer.die_pitch_mm, (float(counts[0]), float(counts[1])), spans)
    )
    under = wafer.diameter_mm or max(spans)
    if max(least) > _FAR_OVER * size or (whole and min(spans) < _FAR_UNDER * under):
        said = f"A pitch of {pitch} mm cannot be: {dies} dies would span {span} mm, so it is not used."
        return replace(wafer, die_pitch_mm=None, remarks=_with(wafer, said))
    if wafer.diameter_mm and (max(least) > _OVER * size or (whole and max(spans) < _UNDER * size)):
        said = f"Pitch and diameter do not agree: {dies} dies of {pitch} mm span {span} mm of a {size:.6g} mm wafer."
        return replace(wafer, remarks=_with(wafer, said))
    return wafer


def _with(wafer: WaferMap, remark: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys([*wafer.remarks, remark]))
