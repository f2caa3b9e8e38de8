"""The frame of every PDF report: A4, a title, who made it and when, page numbers, blocks below each other."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from reportlab.lib.units import mm
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import BaseDocTemplate, Flowable, Frame, PageTemplate, Paragraph

from core.reports.style import CONTENT_HEIGHT, CONTENT_WIDTH, FOOT, MARGIN, NOTE, PAGE, RULE, TITLE
from core.reports.text import LATIN, paragraph_text, register_fonts


@dataclass(frozen=True)
class Frontmatter:
    """What stands on top of a report and in its footer.

    Args:
        title: of the report, such as "Lot D10001".
        subtitle: one line below it.
        made_at: when it was made; the time zone is written with it.
        made_by: name of the person who asked for it.
    """

    title: str
    subtitle: str
    made_at: datetime
    made_by: str

    @property
    def imprint(self) -> str:
        """The footer's words."""
        return f"{self.title} · made {self.made_at:%Y-%m-%d %H:%M %Z} by {self.made_by} · Waferscope"


def pdf(front: Frontmatter, blocks: Sequence[Flowable]) -> bytes:
    """Set blocks on as many pages as they take.

    Args:
        front: title and footer.
        blocks: as `core.reports.blocks` makes them.

    Returns:
        The PDF file. The same arguments give the same bytes.
    """
    register_fonts()
    content = io.BytesIO()
    document = BaseDocTemplate(
        content,
        pagesize=PAGE,
        leftMargin=MARGIN,
        rightMargin=MARGIN,
        topMargin=MARGIN,
        bottomMargin=MARGIN + FOOT,
        title=front.title,
        author=front.made_by,
        creator="Waferscope",
        invariant=1,
    )
    frame = Frame(MARGIN, MARGIN + FOOT, CONTENT_WIDTH, CONTENT_HEIGHT, 0, 0, 0, 0)
    document.addPageTemplates([PageTemplate(frames=[frame])])
    head = [Paragraph(paragraph_text(front.title), TITLE), Paragraph(paragraph_text(front.subtitle), NOTE)]
    document.build([*head, *blocks], canvasmaker=_numbered(front.imprint, front.made_at))
    return content.getvalue()


def _numbered(imprint: str, made_at: datetime) -> type[Canvas]:
    """A canvas class that dates the file and writes the footer once it knows how many pages there are."""
    created = f"D:{made_at.astimezone(UTC):%Y%m%d%H%M%S}+00'00'"

    class Numbered(Canvas):  # type: ignore[misc]  # reportlab has no types
        def __init__(self, *args: object, **options: object) -> None:
            super().__init__(*args, **options)
            self.setDateFormatter(lambda *_: created)  # `invariant` dates everything 2000
            self._waiting: list[dict[str, object]] = []

        def showPage(self) -> None:
            """Keep the page until their number is known."""
            self._waiting.append(dict(self.__dict__))
            self._startPage()

        def save(self) -> None:
            """Write every page with its footer."""
            for page, state in enumerate(self._waiting, 1):
                self.__dict__.update(state)
                _footer(self, imprint, f"{page} of {len(self._waiting)}")
                super().showPage()
            super().save()

    return Numbered


def _footer(canvas: Canvas, imprint: str, number: str) -> None:
    canvas.setStrokeColor(RULE)
    canvas.line(MARGIN, MARGIN + 4 * mm, PAGE[0] - MARGIN, MARGIN + 4 * mm)
    words = Paragraph(paragraph_text(imprint), NOTE)
    width = stringWidth(number, LATIN, NOTE.fontSize)
    words.wrap(CONTENT_WIDTH - width - 5 * mm, 4 * mm)
    words.drawOn(canvas, MARGIN, MARGIN - 2 * mm)
    canvas.setFont(LATIN, NOTE.fontSize)
    canvas.setFillColor(NOTE.textColor)
    canvas.drawRightString(PAGE[0] - MARGIN, MARGIN - 1 * mm, number)
