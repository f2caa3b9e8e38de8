"""How a report looks: the page's measures, its greys, its paragraphs. On paper everything is in the light theme."""

from reportlab.lib.colors import HexColor
from reportlab.lib.enums import TA_CENTER
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm

from core.drawing.palette import GREYS, POLES, Theme
from core.reports.text import BOLD, LATIN

PAGE = A4
MARGIN = 16 * mm
FOOT = 8 * mm
CONTENT_WIDTH = PAGE[0] - 2 * MARGIN
CONTENT_HEIGHT = PAGE[1] - 2 * MARGIN - FOOT

_GREYS = GREYS[Theme.LIGHT]
INK, RULE, MUTED = HexColor(_GREYS.ink), HexColor(_GREYS.passing), HexColor("#56606c")
ACCENT = HexColor(POLES[Theme.LIGHT][1])

TITLE = ParagraphStyle("title", fontName=BOLD, fontSize=18, leading=22, textColor=INK, splitLongWords=True)
HEADING = ParagraphStyle("heading", TITLE, fontSize=11, leading=14, spaceBefore=5 * mm, spaceAfter=1.5 * mm)
NOTE = ParagraphStyle("note", fontName=LATIN, fontSize=7.5, leading=9.5, textColor=MUTED)
CELL = ParagraphStyle("cell", fontName=LATIN, fontSize=8, leading=10, textColor=INK)
HEAD_CELL = ParagraphStyle("head", CELL, fontName=BOLD, textColor=MUTED, fontSize=7.5)
FIGURE = ParagraphStyle("figure", CELL, fontSize=13, leading=16)
CAPTION = ParagraphStyle("caption", NOTE, alignment=TA_CENTER, fontSize=6.5, leading=8)
