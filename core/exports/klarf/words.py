"""What both versions of a KLARF file are written with: quoted text, times, sums over an inspection."""

import json
import math
import re
import unicodedata
from datetime import datetime

from data.formats.klarf import Inspection
from data.formats.own_exports import MAKER

STATION = (MAKER, "WaferMapAnalysis", "1")
TIME = "%m-%d-%Y %H:%M:%S"
_UNQUOTABLE = re.compile(r'[\x00-\x1f\x7f-\x9f\u2028\u2029"]')


_IN_ASCII = str.maketrans({"ß": "ss", "µ": "u", "Æ": "Ae", "æ": "ae", "Ø": "O", "ø": "o"})


def quoted(text: str) -> str:
    """Quote text in ASCII: accents go, other letters become their code point, what ends a quote or line a space.

    Example:
        >>> quoted('Lot "7"'), quoted("Größe 晶")
        ('"Lot  7 "', '"Grosse U+6676"')
    """
    plain = unicodedata.normalize("NFKD", _UNQUOTABLE.sub(" ", text).translate(_IN_ASCII))
    letters = (c if c.isascii() else f"U+{ord(c):04X}" for c in plain if not unicodedata.combining(c))
    return f'"{"".join(letters)}"'


def original_names(inspection: Inspection) -> list[str]:
    """Write lot, wafer, device and step in full, escaped as in JSON, where one of them cannot be quoted as it is.

    Returns:
        Four quoted words, or none.
    """
    names = [inspection.lot_id, inspection.wafer_id, *(inspection.history.get(name, "") for name in ("device", "step"))]
    if all(quoted(name) == f'"{name}"' for name in names):
        return []
    return [f'"{_escaped(name)}"' for name in names]


def _escaped(text: str) -> str:
    """Escape as JSON does, and quotes too by their number: a KLARF quote knows no escapes."""
    return json.dumps(text)[1:-1].replace('\\"', "\\u0022")


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
