"""Wafer metadata as plain text pairs, the one vocabulary of all formats: PNG and TIFF text, header lines, columns, npz.

The names that Waferscope writes are the keys of `ALIASES`; the other spellings are what testers and people write.
Anything under "attribute.NAME" is process history. Lengths may carry a unit: "7.5 mm", "7500 um", "12 in". A length or
time that can mean several things is left out and remarked upon: it is no reason to refuse the dies.
"""

import json
import math
import re
from collections.abc import Collection, Mapping
from datetime import datetime
from functools import lru_cache

from data.errors import FormatError
from data.formats.lengths import UNIT_AT_END, diameter_mm, is_length, pitch_mm, split_lengths
from data.formats.times import day_comes_first, is_clock, read_time
from data.wafer import Notch, WaferMap

ATTRIBUTE = "attribute."
LONGEST_NAME = 200
LONGEST_TEXT = 2**16
_SPELLINGS = {
    "lot": "lotid lotname lotnumber lotno",
    "wafer": "waferid wafername wafernumber waferno wafernum waferindex waferindex1 wf wfid",
    "product": "productid productname device deviceid devicename parttype partnumber",
    "test_program": "testprogram program programname testprogramname jobname",
    "step": "stepid stepname teststep insertion testinsertion inspectionstep processstep",
    "tested_at": """testedat endtime enddate finishtime testend testendtime testdate testdatetime timestamp datetime
        date""",
    "started_at": "startedat starttime startdate teststart teststarttime starttimestamp begintime",
    "clock": "time timeofday",
    "pitch": "diepitch steppingsize indexsize diesize dicesize chipsize",
    "pitch_row": """pitchy diepitchy diepitchrow stepy ypitch pitchrows stepsizey steppingy indexsizey ystep ystepsize
        dieheight diesizey dicesizey chipsizey chipheight ydiesize""",
    "pitch_column": """pitchx diepitchx diepitchcolumn stepx xpitch pitchcol stepsizex steppingx indexsizex xstep
        xstepsize diewidth diesizex dicesizex chipsizex chipwidth xdiesize""",
    "diameter": "waferdiameter wafersize waferdia",
    "notch": """notchposition notchorientation flat waferflat flatposition flatorientation flatnotch notchflat
        orientation""",
    "center_row": "wafercenterrow",
    "center_column": "wafercentercolumn",
    "grid_rows": "rowcount rowct",
    "grid_columns": "columncount colct",
    "passing_known": "",
    "remarks": "",
}
ALIASES = {key: tuple(spellings.split()) for key, spellings in _SPELLINGS.items()}
_KEY_OF = {spelling: key for key, spellings in ALIASES.items() for spelling in (key.replace("_", ""), *spellings)}
_OTHER = re.compile(r"[^a-z0-9]")
_RANK = {spelling: rank for rank, spelling in enumerate(_KEY_OF)}
_NOTCH_WORDS = {
    "down": Notch.DOWN, "d": Notch.DOWN, "bottom": Notch.DOWN, "south": Notch.DOWN,
    "left": Notch.LEFT, "l": Notch.LEFT, "west": Notch.LEFT,
    "up": Notch.UP, "u": Notch.UP, "top": Notch.UP, "north": Notch.UP,
    "right": Notch.RIGHT, "r": Notch.RIGHT, "east": Notch.RIGHT,
}  # fmt: skip
_VERBATIM = {"lot": "lot_id", "wafer": "wafer_id"} | {key: key for key in ("product", "test_program", "step")}
_MOMENTS = {"tested_at": "test", "started_at": "start of test"}
_RANKED = {*_MOMENTS, "pitch", "pitch_row", "pitch_column"}
_Found = dict[str, tuple[str, str, str]]


@lru_cache(maxsize=4096)
def key_of(name: str) -> tuple[str, str] | None:
    """Recognise a metadata name in any spelling.

    Returns:
        (key of `ALIASES`, unit in the name or ""), or None for a name that is no metadata.

    Example:
        >>> key_of("Die Pitch X (um)"), key_of("LotID"), key_of("colour")
        (('pitch_column', 'um'), ('lot', ''), None)
    """
    if len(name) > LONGEST_NAME:
        return None
    unit = ""
    if match := UNIT_AT_END.search(name.strip()):
        name, unit = name.strip()[: match.start()], match[1].lower()
    key = _KEY_OF.get(plain_name(name))
    return (key, unit) if key else None


def plain_name(name: str) -> str:
    """Reduce a name to its letters a to z and digits, by which spellings are compared."""
    return _OTHER.sub("", name[:LONGEST_NAME].lower())


def to_pairs(wafer: WaferMap) -> dict[str, str]:
    """Return all of a wafer but its dies as text pairs; what is unknown is left out."""
    rows, columns = wafer.dies.shape
    pairs = {
        "lot": wafer.lot_id,
        "wafer": wafer.wafer_id,
        "product": wafer.product,
        "test_program": wafer.test_program,
        "step": wafer.step,
        "started_at": wafer.started_at.isoformat() if wafer.started_at else "",
        "tested_at": wafer.tested_at.isoformat() if wafer.tested_at else "",
        "notch": wafer.notch.value,
        "diameter_mm": repr(float(wafer.diameter_mm)) if wafer.diameter_mm else "",
        "grid_rows": str(rows),
        "grid_columns": str(columns),
        "passing_known": "" if wafer.passing_known else "no",
        "remarks": json.dumps(wafer.remarks) if wafer.remarks else "",
    }
    if wafer.die_pitch_mm:
        pairs["pitch_row_mm"], pairs["pitch_column_mm"] = (repr(float(pitch)) for pitch in wafer.die_pitch_mm)
    if wafer.center:
        pairs |= center_pairs(*wafer.center)
    return {key: text for key, text in pairs.items() if text} | {
        f"{ATTRIBUTE}{name}": text for name, text in wafer.attributes.items()
    }


def center_pairs(row: float, column: float) -> dict[str, str]:
    """Return where on its grid a wafer's centre lies."""
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


def wafer_fields(pairs: Mapping[str, str], where: str, dates: Collection[str] = ()) -> dict[str, object]:
    """Turn text pairs into `WaferMap` fields; names that are no metadata and empty texts are passed over.

    Args:
        pairs: name to text.
        where: what to call the file in errors.
        dates: other dates of the file, which tell whether it puts days or months first.

    Returns:
        Fields by their names; `remarks` says what was left out because it can mean several things.

    Raises:
        FormatError: a place or the notch cannot be understood, or what stands for a length is none.
    """
    found: _Found = {}
    attributes: dict[str, str] = {}
    for name, text in pairs.items():
        if max(len(name), len(text)) > LONGEST_TEXT and (name.startswith(ATTRIBUTE) or key_of(name)):
            problem = f"'{name[:60]}' has {len(text)} characters, the limit is {LONGEST_TEXT}"
            raise FormatError(where, problem, "Shorten or remove it.")
        # halves of characters, which JSON can say and no store can hold
        name, text = (word.encode("utf-8", "replace").decode() for word in (name, text))
        if name.startswith(ATTRIBUTE):
            attributes[name.removeprefix(ATTRIBUTE)] = text
        elif text.strip() and (known := key_of(name)):
            _note(found, known[0], name, text if known[0] in _VERBATIM else text.strip(), known[1])
    fields: dict[str, object] = {_VERBATIM[key]: text for key, (_, text, _) in found.items() if key in _VERBATIM}
    remarks = list(_remarks(found["remarks"][1])) if "remarks" in found else []
    fields |= _times(found, dates, remarks)
    if "notch" in found:
        fields["notch"] = _notch(*found["notch"][:2], where)
    if "diameter" in found:
        if diameter := diameter_mm(*found["diameter"][1:]):
            fields["diameter_mm"] = diameter
        else:
            remarks.append(_unknown_length("diameter of the wafer", found["diameter"], where))
    if pitch := _pitch(found, remarks, where):
        fields["die_pitch_mm"] = pitch
    if "center_row" in found and "center_column" in found:
        fields["center"] = tuple(_number(*found[name][:2], where) for name in ("center_row", "center_column"))
    if "passing_known" in found:
        fields["passing_known"] = found["passing_known"][1].lower() != "no"
    if attributes:
        fields["attributes"] = attributes
    if remarks:
        fields["remarks"] = tuple(remarks)
    return fields


def date_texts(pairs: Mapping[str, str]) -> list[str]:
    """List the texts of pairs that are dates by their names."""
    return [text.strip() for name, text in pairs.items() if (known := key_of(name)) and known[0] in _MOMENTS]


def grid_shape(pairs: Mapping[str, str]) -> tuple[int, int] | None:
    """Return the (rows, columns) that Waferscope wrote beside a picture or table, None when absent or damaged."""
    try:
        shape = int(pairs["grid_rows"]), int(pairs["grid_columns"])
    except (KeyError, ValueError):
        return None
    return shape if min(shape) > 0 else None


def _note(found: _Found, key: str, name: str, text: str, unit: str) -> None:
    """Keep the last text of a key, but of times and pitches the best: "End Time" before "Date", pitch before size."""
    if key in _MOMENTS and is_clock(text):
        found["clock"] = (name, text, "")
    elif key not in _RANKED or key not in found or _rank(name) <= _rank(found[key][0]):
        found[key] = (name, text, unit)


def _rank(name: str) -> int:
    return _RANK.get(plain_name(name), 0)


def _remarks(text: str) -> tuple[str, ...]:
    """Read remarks as Waferscope wrote them, or the one that somebody else did."""
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        return (text,)
    return tuple(map(str, said)) if isinstance(said, list) else (text,)


def _times(found: _Found, dates: Collection[str], remarks: list[str]) -> dict[str, datetime | None]:
    moments = [key for key in _MOMENTS if key in found]
    day_first = day_comes_first([*dates, *(found[key][1] for key in moments)]) if moments else None
    times: dict[str, datetime | None] = {}
    for key in moments:
        text = found[key][1]
        clock = found.get("clock", ("", "", ""))[1]
        joined = read_time(f"{text} {clock}", day_first=day_first) if key == "tested_at" and clock else None
        times[key] = joined or read_time(text, day_first=day_first)
        if times[key] is None:
            remarks.append(_unknown(f"time of the {_MOMENTS[key]}", found[key]))
    return times


def _unknown(what: str, said: tuple[str, str, str]) -> str:
    return f"The {what} is unknown: '{said[0][:60]}' holds '{said[1][:60]}', which cannot be read in one way alone."


def _unknown_length(what: str, said: tuple[str, str, str], where: str) -> str:
    if not all(map(is_length, split_lengths(said[1]))):
        problem = f"'{said[0][:60]}' is a positive length such as 7.5 mm, found '{said[1][:60]}'"
        raise FormatError(where, problem, "Correct or remove it.")
    return _unknown(what, said)


def _pitch(found: _Found, remarks: list[str], where: str) -> tuple[float, float] | None:
    pitches: tuple[float | None, float | None]
    if "pitch_row" in found and "pitch_column" in found:
        row, column = found["pitch_row"], found["pitch_column"]
        pitches = pitch_mm([row[1]], row[2]), pitch_mm([column[1]], column[2])
    elif "pitch" in found:
        row = column = found["pitch"]
        texts = split_lengths(row[1])
        if len(texts) > 2:
            problem = f"'{row[0][:60]}' is one length or two (column x row), found '{row[1][:60]}'"
            raise FormatError(where, problem, "Correct it.")
        pitches = pitch_mm(texts[::-1], row[2]), pitch_mm(texts, row[2])
    else:
        return None
    if pitches[0] is None or pitches[1] is None:
        remarks.append(_unknown_length("pitch of the dies", row if pitches[0] is None else column, where))
        return None
    return pitches[0], pitches[1]


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
