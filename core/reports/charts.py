"""Charts on paper: bars with whiskers, axes with units. Vectors, so that they print sharp."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from reportlab.graphics.shapes import Drawing, Group, Line, Rect, String
from reportlab.lib.colors import Color

from core.drawing.value_maps import STEPS
from core.reports.style import ACCENT, INK, MUTED, RULE
from core.reports.text import LATIN, spelt

LEFT, BOTTOM, TOP = 34, 26, 6
_SMALL = 6.5


@dataclass(frozen=True)
class Bars:
    """Shares as bars.

    Args:
        labels: below each bar; an empty one leaves the place free.
        shares: heights, 0 to 1; NaN draws none.
        low: lower ends of the whiskers, empty for none.
        high: upper ends.
        across: what the labels are, with their unit.
        up: what the heights are.
        color: of the bars.
    """

    labels: Sequence[str]
    shares: Sequence[float]
    low: Sequence[float] = ()
    high: Sequence[float] = ()
    across: str = ""
    up: str = ""
    color: Color = ACCENT


def bar_chart(bars: Bars, width: float, height: float) -> Drawing:
    """Draw shares as bars in percent, `width` x `height` points."""
    drawing = Drawing(width, height)
    defined = [share for share in (*bars.shares, *bars.high) if share == share]
    most = next((step for step in STEPS if max(defined, default=0) <= step), 1.0)
    across, up = width - LEFT, height - BOTTOM - TOP
    for part in (0, 0.5, 1):
        y = BOTTOM + part * up
        drawing.add(Line(LEFT, y, width, y, strokeColor=MUTED if part == 0 else RULE, strokeWidth=0.5))
        drawing.add(_words(LEFT - 3, y - 2, f"{part * most * 100:.3g} %", "end"))
    slot = across / max(1, len(bars.shares))
    for at, share in enumerate(bars.shares):
        x = LEFT + at * slot
        if share == share:
            drawing.add(
                Rect(x + slot * 0.18, BOTTOM, slot * 0.64, share / most * up, fillColor=bars.color, strokeColor=None)
            )
        if bars.high and bars.high[at] == bars.high[at]:
            ends = (BOTTOM + bars.low[at] / most * up, BOTTOM + bars.high[at] / most * up)
            drawing.add(Line(x + slot / 2, ends[0], x + slot / 2, ends[1], strokeColor=INK, strokeWidth=0.6))
        drawing.add(_words(x + slot / 2, BOTTOM - 9, bars.labels[at], "middle"))
    drawing.add(_words(LEFT + across / 2, 4, bars.across, "middle"))
    drawing.add(Group(_words(0, 0, bars.up, "middle"), transform=(0, 1, -1, 0, 7, BOTTOM + up / 2)))
    return drawing


def _words(x: float, y: float, text: str, anchor: str) -> String:
    return String(
        x, y, spelt(text, latin_only=True), fontName=LATIN, fontSize=_SMALL, fillColor=MUTED, textAnchor=anchor
    )


def calibration_chart(said: Sequence[float], true: Sequence[float], side: float) -> Drawing:
    """Draw how often it was so against how surely it was said, `side` points wide and high; the diagonal is perfect."""
    drawing = Drawing(side, side)
    across, up = side - LEFT, side - BOTTOM - TOP

    def at(x: float, y: float) -> tuple[float, float]:
        return LEFT + x * across, BOTTOM + y * up

    for part in (0, 0.5, 1):
        drawing.add(Line(*at(0, part), *at(1, part), strokeColor=MUTED if part == 0 else RULE, strokeWidth=0.5))
        words = f"{part:.0%}".replace("%", " %")
        drawing.add(_words(LEFT - 3, at(0, part)[1] - 2, words, "end"))
        drawing.add(_words(at(part, 0)[0], BOTTOM - 9, words, "middle" if part < 1 else "end"))
    drawing.add(Line(*at(0, 0), *at(1, 1), strokeColor=MUTED, strokeWidth=0.5, strokeDashArray=[2, 2]))
    points = [at(x, y) for x, y in zip(said, true, strict=True)]
    for start, end in pairwise(points):
        drawing.add(Line(*start, *end, strokeColor=ACCENT, strokeWidth=1))
    for x, y in points:
        drawing.add(Rect(x - 1.5, y - 1.5, 3, 3, fillColor=ACCENT, strokeColor=None))
    drawing.add(_words(LEFT + across / 2, 4, "Said by the model", "middle"))
    drawing.add(Group(_words(0, 0, "True", "middle"), transform=(0, 1, -1, 0, 7, BOTTOM + up / 2)))
    return drawing
