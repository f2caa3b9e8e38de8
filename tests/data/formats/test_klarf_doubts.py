"""What a KLARF file leaves open or contradicts itself in: unknown, and said with the wafer, never invented."""

from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest

from data.formats import read_bytes
from data.formats.klarf.times import inspection_time
from data.orientation import die_coordinates
from tests.data.formats.klarf_writers import LotOf12, klarf12, klarf18
from tests.data.formats.make_fixtures import GRID

BOTH = pytest.mark.parametrize("write", [klarf12, klarf18])
WHEN = datetime(2024, 5, 25, 14, 30, 15)


def one(content: bytes | str):
    [wafer] = read_bytes("a.klarf", content.encode() if isinstance(content, str) else content)
    return wafer


@pytest.mark.parametrize(
    "text",
    [
        "2024-05-25T14:30:15",
        "2024-05-25 14:30:15",
        "20240525T143015",
        "2024/05/25 14:30:15",
        "2024/5/25 14:30:15",
        "05-25-24 14:30:15",
        "05-25-2024 14:30:15",
        "5-25-24 14:30:15",
        "05/25/2024 14:30:15",
        "05/25/24 02:30:15 PM",
        "25/05/2024 14:30:15",
        "25.05.2024 14:30:15",
        "25-05-2024 14:30:15",
        "25-May-2024 14:30:15",
        "25-MAY-24 14:30:15",
        "2024-05-25  14:30:15",
    ],
)
def test_times_are_read_in_every_way_that_tells_the_day(text):
    assert inspection_time(text, "") == (WHEN, "")


@pytest.mark.parametrize(
    "text",
    [
        "05/06/2024 14:30:00",
        "05.06.24 14:30",
        "25-05-24 14:30:00",
        "2024-05-25 25:00:00",
        "13-13-2024 00:00:00",
        "1716647415",
        "yesterday",
        "05-25-24 14h30",
        "05-25-24 13:30 PM",
        "30-02-2024",
    ],
)
def test_times_that_could_be_another_day_or_are_none_are_not_guessed(text):
    time, said = inspection_time(text, "")
    assert time is None
    assert said.startswith(f"The time of the inspection is unknown: ResultTimestamp '{text}'")


def test_times_with_a_zone_and_of_either_century_are_told_apart():
    assert inspection_time("2024-05-25T14:30:15+02:00", "")[0] == WHEN.replace(tzinfo=timezone(timedelta(hours=2)))
    assert inspection_time("07-07-77 07:07:07", "")[0] == datetime(1977, 7, 7, 7, 7, 7)


def test_with_dashes_the_month_comes_first_unless_the_files_other_date_says_otherwise():
    assert inspection_time("05-06-24 14:30:00", "")[0] == datetime(2024, 5, 6, 14, 30)
    assert inspection_time("05-06-2024 14:30:00", "25-06-2024 00:00:00")[0] == datetime(2024, 6, 5, 14, 30)
    assert inspection_time("05/06/2024 14:30:00", "05/25/2024 00:00:00")[0] == datetime(2024, 5, 6, 14, 30)


@BOTH
@pytest.mark.parametrize("text", ["2026-05-01T14:30:00", "2026/05/01 14:30:00", "05-01-26 14:30:00"])
def test_the_time_of_the_inspection_is_the_result_timestamps(write, text):
    assert one(retimed(write, text)).tested_at == datetime(2026, 5, 1, 14, 30, tzinfo=UTC)
    assert one(retimed(write, text)).remarks == ()


@BOTH
def test_a_time_that_is_not_understood_is_unknown_and_said(write):
    wafer = one(retimed(write, "05/06/2026 14:30:00"))
    assert wafer.tested_at is None
    assert wafer.remarks == (
        "The time of the inspection is unknown: ResultTimestamp '05/06/2026 14:30:00' cannot be read in one way alone.",
    )


def test_the_files_time_stands_for_a_missing_one_and_it_is_said():
    wafer = one(klarf12(GRID).replace(b"ResultTimestamp 05-01-2026 14:30:00;", b""))
    assert wafer.tested_at == datetime(2026, 5, 1, 14, 31, tzinfo=UTC)
    assert wafer.remarks[0].startswith("The file gives no ResultTimestamp")


def retimed(write, text: str) -> bytes:
    if write is klarf12:  # its FileTimestamp tells neither order
        return write(GRID).replace(b"ResultTimestamp 05-01-2026 14:30:00;", f"ResultTimestamp {text};".encode())
    return write(GRID).replace(
        b'ResultTimestamp 2 {"05-01-2026", "14:30:00"}', f'ResultTimestamp 1 {{"{text}"}}'.encode()
    )


def test_without_a_plan_the_map_has_all_dies_within_the_rim_and_passing_is_not_known():
    lot = LotOf12(plan=None)
    lot.wafer("W1", defects=[(0, 3), (1, 2), (2, 2), (2, 2)])
    wafer = one(lot.text())
    assert (wafer.passing_known, wafer.tested_count, wafer.fail_count) == (False, 37, 3)
    assert np.isnan(wafer.yield_fraction)
    assert wafer.remarks == (
        "The file has no sample plan, so which dies were inspected, and which pass, is not known: the map has all dies "
        "that lie within the rim by pitch, centre and diameter.",
    )
    x, y = die_coordinates(wafer)
    inside = {(int(x[at]), int(y[at])) for at in zip(*np.nonzero(wafer.dies), strict=True)}
    corners = [
        max(np.hypot(25 * i + dx, 25 * j + dy) for dx in (-12.5, 12.5) for dy in (-12.5, 12.5)) for i, j in inside
    ]
    assert max(corners) <= 100
    assert wafer.center == (3, 3)
    assert wafer.bins.max() == 2


@pytest.mark.parametrize("missing", ["DiePitch", "SampleCenterLocation", "SampleSize"])
def test_without_a_plan_and_a_size_the_map_has_the_dies_with_defects(missing):
    lot = LotOf12(plan=None)
    lot.wafer("W1", defects=[(0, 3), (2, 2)])
    wafer = one("".join(line for line in lot.text().splitlines(keepends=True) if missing not in line))
    assert (wafer.passing_known, wafer.tested_count, wafer.fail_count) == (False, 2, 2)
    assert wafer.remarks[-1].endswith("the map has the dies with defects alone.")


def test_sizes_that_no_wafer_has_lay_no_map_out():
    lot = LotOf12(plan=None)
    lot.wafer("W1", defects=[(0, 3)])
    wafer = one(lot.text().replace("DiePitch 2.5e+04 2.5e+04", "DiePitch 1 1"))
    assert wafer.tested_count == 1


def test_without_plan_and_defects_a_wafer_is_refused():
    lot = LotOf12(plan=None)
    lot.wafer("W1", defects=[])
    [failure] = read_bytes("a.klarf", lot.text().encode())
    assert "wafer 'W1' has neither a sample plan nor defects" in failure.reason


@BOTH
def test_defects_on_dies_that_the_plan_does_not_have_are_told(write):
    text = write(GRID).decode()
    moved = text.replace(" 1000.5 2000.25 2 2 ", " 1000.5 2000.25 9 2 ").replace(
        " 1000500 2000250 2 2 ", " 1000500 2000250 9 2 "
    )
    wafer = one(moved)
    assert wafer.attributes["defects_outside_the_sample_plan"] == "1"
    assert wafer.remarks == ("1 defects lie on 1 dies that the sample plan does not have.",)


@pytest.mark.parametrize("size", ["1 200", "200 1", "1 200 200", "2 200 200", "2 150 200"])
def test_the_diameter_is_the_largest_number_of_the_sample_size(size):
    lot = LotOf12()
    lot.wafer("W1", defects=[])
    assert one(lot.text().replace("SampleSize 1 200;", f"SampleSize {size};")).diameter_mm == 200.0


@pytest.mark.parametrize(("size", "mm"), [("1 8", "8"), ("1 200000", "200000"), ("1", "1")])
def test_a_size_that_is_no_diameter_in_mm_is_not_used_and_it_is_said(size, mm):
    lot = LotOf12()
    lot.wafer("W1", defects=[])
    wafer = one(lot.text().replace("SampleSize 1 200;", f"SampleSize {size};"))
    assert wafer.diameter_mm is None
    assert wafer.remarks == (f"A diameter of {mm} mm is no wafer's, so it is not used.",)


def test_coordinates_that_the_file_calls_mirrored_are_told():
    lot = LotOf12()
    lot.wafer("W1", defects=[])
    assert one(lot.text().replace("LotID", "CoordinatesMirrored Yes;\nLotID")).remarks == (
        "The file says that its coordinates are mirrored: they are shown as written.",
    )
    assert one(lot.text().replace("LotID", "CoordinatesMirrored No;\nLotID")).remarks == ()


@pytest.mark.parametrize(
    ("summary", "said"),
    [
        (" 1 3 0.1 37 2", []),
        (" 1 3 0.1 -1 2", []),
        (" 1 7 0.1 37 2", ["The summary declares 7 defects (NDEFECT), 3 were read."]),
        (" 1 3 0.1 37 3", ["The summary declares 3 dies with defects (NDEFDIE), 2 were read."]),
        (" 1 3 0.1 36 2", ["The summary declares 36 inspected dies (NDIE), 37 were read."]),
        (" 1 2 0.1 37 2\n 2 1 0.1 37 1", []),  # both tests over one plan: how many dies each had is not told
        (" 1 2 0.1 37 2\n 2 9 0.1 37 1", ["The summary declares 11 defects (NDEFECT), 3 were read."]),
        (" 1 3", []),
    ],
)
def test_counts_of_the_summary_are_compared_with_what_was_read(summary, said):
    lot = LotOf12()
    rows = ["1 1.0 1.0 0 0 1.0 1.0 1 1", "2 1.0 1.0 1 0 1.0 1.0 1 1", "3 1.0 1.0 1 0 1.0 1.0 1 2"]
    lot.wafer("W1", rows=rows)
    lot.say(f"SummarySpec 5 TESTNO NDEFECT DEFDENSITY NDIE NDEFDIE;\nSummaryList\n{summary};")
    assert list(one(lot.text()).remarks) == said


def test_counts_of_a_summary_record_are_compared_too():
    summary = """      Record SummaryRecord
      {
        List TestSummaryList
        {
          Columns 4 { int32 TESTNO, int32 NDEFECT, int32 NDIE, int32 NDEFDIE }
          Data 1 { 1 5 14 2; }
        }
      }
"""
    text = klarf18(GRID).decode()
    place = text.index("      Record TestRecord")
    assert one(text[:place] + summary + text[place:]).remarks == (
        "The summary declares 5 defects (NDEFECT), 2 were read.",
    )


@BOTH
@pytest.mark.parametrize("share", np.linspace(0.2, 0.98, 7))
def test_a_cut_file_is_refused_with_the_line(write, share):
    content = write(GRID)
    [failure] = read_bytes("a.klarf", content[: int(len(content) * share)])
    assert failure.reason.startswith("a.klarf line ")
