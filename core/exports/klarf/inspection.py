"""A wafer's result as an inspection: its dies as the sample plan, its clusters as defects in their dies."""

import math
from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np

from core.analysis.result import WaferResult
from core.exports.review_points import Places, ReviewPoint, review_points
from core.exports.review_table import ReviewTable
from core.lots.slot_order import slot_of
from data.classes import CLASSES
from data.errors import ExportError
from data.formats.klarf import Defect, Inspection
from data.geometry import geometry
from data.orientation import axis_directions, die_coordinates
from data.wafer import ASSUMED_DIAMETER_MM, WaferMap

UNCLASSIFIED = "Unclassified"
REVIEW_COLUMNS = ("TEST", "CLUSTERNUMBER", "REVIEWSAMPLE")
_FARTHEST_INDEX = 2**15
_HISTORY = ("step", "recipe", "slot")


def inspection_of(result: WaferResult, made_at: datetime, places: Places, table: ReviewTable) -> Inspection:
    """Make the inspection that a KLARF file of this result says.

    Args:
        result: the analysed wafer.
        made_at: stands for a time of test that is not known.
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
    rows, columns = np.nonzero(wafer.on_wafer)
    said = {name: wafer.attributes[name] for name in _HISTORY if wafer.attributes.get(name)}
    slot = slot_of(wafer.attributes, wafer.wafer_id)
    points = review_points(result, places, table)
    return Inspection(
        lot_id=wafer.lot_id,
        wafer_id=wafer.wafer_id,
        inspected=frozenset(zip((columns + x0).tolist(), (y0 - rows).tolist(), strict=True)),
        defects=_defects(points, (x0, y0), pitch, table),
        die_pitch_mm=pitch,
        center_mm=((frame.center[1] + x0 + 0.5) * pitch[0], (y0 - frame.center[0] + 0.5) * pitch[1]),
        diameter_mm=wafer.diameter_mm or ASSUMED_DIAMETER_MM,
        notch=wafer.notch,
        classes={0: UNCLASSIFIED, **{table.number(one.key): one.name for one in CLASSES}},
        inspected_at=(wafer.tested_at or made_at).astimezone(UTC).replace(tzinfo=None, microsecond=0),
        history={**said, "device": wafer.product, **({} if slot is None else {"slot": str(slot)})},
    )


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
