import os
from pathlib import Path

import numpy as np
import pytest

from data.errors import FormatError
from data.formats import ReadFailure, read_bytes, read_wafers
from data.formats.klarf import parse_klarf
from data.geometry import geometry
from data.wafer import WaferMap
from tests.data.formats.klarf_writers import klarf12, klarf18
from tests.data.formats.make_fixtures import GRID

FOLDER = Path(os.environ.get("WAFERSCOPE_REAL_DATA", "../shared/data")) / "klarf"
real = pytest.mark.skipif(
    not FOLDER.is_dir(),
    reason="The public KLARF files are not on this machine; set WAFERSCOPE_REAL_DATA to their folder.",
)
BOTH = pytest.mark.parametrize("write", [klarf12, klarf18])


def parsed(content: bytes):
    return parse_klarf(content.decode(), "a.klarf")


@BOTH
def test_both_versions_say_the_same_of_the_same_inspection(write):
    [inspection] = parsed(write(GRID))
    first, second = inspection.defects
    assert (inspection.lot_id, inspection.wafer_id, inspection.notch) == ("LOT7", "W05", "down")
    assert (inspection.die_pitch_mm, inspection.center_mm, inspection.diameter_mm) == ((7.5, 5.0), (18.75, 10.0), 150.0)
    assert inspection.inspected == {(x, 3 - row) for row, x in np.argwhere(GRID).tolist()}
    assert inspection.inspected_at.isoformat() == "2026-05-01T14:30:00"
    assert inspection.classes == {0: "Unclassified", 1: "Scratch"}
    assert {"device": "CHIP-A", "step": "M1 CMP", "slot": "5"}.items() <= inspection.history.items()
    assert (first.number, first.x_index, first.y_index, first.class_number) == (1, 2, 2, 1)
    assert (first.x_rel_mm, first.y_rel_mm, first.x_size_mm, first.y_size_mm) == (1.0005, 2.00025, 0.0015, 0.0025)
    assert (second.x_index, second.y_index) == (1, 1)
    assert first.review["TEST"] == "1"


@BOTH
def test_places_are_counted_from_the_wafers_centre(write):
    [inspection] = parsed(write(GRID))
    # die (2, 2) begins 15 mm to the right of and 10 mm above die (0, 0); the centre lies 18.75 and 10 mm from there
    assert inspection.place_mm(inspection.defects[0]) == pytest.approx(
        (15 + 1.0005 - 18.75, 10 + 2.00025 - 10), abs=1e-9
    )


@BOTH
def test_the_centre_that_a_file_names_is_the_wafers_and_goes_out_as_it_came(write):
    [wafer] = read_bytes("a.klarf", write(GRID, center=(2.7, 0.4)))
    assert wafer.center == (2.7, 0.4)
    found = geometry(wafer).to_mm(np.array([2.7, 2.2]), np.array([0.4, 1.4]))
    assert np.concatenate(found).tolist() == pytest.approx([0, 7.5, 0, 2.5])


@BOTH
def test_a_centre_that_no_wafer_can_have_is_noted_and_not_used(write):
    [wafer] = read_bytes("a.klarf", write(GRID, center=(90.0, 2.0)))
    assert wafer.center is None
    assert wafer.attributes["center_in_file"] == (
        "row 90, column 2 of the grid as written: dies would lie off the wafer, so not used"
    )


@BOTH
def test_inspected_dies_are_on_the_wafer_and_fail_where_they_hold_defects(write):
    [wafer] = read_bytes("a.klarf", write(GRID))
    assert wafer.dies.tolist() == np.array([0, 1, 2, 0, 0, 0, 0, 2])[GRID].tolist()
    assert wafer.bins.sum() == 2
    assert (wafer.attributes["defects"], wafer.attributes["defect_classes"]) == ("2", "0 Unclassified: 1, 1 Scratch: 1")


def test_several_defects_on_a_die_are_counted_and_those_off_the_plan_are_told():
    text = klarf12(GRID).decode().replace(" 2 1000.5 2000.25 1 1 ", " 2 1000.5 2000.25 2 2 ")
    [wafer] = read_bytes("a.klarf", text.encode())
    assert (wafer.bins.max(), wafer.fail_count) == (2, 1)
    [outside] = read_bytes("a.klarf", text.replace(" 2 1000.5 2000.25 2 2 ", " 2 1000.5 2000.25 9 2 ").encode())
    assert outside.attributes["defects_outside_the_sample_plan"] == "1"
    assert outside.fail_count == 2


def test_a_wafer_without_defects_passes_everywhere():
    clean = np.minimum(GRID, 1)
    for write in (klarf12, klarf18):
        [wafer] = read_bytes("a.klarf", write(clean))
        assert (wafer.fail_count, wafer.tested_count) == (0, np.count_nonzero(GRID))


def test_lists_may_go_on_in_statements_and_name_their_images_in_between():
    lines = klarf12(GRID).decode()
    split = lines.replace(" 1 1 1 1 0\r\n 2 ", " 1 1 1 1 0;\r\nTiffFileName other.tif;\r\nDefectList\r\n 2 ")
    embedded = lines.replace("DefectList\r\n", "DefectList\r\nTiffFileName inner.tif\r\n")
    ended_rows = lines.replace("\r\n  0 1\r\n", "\r\n  0 1;\r\n")
    for text in (split, embedded, ended_rows):
        assert len(parsed(text.encode())[0].defects) == 2


def test_removed_dies_are_not_on_the_wafer():
    text = klarf12(GRID).decode().replace("AreaPerTest", "RemovedDieList 1\r\n  0 2;\r\nAreaPerTest")
    assert (0, 2) not in parsed(text.encode())[0].inspected


def test_the_plans_of_several_tests_add_up():
    text = (
        klarf12(GRID).decode().replace("AreaPerTest", "InspectionTest 2;\r\nSampleTestPlan 1\r\n  7 7;\r\nAreaPerTest")
    )
    assert len(parsed(text.encode())[0].inspected) == np.count_nonzero(GRID) + 1


def test_two_wafers_of_a_file_keep_their_own_plans_and_defects():
    text = klarf12(GRID).decode()
    second = 'WaferID "W06";\r\nSlot 6;\r\nSampleTestPlan 1\r\n 0 0;\r\nDefectList;\r\n'
    one, two = parsed(text.replace("EndOfFile", second + "EndOfFile").encode())
    assert (one.wafer_id, len(one.defects), len(one.inspected)) == ("W05", 2, np.count_nonzero(GRID))
    assert (two.wafer_id, len(two.defects), len(two.inspected), two.history["slot"]) == ("W06", 0, 1, "6")


@pytest.mark.parametrize(
    ("write", "old", "new", "said"),
    [
        (klarf12, " 1000.5 2000.25 2 2 ", " 1000.5 2000.25 2.5 2 ", "column XINDEX holds '2.5', expected a whole"),
        (klarf12, " 1000.5 2000.25 2 2 ", " 1000.5 east 2 2 ", "line 42: column YREL holds 'east', expected a number"),
        (klarf12, " 1 1000.5", " 5 1 1000.5", "line 42: "),
        (klarf12, "DefectRecordSpec 13", "DefectRecordSpec 12", "DefectRecordSpec should name 12 columns"),
        (klarf12, "SampleTestPlan 14", "SampleTestPlan 15", "SampleTestPlan should hold 15 pairs"),
        (klarf12, "EndOfFile;", "", "the file breaks off before EndOfFile"),
        (klarf12, 'LotID "LOT7"', 'LotID "LOT7', "line 6: a quote is not closed"),
        (klarf12, "OrientationMarkLocation DOWN", "OrientationMarkLocation ASKEW", "OrientationMarkLocation is down"),
        (klarf12, "DiePitch 7.5000000000e+003 ", "DiePitch ", "line 13: DiePitch takes 2 numbers, found 1"),
        (klarf18, "Data 2\n        {\n          1", "Data 3\n { 1", "DefectList should have 3 rows, found 2"),
        (klarf18, " 2 2 1500", " 2 1500", "a row of DefectList should have 10 values, found 9"),
        (klarf18, "Field DiePitch 2", "Field DiePitch 3", "line 6: DiePitch should have 3 values, found 2"),
        (klarf18, "EndOfFile", "", "expected EndOfFile"),
        (klarf18, "Field SlotNumber", "Slot", "expected Record, Field, List or }, found 'Slot'"),
        (klarf18, 'Record WaferRecord "W05"', 'Record OtherRecord "W05"', "expected a LotRecord that holds"),
    ],
)
def test_malformed_files_are_refused_with_the_line(write, old, new, said):
    text = write(GRID).decode()
    assert old in text
    with pytest.raises(FormatError, match=r"a\.klarf line \d+: ") as caught:
        parse_klarf(text.replace(old, new, 1), "a.klarf")
    assert said in str(caught.value)


def test_records_nested_without_end_are_refused():
    [failure] = read_bytes("a.klarf", b'Record FileRecord "1.8" {\n' + b"Record A {\n" * 5000)
    assert "deeper than 16" in failure.reason


@real
@pytest.mark.parametrize(
    ("name", "wafers", "defects"),
    [
        ("simple12", 1, [1]),
        ("klarf12Example", 1, [2]),
        ("klarf12DefectListExample", 1, [13]),
        ("simple18", 2, [3, 1]),
        ("wierdKlarfWithNAs", 2, [3, 1]),
        ("klarfWithImagelist", 1, [6]),
    ],
)
def test_public_files_give_their_wafers_and_defects(name, wafers, defects):
    found = list(read_wafers(FOLDER / f"{name}.klarf"))
    assert [type(wafer) for wafer in found] == [WaferMap] * wafers
    assert [int(wafer.bins.sum()) for wafer in found] == defects


@real
def test_public_files_that_are_malformed_are_refused_whole_with_the_line():
    [wafer_without_data], [shifted] = (read_wafers(FOLDER / name) for name in ("bad12.klarf", "bad12DefectList.klarf"))
    assert isinstance(wafer_without_data, ReadFailure)
    assert "line 36: wafer 'anotherWafer' has neither a sample plan nor defects" in wafer_without_data.reason
    assert "line 29: the defect should have 17 values as DefectRecordSpec says, found more" in shifted.reason


@real
def test_a_public_file_of_one_die_puts_its_defect_where_the_centre_is_half_a_die_away():
    [inspection] = parse_klarf((FOLDER / "simple12.klarf").read_text(), "simple12")
    assert inspection.place_mm(inspection.defects[0]) == pytest.approx((3.500123 - 75, 75.000123 - 75), abs=1e-9)
