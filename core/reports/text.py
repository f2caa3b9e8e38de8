"""Words on paper: any script, never markup, never a formula."""

from xml.sax.saxutils import escape

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont

MOST_IN_A_CELL = 160
LATIN, BOLD = "Helvetica", "Helvetica-Bold"
HAN, HANGUL = "STSong-Light", "HYSMyeongJo-Medium"
"""Fonts that readers of PDF bring along: Han also holds kana, Greek and Cyrillic."""


def paragraph_text(text: str) -> str:
    """Write any text as what a paragraph takes: markup escaped, scripts beyond Latin in a font that has them.

    Example:
        >>> paragraph_text("a < b")
        'a &lt; b'
        >>> paragraph_text("晶圓 7")
        '<font name="STSong-Light">晶圓</font> 7'
    """
    written, run, font = [], "", LATIN
    for character in "".join(c if c.isprintable() else " " for c in text):
        wanted = _font_of(character)
        if wanted != font:
            written.append(_run(run, font))
            run, font = "", wanted
        run += character
    return "".join([*written, _run(run, font)])


def shortened(text: str) -> str:
    """Cut what no cell or caption has room for; a cell that is taller than a page cannot be set.

    Example:
        >>> len(shortened("x" * 1000))
        160
    """
    return text if len(text) <= MOST_IN_A_CELL else f"{text[: MOST_IN_A_CELL - 1]}…"


def register_fonts() -> None:
    """Make the fonts known to reportlab."""
    for name in (HAN, HANGUL):
        pdfmetrics.registerFont(UnicodeCIDFont(name))


def _run(text: str, font: str) -> str:
    if not text:
        return ""
    return escape(text) if font == LATIN else f'<font name="{font}">{escape(text)}</font>'


def _font_of(character: str) -> str:
    try:
        character.encode("cp1252")
        return LATIN
    except UnicodeEncodeError:
        return HANGUL if "\uac00" <= character <= "\ud7a3" or "\u1100" <= character <= "\u11ff" else HAN
