import csv
import io
import json
import zipfile
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from core.downloads.folder import ExportFolder, export_zip
from core.downloads.formats import ExportStyle, FormatKey
from core.exports import instances_csv
from core.identity import Person
from data.errors import SettingError
from data.formats import read_wafers
from tests.core.exports.examples import example_result

STYLE = ExportStyle(Person("eva"), made_at=datetime(2026, 3, 1, tzinfo=UTC))
KEYS = [FormatKey.KLARF18, FormatKey.E142, FormatKey.CLUSTERS, FormatKey.DIES, FormatKey.XLSX]
SIZES = {"die_pitch_mm": (10.0, 12.0), "diameter_mm": 300.0}


def wafers():
    return [example_result(wafer_id=f"W{number:02d}", **SIZES) for number in (1, 2)]


def files_of(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_each_wafer_has_its_files_and_all_share_the_tables(tmp_path):
    with ExportFolder(tmp_path / "out", KEYS, STYLE) as export:
        for result in wafers():
            export.add(result)
    assert files_of(tmp_path / "out") == {
        "klarf18/LOT1_W01_18.klarf",
        "klarf18/LOT1_W02_18.klarf",
        "e142/LOT1_W01_e142.xml",
        "e142/LOT1_W02_e142.xml",
        "clusters.csv",
        "dies.csv",
        "results.xlsx",
        "export.json",
    }
    assert (tmp_path / "out" / "clusters.csv").read_text() == instances_csv(wafers())
    dies = list(csv.DictReader((tmp_path / "out" / "dies.csv").open()))
    assert len(dies) == sum(result.wafer.tested_count for result in wafers())
    assert {wafer.key for wafer in read_wafers(tmp_path / "out" / "e142")} == {"LOT1:W01", "LOT1:W02"}
    said = json.loads((tmp_path / "out" / "export.json").read_text())
    assert (said["wafers"], said["refused"], said["written"]["e142"]) == (2, [], 2)


def test_what_a_format_cannot_hold_is_noted_and_the_rest_is_written(tmp_path):
    with ExportFolder(tmp_path, [FormatKey.KLARF12, FormatKey.G85], STYLE) as export:
        export.add(example_result())
    assert files_of(tmp_path) == {"g85/LOT1_W01_g85.xml", "export.json"}
    [refusal] = json.loads((tmp_path / "export.json").read_text())["refused"]
    assert (refusal["of"], refusal["format"]) == ("LOT1:W01", "klarf12")
    assert "the die pitch is not known" in refusal["reason"]


def test_a_file_that_cannot_be_made_leaves_the_others_and_says_why(tmp_path, monkeypatch):
    def break_off(*_, **__):
        raise MemoryError("no room for the picture")

    monkeypatch.setattr("core.downloads.formats.wafer_pdf", break_off)
    monkeypatch.setattr("core.reports.levels.LevelsWorkbook.xlsx", break_off)
    with ExportFolder(tmp_path, [FormatKey.PDF, FormatKey.XLSX, FormatKey.G85], STYLE) as export:
        for result in wafers():
            export.add(result)
    assert files_of(tmp_path) == {"g85/LOT1_W01_g85.xml", "g85/LOT1_W02_g85.xml", "export.json"}
    refused = json.loads((tmp_path / "export.json").read_text())["refused"]
    assert [(one["of"], one["format"]) for one in refused] == [
        ("LOT1:W01", "pdf"),
        ("LOT1:W02", "pdf"),
        ("all wafers", "xlsx"),
    ]
    assert all("could not be made (no room for the picture)" in one["reason"] for one in refused)


def test_an_interrupted_export_leaves_no_half_of_a_table(tmp_path):
    def interrupted():
        with ExportFolder(tmp_path, KEYS, STYLE) as export:
            export.add(wafers()[0])
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert files_of(tmp_path) == {"klarf18/LOT1_W01_18.klarf", "e142/LOT1_W01_e142.xml"}


def test_wafers_whose_names_look_alike_in_files_keep_apart(tmp_path):
    with ExportFolder(tmp_path, [FormatKey.JSON], STYLE) as export:
        for lot in ("A/B", "A:B", "晶" * 100):
            export.add(example_result(lot=lot))
    names = files_of(tmp_path) - {"export.json"}
    assert len(names) == 3
    assert {"json/A_B_W01.json", "json/A_B_W01~2.json"} < names


def test_an_archive_holds_the_same_files():
    content = io.BytesIO()
    export_zip(wafers(), [FormatKey.E142, FormatKey.DIES], STYLE, content)
    names = set(zipfile.ZipFile(content).namelist())
    assert names == {"e142/LOT1_W01_e142.xml", "e142/LOT1_W02_e142.xml", "dies.csv", "export.json"}


def test_a_place_that_cannot_be_written_is_said(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingError, match="cannot be written there"):
        ExportFolder(tmp_path / "file", KEYS, STYLE)


def test_the_summary_lists_every_file(tmp_path):
    with ExportFolder(tmp_path / "out", KEYS, STYLE) as export:
        export.add(wafers()[0])
    said = json.loads((tmp_path / "out" / "export.json").read_text())
    assert {*said["files"], "export.json"} == files_of(tmp_path / "out")


def test_a_second_run_does_not_mix_with_the_first(tmp_path):
    with ExportFolder(tmp_path / "out", [FormatKey.JSON], STYLE) as export:
        export.add(wafers()[0])
    before = (tmp_path / "out" / "export.json").read_bytes()
    with pytest.raises(SettingError, match="it holds the files of an earlier export"):
        ExportFolder(tmp_path / "out", KEYS, STYLE)
    assert (tmp_path / "out" / "export.json").read_bytes() == before


def test_tables_begin_with_a_byte_order_mark_where_it_is_asked_for(tmp_path):
    with ExportFolder(tmp_path / "out", [FormatKey.DIES], replace(STYLE, bom=True)) as export:
        for result in wafers():
            export.add(result)
    content = (tmp_path / "out" / "dies.csv").read_bytes()
    assert content.startswith(b"\xef\xbb\xbfkey,lot,wafer,")
    assert content.count(b"\xef\xbb\xbf") == 1
    assert [wafer.key for wafer in read_wafers(tmp_path / "out" / "dies.csv")] == ["LOT1:W01", "LOT1:W02"]
