"""What reports are made of: headings, figures, tables, pictures, grids of pictures."""

import io
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Picture
from reportlab.graphics.shapes import Drawing, Rect, String
from reportlab.lib.colors import HexColor
from reportlab.lib.units import mm
from reportlab.platypus import Flowable, Image, KeepTogether, Paragraph
from reportlab.platypus import Table as Cells

from core.drawing.value_maps import Scale
from core.reports.style import (
    CAPTION,
    CELL,
    CONTENT_HEIGHT,
    CONTENT_WIDTH,
    FIGURE,
    HEAD_CELL,
    HEADING,
    INK,
    MUTED,
    NOTE,
    RULE,
)
from core.reports.table import Table, shown
from core.reports.text import LATIN, paragraph_text, shortened

_RIGHT = {"count", "real", "score", "percent"}
MOST_HEIGHT = CONTENT_HEIGHT / 2
_GUTTER = 5 * mm
_STRIPES = 64


def heading(text: str) -> Flowable:
    """Return a heading within a report."""
    return Paragraph(paragraph_text(text), HEADING, bulletText=None)


def note(text: str) -> Flowable:
    """Return a line or more of small print."""
    return Paragraph(paragraph_text(text), NOTE)


def section(title: str, *blocks: Flowable) -> Flowable:
    """Keep a heading and what belongs to it on one page."""
    return KeepTogether([heading(title), *blocks])


def figures(values: Mapping[str, str]) -> Flowable:
    """Return large numbers beside each other, each below its name."""
    names = [Paragraph(paragraph_text(name), NOTE) for name in values]
    numbers = [Paragraph(paragraph_text(value), FIGURE) for value in values.values()]
    style = [
        ("LEFTPADDING", (0, 0), (-1, -1), 0),
        ("TOPPADDING", (0, 0), (-1, -1), 1),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
    ]
    return Cells([names, numbers], [CONTENT_WIDTH / len(values)] * len(values), style=style, spaceBefore=3 * mm)


def table(content: Table, width: float = CONTENT_WIDTH) -> Flowable:
    """Return a table; its head stands again on every page it runs over."""
    total = sum(column.width for column in content.columns)
    rows = [[_cell(column.title, column.kind, head=True) for column in content.columns]] + [
        [_cell(shown(cell, column.kind), column.kind) for cell, column in zip(row, content.columns, strict=True)]
        for row in content.rows
    ]
    style = [
        ("LINEBELOW", (0, 0), (-1, 0), 0.7, MUTED),
        ("LINEBELOW", (0, 1), (-1, -1), 0.3, RULE),
        ("TOPPADDING", (0, 0), (-1, -1), 1.2),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 2),
        ("LEFTPADDING", (0, 0), (-1, -1), 2),
        ("RIGHTPADDING", (0, 0), (-1, -1), 4),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
    ]
    widths = [width * column.width / total for column in content.columns]
    return Cells(rows, widths, repeatRows=1, style=style, hAlign="LEFT")


def picture(image: NDArray[np.uint8], width: float) -> Flowable:
    """Return a picture (height, width, 4) RGBA, `width` points wide or narrower, so that a page holds a tall one."""
    scale = min(width / image.shape[1], MOST_HEIGHT / image.shape[0])
    return Image(_png(image), scale * image.shape[1], scale * image.shape[0])


def picture_grid(pictures: Sequence[tuple[NDArray[np.uint8], str]], across: int) -> Flowable:
    """Return pictures in rows of `across`, each above its caption; rows part over pages, pictures don't."""
    side = CONTENT_WIDTH / across
    tiles = [
        [picture(image, side - 2 * mm), Paragraph(paragraph_text(shortened(caption)), CAPTION)]
        for image, caption in pictures
    ]
    rows = [tiles[at : at + across] for at in range(0, len(tiles), across)]
    rows[-1] += [[] for _ in range(across - len(rows[-1]))]
    style = [
        ("ALIGN", (0, 0), (-1, -1), "CENTER"),
        ("LEFTPADDING", (0, 0), (-1, -1), 0),
        ("RIGHTPADDING", (0, 0), (-1, -1), 0),
    ]
    return Cells(rows, [side] * across, style=style)


def beside(left: Sequence[Flowable], right: Sequence[Flowable], left_share: float = 0.5) -> Flowable:
    """Put blocks beside each other; they must fit on one page."""
    widths = [CONTENT_WIDTH * left_share, CONTENT_WIDTH * (1 - left_share)]
    style = [
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LEFTPADDING", (0, 0), (-1, -1), 0),
        ("RIGHTPADDING", (0, 0), (0, 0), _GUTTER),
        ("RIGHTPADDING", (1, 0), (1, 0), 0),
    ]
    return Cells([[list(left), list(right)]], widths, style=style)


def legend(colors: Mapping[str, str]) -> Drawing:
    """Draw names beside squares of their colour, two a row."""
    drawing = Drawing(CONTENT_WIDTH / 2, 12 * -(-len(colors) // 2) + 2)
    for at, (name, color) in enumerate(colors.items()):
        x, y = at % 2 * CONTENT_WIDTH / 4, drawing.height - 12 * (at // 2 + 1)
        drawing.add(Rect(x, y, 7, 7, fillColor=HexColor(color), strokeColor=None))
        drawing.add(String(x + 11, y + 1, name, fontName=LATIN, fontSize=7, fillColor=INK))
    return drawing


def scale_bar(scale: Scale, unit: str, width: float) -> Drawing:
    """Draw a colour scale with its two ends and what it is about."""
    drawing = Drawing(width, 22)
    colors = [scale.colors[round(place)] for place in np.linspace(0, len(scale.colors) - 1, _STRIPES)]
    step = width / _STRIPES
    for at, color in enumerate(colors):
        drawing.add(Rect(at * step, 13, step + 0.3, 7, fillColor=HexColor(color), strokeColor=None))
    for x, anchor, words in (
        (0, "start", f"{scale.low * 100:.3g} %"),
        (width, "end", f"{scale.high * 100:.3g} %"),
        (width / 2, "middle", unit),
    ):
        drawing.add(String(x, 4, words, fontName=LATIN, fontSize=6.5, fillColor=INK, textAnchor=anchor))
    return drawing


def _cell(text: str, kind: str, *, head: bool = False) -> Paragraph:
    style = HEAD_CELL if head else CELL
    return Paragraph(
        paragraph_text(shortened(text)), style if kind not in _RIGHT else style.clone("right", alignment=2)
    )


def _png(image: NDArray[np.uint8]) -> io.BytesIO:
    drawn = Picture.fromarray(image)
    paper = Picture.new("RGB", drawn.size, "white")  # a PDF keeps transparency as a second picture
    paper.paste(drawn, mask=drawn)
    content = io.BytesIO()
    paper.save(content, "PNG")
    content.seek(0)
    return content
