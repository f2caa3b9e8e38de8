import io
import zipfile
from datetime import datetime

import pytest
from openpyxl import Workbook

from data.errors import FormatError
from data.formats import ReadOptions, read_bytes, xlsx_file
from data.formats.source import Source
from data.formats.xlsx_file import Limits

TABLE = [["x", "y", "bin"], [0, 0, 1], [1, 0, 5], [0, 1.0, 1], [1, 1, 1]]
DIES = [[1, 2], [1, 1]]


def workbook(sheets: dict[str, list[list[object]]]) -> bytes:
    book = Workbook()
    book.remove(book.active)
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def read(content: bytes, name: str = "lot.xlsx", **options):
    return list(read_bytes(name, content, options=ReadOptions(**options)))


def refused(content: bytes, limits: Limits) -> str:
    """Why a workbook that goes beyond limits is not read."""
    with pytest.raises(FormatError) as caught:
        list(xlsx_file.read(Source("lot.xlsx", io.BytesIO(content)), ReadOptions(), limits))
    return str(caught.value)


@pytest.mark.parametrize("name", ["lot.xlsx", "lot", "lot.zip"])
def test_a_sheet_is_read_as_a_table_of_its_cells(name):
    head = [["Lot", "L1"], ["Wafer", 5], ["Date", datetime(2026, 5, 28, 14, 22)], ["Wafer Size", '8"'], []]
    [wafer] = read(workbook({"Sheet1": head + TABLE + [["Total", 4]]}), name)
    assert (wafer.key, wafer.dies.tolist(), wafer.diameter_mm) == ("L1:5", DIES, pytest.approx(203.2, rel=1e-9))
    assert wafer.tested_at.isoformat() == "2026-05-28T14:22:00+00:00"
    assert wafer.remarks == ()


def test_the_sheet_with_the_dies_is_found_among_others():
    content = workbook({"Cover": [["A report"], ["of last week"]], "Data": TABLE, "Empty": []})
    assert read(content)[0].dies.tolist() == DIES


def test_sheets_that_name_their_wafers_are_wafers_each():
    assert [wafer.wafer_id for wafer in read(workbook({"W01": TABLE, "W02": TABLE}))] == ["W01", "W02"]
    named = {title: [["Wafer", title], *TABLE] for title in ("A", "B")}
    assert [wafer.wafer_id for wafer in read(workbook(named))] == ["A", "B"]


def test_of_several_sheets_without_wafers_the_caller_chooses_one():
    content = workbook({"First": TABLE, "Second": [*TABLE, [2, 0, 1]]})
    [failure] = read(content)
    assert "2 sheets hold dies ('First', 'Second'), and not each names its wafer. Name the sheet" in failure.reason
    assert read(content, overlay="second")[0].tested_count == 5


def test_a_workbook_without_a_die_table_is_one_sentence():
    [failure] = read(workbook({"Costs": [["a", "b"], [1, 2]]}))
    assert "expected a sheet with a row that names the columns x, y and bin (or pass_fail), found none in 'Costs'" in (
        failure.reason
    )


@pytest.mark.parametrize("name", ["old.xls", "locked.xlsx"])
def test_old_and_locked_workbooks_are_one_sentence(name):
    [failure] = read(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), name)
    assert failure.reason.endswith("Save it without a password as .xlsx or CSV.")


def test_other_office_documents_are_one_sentence():
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("word/document.xml", "<document/>")
    [failure] = read(content.getvalue(), "letter.docx")
    assert "found another Office document" in failure.reason


def test_a_workbook_in_a_zip_is_read():
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("lot.xlsx", workbook({"Sheet1": TABLE}))
    assert read(content.getvalue(), "all.zip")[0].dies.tolist() == DIES


def test_what_would_fill_the_memory_is_refused():
    assert "the limit is 0 MiB" in read(workbook({"Sheet1": TABLE}), max_table_bytes=1000)[0].reason
    assert "its texts and styles unpack to 0 MiB" in refused(workbook({"Sheet1": TABLE}), Limits(shared_bytes=1000))
    far = [[*row, "", "", "far"] for row in TABLE]
    assert "or 4 columns" in refused(workbook({"Sheet1": far}), Limits(columns=4))


def test_a_row_number_far_off_ends_the_reading():
    content = io.BytesIO(workbook({"Sheet1": TABLE}))
    changed = io.BytesIO()
    with zipfile.ZipFile(content) as old, zipfile.ZipFile(changed, "w") as new:
        for info in old.infolist():
            data = old.read(info).replace(b'r="5"', b'r="900000000"').replace(b'r="A5"', b'r="A900000000"')
            new.writestr(info.filename, data)
    assert "more than 1000 rows" in refused(changed.getvalue(), Limits(rows=1000))


def test_leading_zeros_that_a_cell_shows_are_kept():
    book = Workbook()
    sheet = book.active
    for row in [["Lot", 7], ["Wafer", 5], *TABLE]:
        sheet.append(row)
    sheet["B1"].number_format, sheet["B2"].number_format = "00000", "00"
    content = io.BytesIO()
    book.save(content)
    assert [(wafer.key, wafer.dies.tolist()) for wafer in read(content.getvalue())] == [("00007:05", DIES)]
