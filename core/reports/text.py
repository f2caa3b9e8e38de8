"""Words on paper: every letter as it is or by its number, never markup, never a formula, never another letter."""

import unicodedata
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from xml.sax.saxutils import escape

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

MOST_IN_A_CELL = 160
LATIN, BOLD, WIDE = "Helvetica", "Helvetica-Bold", "DejaVuSans"
"""Helvetica is in every reader; DejaVu Sans, which holds Greek, Cyrillic and signs, is embedded."""

_SET_BY_SHAPING = ("R", "AL", "AN", "NSM")


def paragraph_text(text: str) -> str:
    """Write any text as what a paragraph takes: markup escaped, letters beyond Latin in a font that has them.

    A letter that no font at hand has, as of Chinese, stands as its code point: a reader without a font of its own would
    show another letter, or none.

    Example:
        >>> paragraph_text("a < b")
        'a &lt; b'
        >>> paragraph_text("Ω 晶圓 7")
        '<font name="DejaVuSans">Ω</font> U+6676 U+5713 7'
    """
    written, run, font = [], "", LATIN
    for character in spelt(text):
        wanted = LATIN if _is_latin(character) else WIDE
        if wanted != font:
            written.append(_run(run, font))
            run, font = "", wanted
        run += character
    return "".join([*written, _run(run, font)])


def spelt(text: str, *, latin_only: bool = False) -> str:
    """Write what cannot be drawn as its code point; control characters become blanks.

    Args:
        text: any text.
        latin_only: for a place that has one font: all beyond Latin is written so.

    Example:
        >>> spelt("晶圓"), spelt("Ω"), spelt("Ω", latin_only=True)
        ('U+6676 U+5713', 'Ω', 'U+03A9')
    """
    out = ""
    for character in (c if c.isprintable() else " " for c in text):
        if _is_latin(character) or (not latin_only and _is_wide(character)):
            out += character
        else:
            apart = " " if out and unicodedata.category(out[-1])[0] in "LN" else ""
            out += f"{apart}U+{ord(character):04X}"
    return out


def shortened(text: str) -> str:
    """Cut what no cell or caption has room for; a cell that is taller than a page cannot be set.

    Example:
        >>> len(shortened("x" * 1000))
        160
    """
    return text if len(text) <= MOST_IN_A_CELL else f"{text[: MOST_IN_A_CELL - 1]}…"


def register_fonts() -> None:
    """Make the fonts known to reportlab."""
    pdfmetrics.registerFont(_wide_font())


@lru_cache(maxsize=1)
def _wide_font() -> TTFont:
    """Load DejaVu Sans, which matplotlib brings along, without importing that."""
    package = find_spec("matplotlib")
    if package is None or package.origin is None:
        raise ModuleNotFoundError("matplotlib, whose fonts reports are set in, is not installed")
    return TTFont(WIDE, Path(package.origin).parent / "mpl-data" / "fonts" / "ttf" / "DejaVuSans.ttf")


def _run(text: str, font: str) -> str:
    if not text:
        return ""
    return escape(text) if font == LATIN else f'<font name="{font}">{escape(text)}</font>'


def _is_latin(character: str) -> bool:
    try:
        character.encode("cp1252")
    except UnicodeEncodeError:
        return False
    return True


def _is_wide(character: str) -> bool:
    """Return whether the wide font draws a letter rightly by itself, without joining it to others."""
    shaped = unicodedata.bidirectional(character) in _SET_BY_SHAPING
    return not shaped and ord(character) in _wide_font().face.charToGlyph
