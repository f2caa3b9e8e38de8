"""A wafer's result as an inspection: its dies as the sample plan, its clusters as defects in their dies."""

import math
import re
from collections.abc import Sequence
from datetime import UTC

import numpy as np
from numpy.typing import NDArray

from core.analysis.result import WaferResult
from core.exports.review_points import Places, ReviewPoint, review_points
from core.exports.review_table import ReviewTable
from data.classes import CLASSES
from data.errors import ExportError
from data.formats.klarf import Defect, Inspection, dies_outside
from data.geometry import geometry
from data.orientation import axis_directions, die_coordinates
from data.wafer import WaferMap

UNCLASSIFIED = "Unclassified"
REVIEW_COLUMNS = ("TEST", "CLUSTERNUMBER", "REVIEWSAMPLE")
_FARTHEST_INDEX = 2**15
_HISTORY = ("step", "recipe")
_MARKS = ("NOTCH", "FLAT")
_SLOT = re.compile(r"0*([1-9][0-9]{0,2})")


def inspection_of(result: WaferResult, places: Places, table: ReviewTable) -> Inspection:
    """Make the inspection that a KLARF file of this result says; what nobody knows of the wafer is not in it.

    Dies that the sample plan of the file which the wafer came from did not have are in no plan here either. Where it
    is not known which dies were tested, there is no plan.

    Args:
        result: the analysed wafer.
        places: what becomes a defect.
        table: class numbers and sampling plan.

    Raises:
        ExportError: the wafer's die pitch is not known.
    """
    wafer = result.wafer
    if wafer.die_pitch_mm is None:
        raise ExportError(
            wafer.key,
            "the die pitch is not known, so a KLARF file would send the microscope to invented places",
            "Give the pitch when the wafer is read, on page Segment or in its file, and save it again.",
        )
    frame = geometry(wafer)
    pitch = (frame.die_pitch_mm[1], frame.die_pitch_mm[0])
    x0, y0 = first_indices(wafer)
    rows, columns = np.nonzero(wafer.on_wafer & ~outside_the_plan(wafer) & wafer.passing_known)
    points = review_points(result, places, table)
    return Inspection(
        lot_id=wafer.lot_id,
        wafer_id=wafer.wafer_id,
        inspected=frozenset(zip((columns + x0).tolist(), (y0 - rows).tolist(), strict=True)),
        defects=_defects(points, (x0, y0), pitch, table),
        die_pitch_mm=pitch,
        center_mm=((frame.center[1] + x0 + 0.5) * pitch[0], (y0 - frame.center[0] + 0.5) * pitch[1]),
        diameter_mm=wafer.diameter_mm,
        notch=wafer.notch,
        classes={0: UNCLASSIFIED, **{table.number(one.key): one.name for one in CLASSES}},
        inspected_at=wafer.tested_at and wafer.tested_at.astimezone(UTC).replace(tzinfo=None, microsecond=0),
        history=_history(wafer),
        plan_known=wafer.passing_known,
    )


def outside_the_plan(wafer: WaferMap) -> NDArray[np.bool_]:
    """Return which dies hold defects and are not in the sample plan of the wafer's file, bool (H, W)."""
    outside = np.zeros(wafer.dies.shape, dtype=bool)
    named = die_coordinates(wafer)
    if named is not None:
        for x, y in dies_outside(wafer.attributes):
            outside |= (named[0] == x) & (named[1] == y)
    return outside


def _history(wafer: WaferMap) -> dict[str, str]:
    said = {name: wafer.attributes[name] for name in _HISTORY if wafer.attributes.get(name)}
    said |= {"device": wafer.product} | ({"step": wafer.step} if wafer.step else {})
    if slot := _SLOT.fullmatch(wafer.attributes.get("slot", "").strip()):
        said["slot"] = slot[1]
    mark = wafer.attributes.get("orientation_mark", "").upper()
    return said | ({"orientation_mark": mark} if mark in _MARKS else {})


def first_indices(wafer: WaferMap) -> tuple[int, int]:
    """Return XINDEX and YINDEX of the die at row 0, column 0; columns count to the right, rows up.

    Dies keep the numbers of the file they came from where those count like that. Where they don't, or there are none,
    die (0, 0) is the one at the middle of the wafer.
    """
    named = die_coordinates(wafer)
    if named is not None and axis_directions(wafer) == ("right", "up"):
        first = int(named[0][0, 0]), int(named[1][0, 0])
        if max(abs(number) for number in first) < _FARTHEST_INDEX:
            return first
    center = geometry(wafer).center
    return -round(center[1]), round(center[0])


def _defects(
    points: Sequence[ReviewPoint], first: tuple[int, int], pitch: tuple[float, float], table: ReviewTable
) -> tuple[Defect, ...]:
    defects = []
    for number, point in enumerate(points, 1):
        row, column = point.die
        in_row, in_column = math.floor(row + 0.5), math.floor(column + 0.5)
        defects.append(
            Defect(
                number=number,
                x_rel_mm=(column + 0.5 - in_column) * pitch[0],
                y_rel_mm=(in_row + 0.5 - row) * pitch[1],
                x_index=in_column + first[0],
                y_index=first[1] - in_row,
                x_size_mm=point.size_mm[0],
                y_size_mm=point.size_mm[1],
                class_number=table.number(point.instance.class_key),
                review=dict(zip(REVIEW_COLUMNS, ("1", str(point.instance.number), "1"), strict=True)),
            )
        )
    return tuple(defects)
