"""Wafer metadata as plain text pairs, the one vocabulary of all formats: PNG and TIFF text, header lines, columns, npz.

The names that Waferscope writes are the keys of `ALIASES`; the other spellings are what testers and people write.
Anything under "attribute.NAME" is process history. Lengths may carry a unit: "7.5 mm", "7500 um", "12 in".
"""

import json
import math
import re
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache

from data.errors import FormatError
from data.wafer import Notch, WaferMap

ATTRIBUTE = "attribute."
ALIASES: dict[str, tuple[str, ...]] = {
    "lot": ("lotid", "lotname", "lotnumber", "lotno"),
    "wafer": ("waferid", "wafername", "wafernumber", "waferno", "wafernum", "waferindex", "waferindex1", "wf", "wfid"),
    "product": ("productid", "productname", "device", "deviceid", "devicename", "parttype", "partnumber"),
    "test_program": ("testprogram", "program", "programname", "testprogramname", "jobname"),
    "tested_at": ("testedat", "testdate", "timestamp", "datetime", "date", "endtime", "finishtime", "testend"),
    "pitch": ("diepitch", "steppingsize"),
    "pitch_row": ("pitchy", "diepitchy", "diepitchrow", "dieheight", "stepy", "ypitch", "pitchrows"),
    "pitch_column": ("pitchx", "diepitchx", "diepitchcolumn", "diewidth", "stepx", "xpitch", "pitchcol"),
    "diameter": ("waferdiameter", "wafersize", "waferdia"),
    "notch": (
        "notchposition",
        "notchorientation",
        "flat",
        "waferflat",
        "flatposition",
        "flatorientation",
        "orientation",
    ),
    "center_row": ("wafercenterrow",),
    "center_column": ("wafercentercolumn",),
    "grid_rows": ("rowcount", "rowct"),
    "grid_columns": ("columncount", "colct"),
}
_KEY_OF = {spelling: key for key, spellings in ALIASES.items() for spelling in (key.replace("_", ""), *spellings)}
_MM_PER_UNIT = {
    "mm": 1.0,
    "um": 1e-3,
    "µm": 1e-3,
    "μm": 1e-3,
    "micron": 1e-3,
    "cm": 10.0,
    "in": 25.4,
    "inch": 25.4,
    '"': 25.4,
}
_UNIT_IN_KEY = re.compile(r"[\s_(\[]+(mm|um|µm|μm|micron|cm|in|inch)[)\]]?$", re.IGNORECASE)
_LENGTH = re.compile(r"([0-9.,]+(?:e[+-]?\d+)?)\s*(mm|um|µm|μm|micron|cm|inch|in|\")?", re.IGNORECASE)
_NOTCH_WORDS = {
    "down": Notch.DOWN, "d": Notch.DOWN, "bottom": Notch.DOWN, "south": Notch.DOWN,
    "left": Notch.LEFT, "l": Notch.LEFT, "west": Notch.LEFT,
    "up": Notch.UP, "u": Notch.UP, "top": Notch.UP, "north": Notch.UP,
    "right": Notch.RIGHT, "r": Notch.RIGHT, "east": Notch.RIGHT,
}  # fmt: skip
_TIME_LAYOUTS = (
    "%Y/%m/%d %H:%M:%S",
    "%Y/%m/%d %H:%M",
    "%Y/%m/%d",
    "%d-%b-%Y %H:%M:%S",
    "%d-%b-%Y",
    "%d %b %Y %H:%M:%S",
)


@lru_cache(maxsize=4096)
def key_of(name: str) -> tuple[str, str] | None:
    """Recognise a metadata name in any spelling.

    Returns:
        (key of `ALIASES`, unit in the name or ""), or None for a name that is no metadata.

    Example:
        >>> key_of("Die Pitch X (um)"), key_of("LotID"), key_of("colour")
        (('pitch_column', 'um'), ('lot', ''), None)
    """
    unit = ""
    if match := _UNIT_IN_KEY.search(name.strip()):
        name, unit = name.strip()[: match.start()], match[1].lower()
    key = _KEY_OF.get(re.sub(r"[^a-z0-9]", "", name.lower()))
    return (key, unit) if key else None


def to_pairs(wafer: WaferMap) -> dict[str, str]:
    """Say all of a wafer but its dies as text pairs; what is unknown is left out."""
    rows, columns = wafer.dies.shape
    pairs = {
        "lot": wafer.lot_id, "wafer": wafer.wafer_id, "product": wafer.product, "test_program": wafer.test_program,
        "tested_at": wafer.tested_at.isoformat() if wafer.tested_at else "", "notch": wafer.notch.value,
        "diameter_mm": repr(float(wafer.diameter_mm)) if wafer.diameter_mm else "",
        "grid_rows": str(rows), "grid_columns": str(columns),
    }  # fmt: skip
    if wafer.die_pitch_mm:
        pairs["pitch_row_mm"], pairs["pitch_column_mm"] = (repr(float(pitch)) for pitch in wafer.die_pitch_mm)
    if wafer.center:
        pairs |= center_pairs(*wafer.center)
    return {key: text for key, text in pairs.items() if text} | {
        f"{ATTRIBUTE}{name}": text for name, text in wafer.attributes.items()
    }


def center_pairs(row: float, column: float) -> dict[str, str]:
    """Say where on its grid a wafer's centre lies."""
    return {"center_row": repr(float(row)), "center_column": repr(float(column))}


def parse_pairs(text: str, where: str) -> dict[str, str]:
    """Read metadata that Waferscope wrote as JSON into a PNG, TIFF or npz.

    Raises:
        FormatError: it is no flat JSON object of texts.
    """
    try:
        pairs = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise FormatError(where, f"its metadata is damaged ({error})", "Export the file again.") from error
    if not isinstance(pairs, dict) or not all(isinstance(value, str) for value in pairs.values()):
        raise FormatError(where, "its metadata is no JSON object of texts", "Export the file again.")
    return pairs


def wafer_fields(pairs: Mapping[str, str], where: str) -> dict[str, object]:
    """Turn text pairs into `WaferMap` fields; names that are no metadata and empty texts are passed over.

    Args:
        pairs: name to text.
        where: what to call the file in errors.

    Raises:
        FormatError: a length, place, time or notch cannot be understood.
    """
    found: dict[str, tuple[str, str, str]] = {}
    attributes: dict[str, str] = {}
    for name, text in pairs.items():
        # halves of characters, which JSON can say and no store can hold
        name, text = (word.encode("utf-8", "replace").decode() for word in (name, text))
        if name.startswith(ATTRIBUTE):
            attributes[name.removeprefix(ATTRIBUTE)] = text
        elif text.strip() and (known := key_of(name)):
            found[known[0]] = (name, text if known[0] in _VERBATIM else text.strip(), known[1])
    fields: dict[str, object] = {_VERBATIM[key]: text for key, (_, text, _) in found.items() if key in _VERBATIM}
    if "tested_at" in found:
        fields["tested_at"] = _time(*found["tested_at"][:2], where)
    if "notch" in found:
        fields["notch"] = _notch(*found["notch"][:2], where)
    if "diameter" in found:
        fields["diameter_mm"] = _length_mm(*found["diameter"], where)
    if pitch := _pitch(found, where):
        fields["die_pitch_mm"] = pitch
    if "center_row" in found and "center_column" in found:
        fields["center"] = tuple(_number(*found[name][:2], where) for name in ("center_row", "center_column"))
    if attributes:
        fields["attributes"] = attributes
    return fields


_VERBATIM = {"lot": "lot_id", "wafer": "wafer_id", "product": "product", "test_program": "test_program"}


def grid_shape(pairs: Mapping[str, str]) -> tuple[int, int] | None:
    """Give the (rows, columns) that Waferscope wrote beside a picture or table, None when absent or damaged."""
    try:
        shape = int(pairs["grid_rows"]), int(pairs["grid_columns"])
    except (KeyError, ValueError):
        return None
    return shape if min(shape) > 0 else None


def _pitch(found: Mapping[str, tuple[str, str, str]], where: str) -> tuple[float, float] | None:
    if "pitch_row" in found and "pitch_column" in found:
        return _length_mm(*found["pitch_row"], where), _length_mm(*found["pitch_column"], where)
    if "pitch" not in found:
        return None
    name, text, unit = found["pitch"]
    parts = re.split(r"\s*[x×*;]\s*", text)
    if len(parts) > 2:
        raise FormatError(where, f"'{name}' is one length or two (column x row), found '{text}'", "Correct it.")
    lengths = [_length_mm(name, part, unit, where) for part in parts]
    return lengths[-1], lengths[0]


def _length_mm(name: str, text: str, unit: str, where: str) -> float:
    match = _LENGTH.fullmatch(text.strip())
    try:
        number = float(match[1].replace(",", ".")) if match else math.nan
    except ValueError:
        number = math.nan
    if match is None or not (math.isfinite(number) and number > 0):
        raise FormatError(
            where, f"'{name}' is a positive length such as 7.5 mm, found '{text}'", "Correct or remove it."
        )
    return number * _MM_PER_UNIT[(match[2] or unit or "mm").lower()]


def _number(name: str, text: str, where: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise FormatError(where, f"'{name}' is a number of dies, found '{text}'", "Correct or remove it.")
    return number


def _notch(name: str, text: str, where: str) -> Notch:
    try:
        return _NOTCH_WORDS[text.lower()]
    except KeyError:
        raise FormatError(
            where, f"'{name}' is down, left, up or right, found '{text}'", "Correct or remove it."
        ) from None


def _time(name: str, text: str, where: str) -> datetime:
    for layout in ("", *_TIME_LAYOUTS):
        try:
            return datetime.strptime(text, layout) if layout else datetime.fromisoformat(text)
        except ValueError:
            continue
    raise FormatError(
        where, f"'{name}' is a time such as 2026-05-01T14:30:00, found '{text}'", "Write it year first, or remove it."
    )
