"""Lengths as files write them, in millimetres: "7.5 mm", "15000 um", 8", and numbers whose unit goes without saying."""

import math
import re
from collections.abc import Sequence

_UNITS = {
    1.0: "mm millimeter millimetre millimeters millimetres",
    1e-3: "um µm μm micron microns micrometer micrometre micrometers micrometres",
    1e-6: "nm nanometer nanometers",
    10.0: "cm",
    1000.0: "m",
    0.0254: "mil mils",
    25.4: "in inch inches \" '' ” ″",
}
MM_PER_UNIT = {unit: scale for scale, units in _UNITS.items() for unit in units.split()}
_WORDS = sorted((unit for unit in MM_PER_UNIT if len(unit) > 1 and unit.isalpha()), key=len, reverse=True)
UNIT_AT_END = re.compile(rf"[\s_(\[/-]({'|'.join(_WORDS)})[.)\]]?$", re.IGNORECASE)
"""A unit at the end of a name, with the sign before it."""
_NUMBER = re.compile(r"[0-9.,]{1,40}(?:e[+-]?[0-9]{1,3})?", re.IGNORECASE)
_BETWEEN = re.compile(r"[x×*;]|\bby\b", re.IGNORECASE)
_INCH_WAFERS = (1, 2, 3, 4, 5, 6, 8, 12, 18)
_WAFER_MM = (25.0, 460.0)
_SURE_MM, _SURE_UM = 50.0, 150.0
"""A bare pitch up to the first is in mm, one from the second on in um: no die is 150 mm wide, none 50 um narrow."""
_LONGEST = 80


def split_lengths(text: str) -> list[str]:
    """Part "8 x 7.5 mm" into its lengths; a text that is no length at all stays whole."""
    return [part.strip() for part in _BETWEEN.split(text)] if len(text) <= _LONGEST else [text]


def diameter_mm(text: str, unit: str) -> float | None:
    """Read a wafer's diameter.

    Args:
        text: a number, with its unit or bare.
        unit: that the name says, "" where it says none.

    Returns:
        Millimetres; None where the number can mean several lengths or none. Bare 8 is 8 inch, bare 200 is 200 mm and
        bare 200000 is 200000 um, since no wafer has another one's size.

    Example:
        >>> diameter_mm('8"', ""), diameter_mm("200", ""), diameter_mm("8", ""), diameter_mm("22", "")
        (203.2, 200.0, 203.2, None)
    """
    length, said = _length(text, unit)
    if length is None or said:
        return length
    if length in _INCH_WAFERS:
        return length * MM_PER_UNIT["inch"]
    return next((length * scale for scale in (1.0, 1e-3) if _WAFER_MM[0] <= length * scale <= _WAFER_MM[1]), None)


def pitch_mm(texts: Sequence[str], unit: str) -> float | None:
    """Read the pitch of dies along one axis, whose own text comes first; its unit may stand in a later one.

    Returns:
        Millimetres; None where a bare number may be mm or um, or the text is no length.

    Example:
        >>> pitch_mm(["8", "7.5 mm"], ""), pitch_mm(["15000"], ""), pitch_mm(["7.5"], ""), pitch_mm(["100"], "")
        (8.0, 15.0, 7.5, None)
    """
    units = [own for text in texts[1:] if (own := _unit(text))]
    length, said = _length(texts[0], unit or next(iter(units), ""))
    if length is None or said:
        return length
    if length <= _SURE_MM:
        return length
    return length * MM_PER_UNIT["um"] if length >= _SURE_UM else None


def is_length(text: str) -> bool:
    """Return whether a text begins with a number, if only 0 as of a tool that was never set up.

    Example:
        >>> is_length("100"), is_length("200 mm (12 inch)"), is_length("-1"), is_length("wide")
        (True, True, False, False)
    """
    return _NUMBER.match(text.strip()) is not None


def unit_of(word: str) -> str:
    """Return a unit of length in lower case, "" for a word that is none, as in a row of units.

    Example:
        >>> unit_of("[um]"), unit_of("V")
        ('um', '')
    """
    word = word.strip().strip("()[]").strip().lower()
    return word if word in MM_PER_UNIT else ""


def _unit(text: str) -> str:
    """Find the unit behind a text's number."""
    match = _NUMBER.match(text.strip())
    return unit_of(text.strip()[match.end() :].lstrip(" \t,;-_").rstrip(".")) if match else ""


def _length(text: str, unit: str) -> tuple[float | None, bool]:
    """Return a positive number in mm, and whether its unit is known; "200 mm (8 inch)" is one length."""
    text = text.strip()
    if len(text) > _LONGEST:
        return None, False
    first, _, second = text.rstrip(")").partition("(")
    if second and not unit_of(second):
        lengths = [_length(part, unit)[0] for part in (first, second)]
        same = None not in lengths and math.isclose(*map(float, filter(None, lengths)), rel_tol=0.03)
        return (lengths[0] if same else None), True
    match = _NUMBER.match(text)
    number = _positive(match[0]) if match else None
    if match is None or number is None:
        return None, False
    rest, own = text[match.end() :].strip(), _unit(text)
    if rest.strip(",;.") and not own:
        return None, False
    unit = own or unit
    return number * MM_PER_UNIT[unit.lower()] if unit else number, bool(unit)


def _positive(text: str) -> float | None:
    try:
        number = float(text.rstrip(",").replace(",", "."))
    except ValueError:
        return None
    return number if math.isfinite(number) and number > 0 else None
