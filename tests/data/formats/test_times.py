from datetime import UTC, datetime

import pytest

from data.formats import read_bytes
from data.formats.metadata import wafer_fields
from data.formats.times import day_comes_first, read_time
from data.wafer import WaferMap

AFTERNOON = datetime(2026, 5, 28, 14, 22)


@pytest.mark.parametrize(
    "text",
    [
        "2026-05-28T14:22",
        "2026-05-28 14:22:00",
        "2026/05/28 14:22",
        "2026.05.28 14:22",
        "5/28/2026 14:22",
        "5/28/2026 2:22 PM",
        "05-28-2026 02:22:00 p.m.",
        "28.05.2026 14:22",
        "28/05/2026 14:22",
        "28-May-2026 14:22:00",
        "28 May 2026 14:22",
        "May 28, 2026 2:22 PM",
        "Thu May 28 14:22:00 2026",
        "20260528142200",
        "20260528T1422",
        "5/28/26 14:22",
        "2026-05-28 14:22:00.000",
        "5/28/2026, 2:22:00 PM",
    ],
)
def test_times_of_every_way_of_writing(text):
    assert read_time(text) == AFTERNOON


@pytest.mark.parametrize("text", ["2026-05-28T14:22Z", "2026-05-28 16:22 +02:00", "28.05.2026 09:22-0500"])
def test_zones_are_kept(text):
    assert read_time(text) == AFTERNOON.replace(tzinfo=UTC)


def test_parts_of_seconds_are_kept():
    assert read_time("28/05/2026 14:22:00,25") == AFTERNOON.replace(microsecond=250_000)


@pytest.mark.parametrize(
    "text", ["03/04/2026", "03.04.05", "wide", "", "31/02/2026", "13/13/2026", "5/28/2026 14:22 PM", "1-2", "9" * 99]
)
def test_what_is_no_time_or_several_is_none(text):
    assert read_time(text) is None


def test_the_same_day_and_month_is_one_day():
    assert read_time("05/05/2026") == datetime(2026, 5, 5)


def test_a_part_over_twelve_anywhere_in_the_file_decides_and_a_contradiction_does_not():
    assert day_comes_first(["03/04/2026", "5/28/2026"]) is False
    assert day_comes_first(["03/04/2026", "28/5/2026"]) is True
    assert day_comes_first(["28/5/2026", "5/28/2026"]) is None


def test_one_date_of_a_table_tells_how_to_read_the_others():
    rows = "1,0,0,1,03/04/2026\n1,1,0,2,03/04/2026\n2,0,0,1,28/04/2026\n2,1,0,2,28/04/2026\n"
    first, second = read_bytes("a.csv", f"wafer,x,y,bin,date\n{rows}".encode())
    assert (first.tested_at.date().isoformat(), second.tested_at.date().isoformat()) == ("2026-04-03", "2026-04-28")


@pytest.mark.parametrize("text", ["03/04/2026", "last Tuesday", "2026-05-28 14:22 CET"])
def test_a_time_that_is_not_understood_is_said_and_refuses_no_die(text):
    [wafer] = read_bytes("a.csv", f"Date;{text}\nx;y;bin\n0;0;1\n1;0;2\n".encode())
    assert isinstance(wafer, WaferMap)
    assert (wafer.dies.tolist(), wafer.tested_at) == ([[1, 2]], None)
    [remark] = wafer.remarks
    assert remark.startswith(f"The time of the test is unknown: 'Date' holds '{text}'")


@pytest.mark.parametrize(
    "pairs",
    [
        {"Date": "5/28/2026", "Time": "14:22"},
        {"Test Date": "28.05.2026", "End Time": "2:22 PM"},
        {"End Time": "2026-05-28 14:22", "Date": "2026-06-01"},
    ],
)
def test_date_and_time_of_day_are_joined_and_the_end_goes_before_any_date(pairs):
    assert wafer_fields(pairs, "a.csv")["tested_at"] == AFTERNOON


def test_start_and_step_are_read():
    fields = wafer_fields({"Start Time": "2026-05-28 14:22", "Insertion": "CP1"}, "a.csv")
    assert fields == {"started_at": AFTERNOON, "step": "CP1"}
