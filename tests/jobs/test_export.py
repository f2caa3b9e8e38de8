import json
from datetime import timedelta

import pytest

from core.database import AppDatabase
from core.database.audit import entries
from core.lake import Lake
from data.formats.klarf import parse_klarf
from jobs.export import main
from tests.core.lake_examples import START, drawn, found_on

pytestmark = pytest.mark.slow


@pytest.fixture
def home(tmp_path, monkeypatch):
    """Six wafers of two lots, the last one not segmented."""
    monkeypatch.setenv("WAFERSCOPE_HOME", str(tmp_path / "home"))
    lake = Lake(tmp_path / "home" / "lake")
    wafers = [
        drawn(n * 10, tested_at=START + timedelta(days=n), die_pitch_mm=(20.0, 20.0), diameter_mm=300.0)
        for n in range(6)
    ]
    lake.append_wafers(wafers)
    lake.append_results(found_on(wafer, "edge") for wafer in wafers[:5])
    return tmp_path


def names(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_a_filter_chooses_the_wafers(home):
    out = home / "out"
    assert main(["--out", str(out), "--formats", "klarf18", "--since", "2026-03-02", "--until", "2026-03-03"]) == 0
    assert names(out) == ["export.json", "klarf18/LOT000_W11_18.klarf", "klarf18/LOT000_W21_18.klarf"]
    [read] = parse_klarf((out / "klarf18" / "LOT000_W11_18.klarf").read_text(), "a")
    assert read.wafer_id == "W11"
    assert len(read.defects) > 0


def test_keys_choose_the_wafers_and_lots_come_with_them(home):
    out = home / "out"
    assert main(["LOT000:W01", "LOT001:W06", "--out", str(out), "--formats", "json", "lot-pdf", "lot-xlsx"]) == 0
    assert names(out) == [
        "export.json",
        "json/LOT000_W01.json",
        "json/LOT001_W06.json",
        "lot-pdf/LOT000.pdf",
        "lot-pdf/LOT001.pdf",
        "lot-xlsx/LOT000.xlsx",
        "lot-xlsx/LOT001.xlsx",
    ]


def test_what_is_taken_away_is_in_the_trail(home):
    assert main(["LOT000:W01", "--out", str(home / "out"), "--formats", "json"]) == 0
    with AppDatabase(home / "home" / "decisions.db").reading() as session:
        [entry] = entries(session)
    assert (entry.action, entry.subject) == ("export.make", "folder out")
    assert entry.details == {"formats": ["json"], "wafers": 1}


def test_a_period_has_its_report_and_the_words_are_about_it(home, capsys):
    assert main(["--out", str(home / "out"), "--formats", "period-pdf", "--lot", "LOT000"]) == 0
    assert names(home / "out") == ["export.json", "period.pdf"]
    said = capsys.readouterr()
    assert said.out == "reported on the period's 3 wafers\nwritten: 1 period-pdf\n"
    assert said.err == ""


def test_lots_are_counted_as_lots(home, capsys):
    assert main(["--out", str(home / "out"), "--formats", "lot-xlsx"]) == 0
    said = capsys.readouterr()
    assert said.out == "written: 3 lot-xlsx\n"
    assert "went through 3 of 3 lots" in said.err
    assert "wafers" not in said.err


def test_each_refusal_is_said_once_with_the_formats_it_holds_for(home, capsys):
    lake = Lake(home / "home" / "lake")
    wafer = drawn(90, tested_at=START)
    lake.append_wafers([wafer])
    lake.append_results([found_on(wafer, "edge")])
    assert main([wafer.key, "--out", str(home / "out"), "--formats", "klarf18", "json", "klarf12"]) == 1
    said = capsys.readouterr()
    assert said.out == "written: 0 klarf18, 1 json, 0 klarf12\n"
    [refusal] = [line for line in said.err.splitlines() if "pitch" in line]
    assert refusal.startswith(f"klarf18, klarf12: {wafer.key}: the die pitch is not known")
    kept = json.loads((home / "out" / "export.json").read_text())["refused"]
    assert [one["format"] for one in kept] == ["klarf18", "klarf12"]


def test_klarf_takes_centroids_when_asked(home):
    key = "LOT000:W01"
    [instance, *_] = Lake(home / "home" / "lake").result(key).instances
    assert main([key, "--out", str(home / "out"), "--formats", "klarf12", "--places", "centroids"]) == 0
    [read] = parse_klarf((home / "out" / "klarf12" / "LOT000_W01_12.klarf").read_text(), "a")
    assert read.place_mm(read.defects[0]) == pytest.approx(instance.centroid_mm, abs=1e-4)


def test_wafers_without_a_result_are_told_and_the_status_says_so(home, capsys):
    assert main(["--out", str(home / "out"), "--lot", "LOT002", "--formats", "e142"]) == 1
    assert "LOT002:W01: the wafer is not segmented yet" in capsys.readouterr().err
    [refusal] = json.loads((home / "out" / "export.json").read_text())["refused"]
    assert refusal["of"] == "LOT002:W01"


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--lot", "NONE"], "no wafer of the lake passes"),
        (["LOT000:W01", "--lot", "LOT000"], "found both"),
        (["LOT000:W01", "--formats", "period-pdf"], "found both"),
        (["LOT9:W9"], "there is no wafer 'LOT9:W9'"),
        (["--since", "yesterday"], "expected a day"),
        (["--zone", "moon"], "there is no column 'moon'"),
    ],
)
def test_what_makes_no_sense_is_said_and_nothing_is_written(home, capsys, flags, said):
    assert main([*flags, "--out", str(home / "out")]) == 1
    assert said in capsys.readouterr().err
    assert not (home / "out").exists()


def test_an_unknown_format_is_refused_with_those_that_exist(home, capsys):
    with pytest.raises(SystemExit):
        main(["--out", str(home / "out"), "--formats", "gds"])
    assert "klarf18" in capsys.readouterr().err


def test_tables_begin_with_a_byte_order_mark_when_asked(home, monkeypatch):
    assert main(["LOT000:W01", "--out", str(home / "out"), "--formats", "clusters", "--bom"]) == 0
    assert (home / "out" / "clusters.csv").read_bytes().startswith(b"\xef\xbb\xbfkey,")
    monkeypatch.setenv("WAFERSCOPE_CSV_BOM", "on")
    assert main(["LOT000:W01", "--out", str(home / "again"), "--formats", "wafers"]) == 0
    assert (home / "again" / "wafers.csv").read_bytes().startswith(b"\xef\xbb\xbfkey,")


def test_a_second_run_into_the_same_folder_is_refused(home, capsys):
    words = ["LOT000:W01", "--out", str(home / "out"), "--formats", "json"]
    assert (main(words), main(words)) == (0, 1)
    assert "it holds the files of an earlier export" in capsys.readouterr().err
