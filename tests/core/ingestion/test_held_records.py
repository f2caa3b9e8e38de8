from dataclasses import replace

import numpy as np

from core.downloads.formats import WAFER_FORMATS, ExportStyle, FormatKey, chosen
from core.identity import Person
from core.ingestion.held_records import sifted
from core.lake import Lake
from data.formats import read_bytes
from data.orientation import axes_text
from jobs.ingest import main
from tests.core.exports.examples import example_result

STYLE = ExportStyle(Person("eva"))
RESULT = example_result(
    product="TC38",
    die_pitch_mm=(2.0, 3.0),
    diameter_mm=150.0,
    bins=np.arange(720, dtype=np.uint16).reshape(30, 24) % 9,
    attributes={"die_axes": axes_text("right", "up", (0, 29))},
)


def exported(result, *keys):
    return [
        read for one in chosen(WAFER_FORMATS, keys) for read in read_bytes(f"a{one.ending}", one.make(result, STYLE))
    ]


def test_no_export_takes_the_place_of_what_the_lake_knows_better(tmp_path):
    lake = Lake(tmp_path)
    lake.append_wafers([RESULT.wafer])
    every = exported(RESULT, FormatKey.PNG, FormatKey.DIES, FormatKey.G85, FormatKey.E142, FormatKey.KLARF12)
    found = sifted(lake, every)
    assert (found.kept, len(found.held_back)) == ((), 5)
    assert found.remarks[0].startswith("a.png: it is an export (overlay) of LOT1:W01, which the lake holds")


def test_an_export_that_says_more_and_a_new_wafer_are_kept(tmp_path):
    lake = Lake(tmp_path)
    lake.append_wafers([replace(RESULT.wafer, bins=None, product="")])
    [dies] = exported(RESULT, FormatKey.DIES)
    assert sifted(lake, [dies]).kept == (dies,)
    assert sifted(Lake(tmp_path / "new"), [dies]).kept == (dies,)


def test_an_export_whose_dies_differ_never_takes_the_place_of_the_wafer(tmp_path):
    lake = Lake(tmp_path)
    dies = np.array(RESULT.wafer.dies)
    dies[0, 0] = 2
    lake.append_wafers([replace(RESULT.wafer, dies=dies, bins=None, product="")])
    assert sifted(lake, exported(RESULT, FormatKey.DIES)).kept == ()


def test_files_of_other_makers_are_taken_as_ever(tmp_path):
    lake = Lake(tmp_path)
    lake.append_wafers([RESULT.wafer])
    assert sifted(lake, [replace(RESULT.wafer, product="")]).held_back == ()


def test_ingesting_our_own_tables_and_pictures_changes_no_wafer_and_says_so(tmp_path, capsys):
    lake = Lake(tmp_path / "home" / "lake")
    lake.append_wafers([RESULT.wafer])
    for one in chosen(WAFER_FORMATS, [FormatKey.PNG, FormatKey.DIES, FormatKey.MASK]):
        (tmp_path / f"a{one.ending}").write_bytes(one.make(RESULT, STYLE))
    paths = [str(tmp_path / name) for name in ("a.png", "a_dies.csv", "a_mask.png")]
    assert main([*paths, "--home", str(tmp_path / "home")]) == 1, "a mask is no wafer"
    said = capsys.readouterr().err
    assert "a_dies.csv: it is an export (dies) of LOT1:W01" in said
    assert "found masks of defect classes of LOT1:W01" in said
    held = Lake(tmp_path / "home" / "lake").wafer("LOT1:W01")
    assert (held.product, held.die_pitch_mm, held.diameter_mm) == ("TC38", (2.0, 3.0), 150.0)
    assert np.array_equal(held.bins, RESULT.wafer.bins)
