"""What both versions of a KLARF file are written with: quoted text, times, sums over an inspection."""

import math
import re
from datetime import datetime

from data.formats.klarf import Inspection

MAKER = ("Waferscope", "Wafer map analysis", "1")
TIME = "%m-%d-%Y %H:%M:%S"
_UNQUOTABLE = re.compile(r'[\x00-\x1f\x7f-\x9f\u2028\u2029"]')


def quoted(text: str) -> str:
    """Quote text; what would end the quote or the line becomes a space.

    Example:
        >>> quoted('Lot "7"')
        '"Lot  7 "'
    """
    return f'"{_UNQUOTABLE.sub(" ", text).encode("utf-8", "replace").decode()}"'


def when(moment: datetime) -> str:
    """Write a time as KLARF does."""
    return moment.strftime(TIME)


def area_mm2(inspection: Inspection) -> float:
    """Area of all inspected dies, streets included."""
    pitch = inspection.die_pitch_mm or (math.nan, math.nan)
    return len(inspection.inspected) * pitch[0] * pitch[1]


def density_per_cm2(inspection: Inspection) -> float:
    """Defects per cm2 of inspected dies."""
    return 100 * len(inspection.defects) / area_mm2(inspection)


def dies_with_defects(inspection: Inspection) -> int:
    """Dies that hold at least one defect."""
    return len({(defect.x_index, defect.y_index) for defect in inspection.defects})
