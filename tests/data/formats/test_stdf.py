import os
import struct
from pathlib import Path

import numpy as np
import pytest

from data.bin_names import bin_names
from data.formats import ReadFailure, ReadOptions, read_bytes, read_wafers
from data.formats.source import Source
from data.formats.stdf_records import read_records
from data.orientation import die_coordinates
from tests.data.formats.make_fixtures import GRID, stdf

FOLDER = Path(os.environ.get("WAFERSCOPE_REAL_DATA", "../shared/data")) / "stdf"
real = pytest.mark.skipif(
    not FOLDER.is_dir(),
    reason="The public STDF files are not on this machine; set WAFERSCOPE_REAL_DATA to their folder.",
)


def one(content: bytes, **options):
    [wafer] = read_bytes("a.stdf", content, options=ReadOptions(**options))
    return wafer


def refused(content: bytes, **options) -> str:
    [failure] = read_bytes("a.stdf", content, options=ReadOptions(**options))
    assert isinstance(failure, ReadFailure)
    return failure.reason


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("axes", ["RU", "RD", "LU", "LD"])
def test_both_byte_orders_and_every_direction_of_axes_give_the_wafer_as_seen(order, axes):
    wafer = one(stdf(GRID, order=order, axes=axes))
    assert wafer.bins.tolist() == GRID.tolist()
    x, y = die_coordinates(wafer)  # type: ignore[misc]
    across = range(-2, 3) if axes[0] == "R" else range(2, -3, -1)
    down = range(6, 2, -1) if axes[1] == "U" else range(3, 7)
    assert x.tolist() == [list(across)] * 4
    assert y.T.tolist() == [list(down)] * 5


def test_the_last_result_of_a_die_counts_and_retests_are_counted():
    # the fixture's lowest die is (-2, 3); (-1, 3) and (0, 3) are bin 1 in the end
    wafer = one(stdf(GRID, extra=[(-1, 3, 7), (-1, 3, 2), (0, 3, 7)]))
    assert wafer.bins.tolist() == GRID.tolist()
    assert (wafer.attributes["parts_tested"], wafer.attributes["retested_dies"]) == ("17", "2")


def test_parts_without_coordinates_are_counted_and_left_out():
    wafer = one(stdf(GRID, extra=[(-32768, -32768, 1), (-32768, -32768, 2)]))
    assert wafer.bins.tolist() == GRID.tolist()
    assert wafer.attributes["parts_without_coordinates"] == "2"


def test_a_file_whose_parts_all_lack_coordinates_is_refused():
    nothing = np.zeros((1, 1), dtype=np.uint16)
    reason = refused(stdf(nothing, extra=[(-32768, -32768, 1)] * 3))
    assert reason == (
        "a.stdf wafer 'W05': no part has coordinates (3 with X_COORD and Y_COORD -32768). "
        "Only results of wafer sort make a map."
    )


def test_the_bin_record_says_what_passes_and_without_one_the_part_does():
    told, untold = stdf(GRID), stdf(GRID, bins=False)
    good = told.replace(b"\x02\x00\x01\x00\x00\x00F\x04Open", b"\x02\x00\x01\x00\x00\x00P\x04Open")  # HBR of bin 2
    assert one(told).dies.tolist() == one(untold).dies.tolist() == np.array([0, 1, 2, 0, 0, 0, 0, 2])[GRID].tolist()
    assert one(good).dies.tolist() == np.array([0, 1, 1, 0, 0, 0, 0, 2])[GRID].tolist()
    assert "bins" not in one(untold).attributes
    assert one(told).attributes["bins"] == "1 pass Good, 2 fail Open, 7 fail Leak"


def test_soft_bins_can_be_chosen_and_values_of_the_caller_go_first():
    hard, soft = one(stdf(GRID)), one(stdf(GRID), overlay="soft")
    assert (hard.bins.max(), soft.bins.max()) == (7, 107)
    assert (hard.attributes["map"], soft.attributes["map"]) == ("hard", "soft")
    assert hard.attributes["maps"] == soft.attributes["maps"] == "hard, soft"
    assert bin_names(hard) == {1: "Good", 2: "Open", 7: "Leak"}
    assert bin_names(soft) == {101: "Good", 102: "Open", 107: "Leak"}
    assert hard.attributes["soft_bins"] == soft.attributes["bins"]
    assert one(stdf(GRID), pass_values=(1, 2)).dies.tolist() == np.array([0, 1, 1, 0, 0, 0, 0, 2])[GRID].tolist()
    assert "no map 'Visual'" in refused(stdf(GRID), overlay="Visual")


def test_lot_product_program_tester_and_times_are_kept():
    wafer = one(stdf(GRID))
    assert (wafer.key, wafer.product, wafer.test_program) == ("LOT7:W05", "CHIP-A", "sort_v3")
    assert wafer.tested_at.isoformat() == "2026-05-01T14:30:00+00:00"
    assert wafer.diameter_mm == 150.0
    attributes = {"tester": "node1", "tester_type": "J750", "operator": "operator"}
    assert attributes.items() <= wafer.attributes.items()
    assert wafer.attributes["started_at"] == "2026-05-01T14:20:00+00:00"
    assert wafer.started_at.isoformat() == "2026-05-01T14:21:40+00:00"
    assert wafer.remarks == ()


def test_the_die_that_the_wafer_configuration_names_is_the_centre():
    assert one(stdf(GRID)).center is None
    for axes in ("RU", "LD"):
        assert one(stdf(GRID, axes=axes, center=(2, 1))).center == (2, 1)


def test_every_wafer_of_a_lot_comes_apart_and_a_wafer_begun_twice_is_one():
    content = stdf(GRID)
    begin, end = content.index(b"\x03W05") - 10, content.rindex(b"\x03W05")
    block = content[begin : end + 9]  # WIR to WRR
    other = block.replace(b"W05", b"W06")
    wafers = list(read_bytes("a.stdf", content[:begin] + block + other + block + content[end + 9 :]))
    assert [wafer.wafer_id for wafer in wafers] == ["W05", "W06"]
    assert [wafer.bins.tolist() for wafer in wafers] == [GRID.tolist()] * 2
    assert [wafer.attributes.get("retested_dies") for wafer in wafers] == ["14", None]


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_a_cut_file_says_where_it_breaks(share):
    content = stdf(GRID)
    reason = refused(content[: int(len(content) * share)])
    assert reason.startswith("a.stdf")
    assert reason.endswith("The file is cut or damaged; copy or export it again.")


def test_a_file_without_parts_says_so():
    far, mir = b"\x02\0\0\x0a\x02\x04", stdf(GRID)[6:]
    length = struct.unpack("<H", mir[:2])[0] + 4
    assert "holds no part results" in refused(far + mir[:length] + b"\x07\0\x01\x14" + b"\0" * 5 + b"\0\0")


def test_dies_farther_apart_than_any_wafer_are_refused():
    assert "at most 4096 dies a side" in refused(stdf(GRID, extra=[(30_000, 0, 1)]))


@real
def test_the_public_lot_is_one_wafer_of_1456_dies():
    [wafer] = read_wafers(FOLDER / "lot2.stdf.gz")
    assert (wafer.key, wafer.product, wafer.dies.shape) == ("GAL-LOT:GAL-LOT-02", "GOLD8BAR", (43, 42))
    assert (wafer.tested_count, wafer.fail_count) == (1456, 67)
    assert (wafer.attributes["parts_tested"], wafer.attributes["retested_dies"]) == ("1569", "113")
    assert (wafer.step, wafer.remarks) == ("E38", ())


@real
def test_the_public_lot_agrees_with_its_records_taken_one_by_one():
    import gzip
    import io

    content = gzip.decompress((FOLDER / "lot2.stdf.gz").read_bytes())
    last = {}
    for row in read_records(Source("lot2.stdf", io.BytesIO(content)))[0].tables["PRR"].to_pylist():
        last[row["X_COORD"], row["Y_COORD"]] = row["HARD_BIN"]
    [wafer] = read_bytes("lot2.stdf", content)
    x, y = die_coordinates(wafer)  # type: ignore[misc]
    found = {(int(x[at]), int(y[at])): int(wafer.bins[at]) for at in zip(*np.nonzero(wafer.dies), strict=True)}
    assert found == last


@real
def test_a_public_file_without_coordinates_is_refused_and_one_of_most_record_types_is_read():
    [failure], [wafer] = read_wafers(FOLDER / "d10_1.std"), read_wafers(FOLDER / "x.stdf")
    assert "no part has coordinates" in failure.reason
    assert (wafer.key, wafer.tested_count, wafer.diameter_mm) == ("lotID:waferID", 1, 152.4)
