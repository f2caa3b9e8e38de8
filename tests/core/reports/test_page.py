from datetime import UTC, datetime

from core.reports.blocks import note, section
from core.reports.page import Frontmatter, pdf
from tests.core.reports.report_readers import pages

FRONT = Frontmatter("Lot <7> & more", "晶圓 · TC38", datetime(2026, 3, 1, 12, tzinfo=UTC), "eva")


def test_every_page_has_its_number_of_how_many():
    content = pdf(FRONT, [section(f"Part {n}", *[note("words " * 60) for _ in range(20)]) for n in range(4)])
    texts = pages(content)
    assert len(texts) > 1
    for number, text in enumerate(texts, 1):
        assert text.endswith(f"{number} of {len(texts)}")


def test_the_first_page_has_the_title_and_every_page_the_imprint():
    texts = pages(pdf(FRONT, [note("a") for _ in range(200)]))
    assert texts[0].replace(" ", "").startswith("Lot<7>&more")
    assert all("2026-03-01 12:00 UTC by eva" in text for text in texts)


def test_the_same_report_is_the_same_bytes():
    assert pdf(FRONT, [note("a")]) == pdf(FRONT, [note("a")])


def test_the_file_is_dated_when_it_was_made_and_its_fonts_are_embedded():
    content = pdf(FRONT, [note("Ω晶")])
    assert b"/CreationDate (D:20260301120000+00'00')" in content
    assert b"/FontFile2" in content
    assert b"STSong" not in content
