"""A control chart on paper: points joined by a line, the centre, the limits, and which points lie beyond them."""

from collections.abc import Sequence
from itertools import pairwise

from reportlab.graphics.shapes import Circle, Drawing, Group, Line, String
from reportlab.lib.colors import HexColor

from core.drawing.value_maps import STEPS
from core.reports.style import INK, MUTED, RULE
from core.reports.text import LATIN, spelt
from core.statistics.spc import ControlChart

LEFT, BOTTOM, TOP = 34, 26, 6
MOST_LABELS = 8
_SMALL = 6.5


def trend_chart(
    chart: ControlChart, labels: Sequence[str], across: str, color: str, width: float, height: float
) -> Drawing:
    """Draw shares over time in percent, `width` x `height` points; a ring marks a point beyond a limit.

    Args:
        chart: the points and their limits, shares of 0 to 1.
        labels: below the points; of many, some.
        across: what the points are.
        color: "#rrggbb" of points and line.
        width: of the drawing.
        height: of the drawing.
    """
    drawing = Drawing(width, height)
    most = next((step for step in STEPS if max(*chart.points, *chart.upper) <= step), 1.0)
    right, up = width - LEFT, height - BOTTOM - TOP
    slot = right / len(chart.points)

    def x(at: int) -> float:
        return LEFT + (at + 0.5) * slot

    def y(share: float) -> float:
        return float(BOTTOM + min(share, most) / most * up)

    for part in (0, 0.5, 1):
        line = BOTTOM + part * up
        drawing.add(Line(LEFT, line, width, line, strokeColor=MUTED if part == 0 else RULE, strokeWidth=0.5))
        drawing.add(_words(LEFT - 3, line - 2, f"{part * most * 100:.3g} %", "end"))
    drawing.add(Line(LEFT, y(chart.center), width, y(chart.center), strokeColor=MUTED, strokeWidth=0.6))
    for limits in (chart.lower, chart.upper):
        for at, limit in enumerate(limits):
            left = LEFT + at * slot
            drawing.add(
                Line(left, y(limit), left + slot, y(limit), strokeColor=MUTED, strokeWidth=0.5, strokeDashArray=[2, 2])
            )
    ink = HexColor(color)
    for at, (start, end) in enumerate(pairwise(chart.points)):
        drawing.add(Line(x(at), y(start), x(at + 1), y(end), strokeColor=ink, strokeWidth=1))
    radius = max(0.8, min(1.8, slot / 3))
    for at, point in enumerate(chart.points):
        drawing.add(Circle(x(at), y(point), radius, fillColor=ink, strokeColor=None))
        if not chart.lower[at] <= point <= chart.upper[at]:
            drawing.add(Circle(x(at), y(point), radius + 2, fillColor=None, strokeColor=INK, strokeWidth=0.8))
    step = -(-len(labels) // MOST_LABELS)
    for at in range(0, len(labels), step):
        drawing.add(_words(x(at), BOTTOM - 9, labels[at], "middle"))
    drawing.add(_words(LEFT + right / 2, 4, across, "middle"))
    drawing.add(Group(_words(0, 0, "Wafers", "middle"), transform=(0, 1, -1, 0, 7, BOTTOM + up / 2)))
    return drawing


def _words(x: float, y: float, text: str, anchor: str) -> String:
    return String(
        x, y, spelt(text, latin_only=True), fontName=LATIN, fontSize=_SMALL, fillColor=MUTED, textAnchor=anchor
    )
