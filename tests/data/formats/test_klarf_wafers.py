"""What of a KLARF file belongs to which of its wafers, in whatever order and case it is written."""

import re
import tracemalloc
from datetime import datetime

import numpy as np
import pytest

from data.formats import ReadOptions, read_bytes
from data.formats.klarf import parse_klarf
from tests.data.formats.klarf_writers import LotOf12, klarf12, klarf18
from tests.data.formats.make_fixtures import GRID

BOTH = pytest.mark.parametrize("write", [klarf12, klarf18])
TESTED = int(np.count_nonzero(GRID))
QUOTED = re.compile(r'("[^"]*")')


def read(content: bytes | str):
    return list(read_bytes("a.klarf", content.encode() if isinstance(content, str) else content))


def recased(content: bytes, case) -> bytes:
    """All but what stands in quotes in another case."""
    parts = QUOTED.split(content.decode())
    return "".join(part if at % 2 else case(part) for at, part in enumerate(parts)).encode()


@BOTH
@pytest.mark.parametrize("case", [str.lower, str.upper, str.title, lambda text: text.replace("ID", "Id")])
def test_keywords_of_any_case_say_the_same(write, case):
    [expected] = parse_klarf(write(GRID).decode(), "a")
    [found] = parse_klarf(recased(write(GRID), case).decode(), "a")
    assert found.inspected == expected.inspected
    assert found.defects == expected.defects
    assert (found.history["device"], found.history["step"]) == ("CHIP-A", "M1 CMP")
    assert (found.diameter_mm, found.center_mm, found.inspected_at) == (150.0, (18.75, 10.0), expected.inspected_at)
    assert found.classes == expected.classes


@BOTH
def test_step_and_product_are_the_wafers(write):
    [wafer] = read(write(GRID))
    assert (wafer.step, wafer.product, wafer.passing_known, wafer.remarks) == ("M1 CMP", "CHIP-A", True, ())


def test_what_stands_before_the_next_wafer_id_is_the_next_wafers():
    lot = LotOf12()
    lot.wafer("W1", defects=[(0, 1)])
    lot.say('ResultTimestamp 05-01-24 16:45:00;\nLotID "L2";\nSampleCenterLocation 5.0e+03 2.0e+03;\nStepID "ST2";')
    lot.wafer("W2", defects=[])
    lot.wafer("W3", defects=[])
    one, two, three = parse_klarf(lot.text(), "a")
    assert [each.inspected_at for each in (one, two, three)] == [
        datetime(2024, 5, 1, 14, 30),
        datetime(2024, 5, 1, 16, 45),
        datetime(2024, 5, 1, 16, 45),
    ]
    assert [each.lot_id for each in (one, two, three)] == ["L1", "L2", "L2"]
    assert [each.history["step"] for each in (one, two, three)] == ["ST1", "ST2", "ST2"]
    assert [each.center_mm for each in (one, two, three)] == [(12.5, 12.5), (5.0, 2.0), (12.5, 12.5)]


def test_a_slot_and_a_plan_before_the_next_wafer_id_are_the_next_wafers():
    lot = LotOf12(plan=None)
    lot.wafer("W1", plan=[(0, 0), (1, 0)], defects=[(0, 0)], slot=1)
    lot.say("Slot 2;\nInspectionTest 1;\nSampleTestPlan 3\n 0 0\n 1 0\n 2 0;")
    lot.wafer("W2", defects=[])
    one, two = parse_klarf(lot.text(), "a")
    assert (len(one.inspected), one.history["slot"]) == (2, "1")
    assert (len(two.inspected), two.history["slot"]) == (3, "2")


def test_a_slot_is_of_one_wafer_alone():
    lot = LotOf12()
    lot.wafer("W1", slot=7, defects=[])
    lot.wafer("W2", defects=[])
    assert [one.history.get("slot") for one in parse_klarf(lot.text(), "a")] == ["7", None]


def test_a_plan_after_a_list_of_defects_is_still_the_wafers_where_more_defects_follow():
    lot = LotOf12(plan=None)
    lot.wafer("W1", plan=[(0, 0)], defects=[(0, 0)])
    lot.say("InspectionTest 2;\nSampleTestPlan 1\n 5 5;\nDefectList\n 2 1.0 1.0 5 5 1.0 1.0 1 2;")
    [one] = parse_klarf(lot.text(), "a")
    assert (one.inspected, len(one.defects)) == ({(0, 0), (5, 5)}, 2)


def test_a_class_table_at_the_end_is_that_of_the_last_wafer():
    lot = LotOf12()
    lot.wafer("W1", defects=[(0, 1)])
    lot.say('ClassLookup 1\n 1 "Pit";')
    assert parse_klarf(lot.text(), "a")[0].classes == {1: "Pit"}


def test_a_plan_before_the_first_wafer_is_that_of_every_wafer_without_one_of_its_own():
    lot = LotOf12(plan=[(0, 0), (1, 0), (2, 0)])
    lot.wafer("W1", defects=[(0, 0)])
    lot.wafer("W2", plan=[(7, 7)], defects=[])
    lot.wafer("W3", defects=[])
    assert [(wafer.tested_count, wafer.fail_count, wafer.passing_known) for wafer in read(lot.text())] == [
        (3, 1, True),
        (1, 0, True),
        (3, 0, True),
    ]


def test_columns_that_change_between_lists_hold_for_the_list_that_follows():
    lot = LotOf12()
    lot.wafer("W1", defects=[(1, 0)])
    lot.say("DefectRecordSpec 5 YINDEX XINDEX CLASSNUMBER YREL XREL;\nDefectList\n 0 2 1 3.0 4.0;")
    [one] = parse_klarf(lot.text(), "a")
    assert [(each.x_index, each.y_index, each.x_rel_mm) for each in one.defects] == [(1, 0, 0.1), (2, 0, 0.004)]


def test_places_within_dies_may_be_missing_and_it_is_said():
    lot = LotOf12(columns="XINDEX YINDEX")
    lot.wafer("W1", rows=["0 0", "1 0"])
    [wafer] = read(lot.text())
    assert wafer.fail_count == 2
    assert wafer.remarks == (
        "The defects have no column XREL and YREL: in which die they lie is known, but not where in the die.",
    )
    [one] = parse_klarf(lot.text(), "a")
    assert np.isnan(one.place_mm(one.defects[0])).all()


def test_defects_without_a_die_are_refused_with_the_line():
    lot = LotOf12(columns="XREL YREL YINDEX")
    lot.wafer("W1", rows=["1.0 1.0 0"])
    [failure] = read(lot.text())
    assert re.search(r"a\.klarf line \d+: the defects have no column XINDEX\.", failure.reason)


def test_joined_files_of_either_version_give_the_wafers_of_each():
    other = klarf12(GRID).replace(b"W05", b"W06")
    assert [wafer.wafer_id for wafer in read(klarf12(GRID) + other)] == ["W05", "W06"]
    other = klarf18(GRID).replace(b"W05", b"W06")
    assert [wafer.wafer_id for wafer in read(klarf18(GRID) + other)] == ["W05", "W06"]
    [failure] = read(klarf12(GRID).replace(b"EndOfFile;", b"") + klarf12(GRID))
    assert "another file begins before EndOfFile" in failure.reason


@BOTH
@pytest.mark.parametrize("tail", ["", ";", "\r\n\r\n", "\r\n\x1a", "\nchecksum 1234;\n"])
def test_what_stands_behind_the_end_is_no_part_of_the_file(write, tail):
    [wafer] = read(write(GRID).rstrip().rstrip(b";") + tail.encode())
    assert wafer.wafer_id == "W05"


@BOTH
def test_a_wafer_that_comes_twice_is_told(write):
    one, two = read(write(GRID) + write(GRID))
    assert one.remarks == ("The file holds the wafer 2 times: as inspection 1 of them.",)
    assert two.remarks == ("The file holds the wafer 2 times: as inspection 2 of them.",)


def test_wafers_without_a_name_are_numbered_and_it_is_said():
    lot = LotOf12()
    lot.wafer("", defects=[(0, 0)])
    lot.wafer(" ", defects=[])
    wafers = read(lot.text())
    assert [wafer.wafer_id for wafer in wafers] == ["W01", "W02"]
    assert all("numbered in the order of the file" in wafer.remarks[0] for wafer in wafers)


def moved_to_the_lot(text: str, level: str = "LotRecord") -> str:
    """The sample plan of the wafer's test, and its centre, as the lot's or the file's."""
    start = text.index("        List SampleTestPlanList")
    end = text.index("      }\n    }\n    List ClassLookupList")
    plan, text = text[start:end], text[:start] + text[end:]
    place = text.index("{", text.index(level)) + 1
    return f"{text[:place]}\n{plan}{text[place:]}"


@pytest.mark.parametrize("level", ["LotRecord", "FileRecord"])
def test_a_plan_of_the_lot_or_the_file_is_the_wafers(level):
    text = moved_to_the_lot(klarf18(GRID).decode(), level)
    [wafer] = read(text)
    assert (wafer.tested_count, wafer.fail_count, wafer.passing_known) == (TESTED, 2, True)


def test_columns_of_a_plan_may_come_in_any_order():
    text = klarf18(GRID).decode()
    start = text.index("Columns 2 { int32 XINDEX, int32 YINDEX }")
    end = text.index("}\n        }\n      }", start)
    turned = re.sub(r"^( +)(-?\d+) (-?\d+);", r"\1\3 \2;", text[start:end], flags=re.MULTILINE)
    turned = turned.replace("int32 XINDEX, int32 YINDEX", "int32 YINDEX, int32 XINDEX")
    assert parse_klarf(text[:start] + turned + text[end:], "a")[0].inspected == parse_klarf(text, "a")[0].inspected


def test_defects_of_a_tests_record_are_the_wafers():
    text = klarf18(GRID).decode()
    start, end = text.index("      List DefectList"), text.index("      Record TestRecord")
    defects, text = text[start:end], text[:start] + text[end:]
    place = text.index("        Field AreaPerTest")
    [wafer] = read(text[:place] + defects + text[place:])
    assert wafer.fail_count == 2


def test_several_lists_of_defects_in_a_record_add_up():
    text = klarf18(GRID).decode()
    start, end = text.index("      List DefectList"), text.index("      Record TestRecord")
    [one] = parse_klarf(text[:end] + text[start:end] + text[end:], "a")
    assert len(one.defects) == 4


@pytest.mark.slow
def test_wafers_share_class_table_and_plan():
    header = LotOf12(plan=[(x, y) for x in range(100) for y in range(100)], classes=20_000)
    for number in range(2000):
        header.wafer(f"W{number}", defects=[])
    text = header.text()
    tracemalloc.start()
    inspections = parse_klarf(text, "a")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(inspections) == 2000
    assert all(one.inspected is inspections[0].inspected for one in inspections)
    assert all(one.classes is inspections[0].classes for one in inspections)
    assert peak < 100 * len(text)  # a copy for each wafer takes thousands of times the text


def test_more_dies_than_a_table_may_have_are_refused():
    lot = LotOf12(plan=[(x, 0) for x in range(100)])
    for number in range(30):
        lot.wafer(f"W{number}", defects=[])
    [failure] = read_bytes("a.klarf", lot.text().encode(), options=ReadOptions(max_table_rows=2999))
    assert "its wafers have more than 2999 dies in all" in failure.reason
    assert len(list(read_bytes("a.klarf", lot.text().encode(), options=ReadOptions(max_table_rows=3000)))) == 30
