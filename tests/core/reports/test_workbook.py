import io
import zipfile
from datetime import UTC, datetime
from xml.etree import ElementTree as Xml

import pytest

from core.reports.table import Column, Table, table_csv
from core.reports.workbook import workbook
from tests.core.reports.report_readers import NS, cells, opened

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
COLUMNS = (Column("Name"), Column("Dies", "count"), Column("Yield", "percent"), Column("Tested", "time"))


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@A1", "http://a.example", "123", '=HYPERLINK("x")'])
def test_text_stays_text_whatever_it_begins_with(text):
    content = workbook([Table("T", COLUMNS, [[text, 1, 0.5, NOW]])], NOW, "t")
    assert cells(content)["A2"] == ("s", text)
    assert opened(content)[0].find(".//x:f", NS) is None
    assert opened(content)[0].find(".//x:hyperlink", NS) is None


def test_numbers_and_times_are_numbers():
    found = cells(workbook([Table("T", COLUMNS, [["a", 7, 0.25, NOW]])], NOW, "t"))
    assert found["B2"] == (None, 7)
    assert found["C2"] == (None, 0.25)
    assert found["D2"] == (
        None,
        pytest.approx((NOW.replace(tzinfo=None) - datetime(1899, 12, 30)).total_seconds() / 86400),
    )


def test_undefined_cells_are_blank():
    found = cells(workbook([Table("T", COLUMNS, [[None, None, float("nan"), None]])], NOW, "t"))
    assert not [name for name in found if name.endswith("2")]


def test_the_head_stays_in_sight_on_every_sheet():
    content = workbook([Table(name, COLUMNS, []) for name in ("Lot", "Wafers")], NOW, "t")
    for sheet in (1, 2):
        pane = opened(content, sheet)[0].find(".//x:pane", NS)
        assert (pane.get("ySplit"), pane.get("state")) == ("1", "frozen")
        assert cells(content, sheet)["A1"] == ("s", "Name")


def test_a_name_that_no_sheet_can_have_is_made_one():
    content = workbook([Table("a/b:c*" + "x" * 40, COLUMNS, [])], NOW, "t")
    book = Xml.fromstring(zipfile.ZipFile(io.BytesIO(content)).read("xl/workbook.xml"))
    assert book.find(".//x:sheet", NS).get("name") == "a b c " + "x" * 25


def test_rows_beyond_what_a_sheet_holds_go_on_in_another():
    content = workbook([Table("T", COLUMNS, [[name, 1, 0.5, None] for name in "abcde"])], NOW, "t", most_rows=2)
    book = Xml.fromstring(zipfile.ZipFile(io.BytesIO(content)).read("xl/workbook.xml"))
    assert [sheet.get("name") for sheet in book.iterfind(".//x:sheet", NS)] == ["T", "T (2)", "T (3)"]
    assert [cells(content, sheet)["A2"][1] for sheet in (1, 2, 3)] == ["a", "c", "e"]
    assert all(cells(content, sheet)["A1"] == ("s", "Name") for sheet in (1, 2, 3))


def test_the_same_table_as_csv_cannot_run_either():
    text = table_csv(Table("T", COLUMNS, [["=1+1", 7, float("nan"), None]]))
    assert text == "Name,Dies,Yield,Tested\n'=1+1,7,,\n"
