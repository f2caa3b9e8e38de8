"""What a KLARF file says about one wafer, in one system of units whatever the version."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from data.wafer import Notch


@dataclass(frozen=True)
class Defect:
    """One defect.

    Args:
        number: its id in the file.
        x_rel_mm: place within its die, to the right of the die's lower left corner, mm; NaN when the file has none.
        y_rel_mm: the same upwards, mm.
        x_index: column of its die, counted to the right.
        y_index: row of its die, counted upwards.
        x_size_mm: extent, mm.
        y_size_mm: extent, mm.
        class_number: of the file's class table; None when unclassified.
        review: every other column of the file that holds something, by its name, as text: review classes, bins, images.
    """

    number: int
    x_rel_mm: float
    y_rel_mm: float
    x_index: int
    y_index: int
    x_size_mm: float = 0.0
    y_size_mm: float = 0.0
    class_number: int | None = None
    review: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Inspection:
    """One wafer that was inspected. Axes are KLARF's: x to the right, y up, on the map as inspected.

    Args:
        lot_id: lot, "" when unnamed.
        wafer_id: wafer, "" when unnamed.
        inspected: dies (x_index, y_index) of the sample plans of all tests, without those removed.
        defects: in the order of the file.
        die_pitch_mm: (x, y), None when the file gives none.
        center_mm: (x, y) of the wafer's centre, seen from the lower left corner of die (0, 0); None when the file gives
            none.
        die_origin_mm: (x, y) of the point that places within dies are counted from, seen from the die's corner.
        diameter_mm: of the wafer, None when the file gives none.
        notch: where notch or flat points.
        classes: names by class number.
        inspected_at: end of the inspection as the tool's clock said, None when unknown.
        history: device, step, recipe, slot, tool and the like, text by name.
        plan_known: False when the file has no sample plan, so that which dies were inspected is not known.
        remarks: whole sentences about what the file leaves open or contradicts itself in.
    """

    lot_id: str
    wafer_id: str
    inspected: frozenset[tuple[int, int]]
    defects: tuple[Defect, ...]
    die_pitch_mm: tuple[float, float] | None = None
    center_mm: tuple[float, float] | None = None
    die_origin_mm: tuple[float, float] = (0.0, 0.0)
    diameter_mm: float | None = None
    notch: Notch | None = None
    classes: Mapping[int, str] = field(default_factory=dict)
    inspected_at: datetime | None = None
    history: Mapping[str, str] = field(default_factory=dict)
    plan_known: bool = True
    remarks: tuple[str, ...] = ()

    def place_mm(self, defect: Defect) -> tuple[float, float]:
        """Return (x, y) of a defect in mm from the wafer's centre, x to the right, y up; NaN without a pitch or centre.

        Example:
            >>> inspection = Inspection("L", "W", frozenset(), (), die_pitch_mm=(10.0, 8.0), center_mm=(5.0, 4.0))
            >>> inspection.place_mm(Defect(1, x_rel_mm=5.5, y_rel_mm=4.0, x_index=2, y_index=-1))
            (20.5, -8.0)
        """
        unknown = float("nan"), float("nan")
        pitch, center = self.die_pitch_mm or unknown, self.center_mm or unknown
        x = defect.x_index * pitch[0] + self.die_origin_mm[0] + defect.x_rel_mm - center[0]
        y = defect.y_index * pitch[1] + self.die_origin_mm[1] + defect.y_rel_mm - center[1]
        return x, y
