"""Which of a part's results counts, what passes, and what the file says of its own counts."""

import io

import numpy as np
import pytest

from data.formats import ReadOptions, read_bytes
from data.formats.source import Source
from data.formats.stdf import is_complete
from data.orientation import die_coordinates
from tests.data.formats.stdf_writers import START, UNKNOWN, Records

WRITE = Records()
DIES = [(0, 0, 1), (1, 0, 1), (2, 0, 5), (3, 0, 1)]


def one(content: bytes, **options):
    [wafer] = read_bytes("a.stdf", content, options=ReadOptions(**options))
    return wafer


def lot(*middle: bytes, end: bytes | None = None, **said: str) -> bytes:
    return WRITE.lot(WRITE.wir(), *middle, WRITE.wrr() if end is None else end, **said)


def bins_by_die(wafer) -> dict[tuple[int, int], int]:
    x, y = die_coordinates(wafer)
    return {(int(x[at]), int(y[at])): int(wafer.bins[at]) for at in zip(*np.nonzero(wafer.dies), strict=True)}


def test_a_part_of_the_same_id_supersedes_the_one_at_a_wrong_die():
    wrong, right = WRITE.part(9, 9, 5, name="4"), WRITE.part(1, 1, 2, name="4", flags=0x09)
    wafer = one(lot(WRITE.parts(DIES), wrong, WRITE.part(2, 1, 1, name="5"), right))
    assert bins_by_die(wafer) == {(x, y): number for x, y, number in DIES} | {(2, 1): 1, (1, 1): 2}
    assert wafer.attributes["superseded_parts"] == "1"
    assert wafer.attributes["parts_tested"] == "7"


def test_a_superseding_part_at_the_same_die_is_a_retest():
    wafer = one(lot(WRITE.parts(DIES[:2]), WRITE.part(2, 0, 5, name="3"), WRITE.part(2, 0, 1, name="3", flags=0x01)))
    assert (wafer.tested_count, wafer.fail_count, wafer.attributes["retested_dies"]) == (3, 0, "1")
    assert "superseded_parts" not in wafer.attributes


def test_a_superseding_part_without_coordinates_is_of_the_die_that_it_supersedes():
    again = WRITE.part(-32768, -32768, 1, name="3", flags=0x01)
    wafer = one(lot(WRITE.parts(DIES[:2]), WRITE.part(2, 0, 5, name="3"), again))
    assert (bins_by_die(wafer)[2, 0], wafer.fail_count) == (1, 0)


def test_an_id_used_again_without_the_flag_is_another_part():
    wafer = one(lot(WRITE.part(0, 0, 1, name="1"), WRITE.part(1, 0, 5, name="1")))
    assert (wafer.tested_count, wafer.fail_count) == (2, 1)


def test_a_retest_by_coordinates_replaces_the_die_and_the_first_pass_is_kept():
    again = WRITE.part(2, 0, 1, flags=0x02) + WRITE.part(0, 0, 1, flags=0x02)
    wafer = one(lot(WRITE.parts(DIES), again))
    assert (wafer.tested_count, wafer.fail_count) == (4, 0)
    first = wafer.attributes["first_pass_tested"], wafer.attributes["first_pass_passing"]
    assert first == ("4", "3")
    assert not any(name.startswith("first_pass") for name in one(lot(WRITE.parts(DIES))).attributes)


def test_parts_without_a_verdict_are_judged_by_their_bins_record():
    parts = b"".join(WRITE.part(x, y, number, flags=0x10) for x, y, number in DIES)
    told = one(lot(parts))
    recorded = one(lot(parts, WRITE.hbr(1, "P"), WRITE.hbr(5, "F")))
    assert (recorded.fail_count, recorded.remarks) == (1, ())
    assert told.fail_count == 1
    assert told.remarks == (
        "4 part results have no pass/fail indication and no bin record judges them: hard bin 1 was taken as passing, "
        "every other as failing.",
    )
    assert told.attributes["parts_without_verdict"] == "4"


def test_a_flag_that_contradicts_its_bins_record_is_told():
    wafer = one(lot(WRITE.parts(DIES), WRITE.hbr(1, "P"), WRITE.hbr(5, "P")))
    assert wafer.fail_count == 0
    assert wafer.remarks[0].startswith("1 part results say pass or fail otherwise than their bin's record")


def test_bin_0_is_a_bin_of_a_tested_die():
    content = lot(WRITE.parts([*DIES, (4, 0, 0)]))
    assert (one(content).tested_count, one(content).fail_count) == (5, 2)
    assert one(content, pass_values=(1, 5)).tested_count == 5
    assert one(content, pass_values=(0, 1)).fail_count == 1
    assert one(content, fail_values=(5,)).fail_count == 1
    assert one(content, pass_values=(1,), off_values=(0,)).tested_count == 4


@pytest.mark.parametrize(
    ("counts", "said"),
    [
        ({"tested": 4, "good": 3}, []),
        ({"tested": 5, "good": 4}, []),  # a retest counts as a part tested, and its pass as another good part
        ({"tested": 4, "retested": 1, "good": 4}, []),
        ({"tested": UNKNOWN, "good": UNKNOWN}, []),
        ({"tested": 0, "good": 0, "functional": 0}, []),
        ({"tested": 5, "good": 0, "functional": 0}, []),
        ({"tested": 7, "good": 4}, ["The wafer's WRR declares 7 parts tested (PART_CNT), 5 part results were read."]),
        ({"tested": 5, "good": 1}, ["The wafer's WRR declares 1 good parts (GOOD_CNT), 4 dies pass as read."]),
    ],
)
def test_counts_of_the_wafers_record_are_compared_with_what_was_read(counts, said):
    tested_again = WRITE.part(2, 0, 1, flags=0x02)
    assert list(one(lot(WRITE.parts(DIES), tested_again, end=WRITE.wrr(**counts))).remarks) == said


def test_a_wafer_that_came_back_may_be_counted_each_time_or_in_all():
    for first, second in ((4, 2), (4, 6)):
        visits = (
            WRITE.parts(DIES),
            WRITE.wrr(tested=first),
            WRITE.wir(),
            WRITE.parts(DIES[:2]),
            WRITE.wrr(tested=second),
        )
        assert one(WRITE.lot(WRITE.wir(), *visits)).remarks == ()


@pytest.mark.parametrize(
    ("said", "step", "retest"),
    [
        ({"code": "CP1", "flow": "F2"}, "CP1", None),
        ({"code": " ", "flow": "F2"}, "F2", None),
        ({"retest": "2"}, "", "2"),
    ],
)
def test_the_step_is_the_test_code_else_the_flow(said, step, retest):
    wafer = one(lot(WRITE.parts(DIES), **said))
    assert (wafer.step, wafer.attributes.get("retest_code")) == (step, retest)


def test_the_lots_end_stands_for_a_wafers_end_that_is_not_known():
    content = lot(WRITE.parts(DIES), end=WRITE.wrr(finish=0))
    assert one(content).tested_at.timestamp() == START + 900
    assert one(content).remarks == ()
    other = WRITE.wir("W06"), WRITE.parts(DIES), WRITE.wrr("W06")
    first, second = read_bytes("a.stdf", lot(WRITE.parts(DIES), WRITE.wrr(finish=UNKNOWN), *other, end=b""))
    assert first.remarks == ("The wafer's own end of test is not known: the lot's end stands for it.",)
    assert second.remarks == ()


def test_a_file_without_mrr_is_read_and_it_is_said():
    content = lot(WRITE.parts(DIES))
    running = content[: -len(WRITE.mrr())]
    wafer = one(running)
    assert wafer.tested_count == 4
    assert wafer.remarks == (
        "The file ends before its MRR, the record of the lot's end: the test may still be running.",
    )
    begun = running[: -len(WRITE.wrr())]
    assert one(begun).remarks[1:] == ("The end of test is not known: its start stands for it.",)
    assert one(begun).tested_at == one(begun).started_at


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("padding", [0, 3, 512, 4097])
def test_the_end_of_a_file_tells_whether_it_is_complete(order, padding):
    write = Records(order)
    whole = write.lot(write.wir(), write.parts(DIES), write.wrr())
    unfinished = whole[: -len(write.mrr())]
    for note in ("", "done", "x" * 255, "\x01\x14" * 20):
        assert is_complete(source(unfinished + write.mrr(note=note) + b"\0" * padding))
    assert is_complete(source(unfinished + write.raw(1, 20, b"\1\2\3\4")))
    assert not is_complete(source(unfinished + b"\0" * padding))
    assert not is_complete(source(whole[:-1]))
    assert not is_complete(source(whole + write.wir("02")))
    assert not is_complete(source(b""))
    assert one(whole + b"\0" * padding).remarks == ()


def source(content: bytes) -> Source:
    return Source("a.stdf", io.BytesIO(content))


def test_a_file_of_another_version_is_refused():
    [failure] = read_bytes("a.stdf", WRITE.far(version=3) + lot(WRITE.parts(DIES))[6:])
    assert failure.reason == "a.stdf: expected STDF version 4, found 3. Convert the file to STDF V4."


def test_sizes_in_the_numbers_of_a_vax_are_left_out_and_it_is_said():
    content = lot(WRITE.wcr(), WRITE.parts(DIES))
    assert one(content).diameter_mm == 150.0
    wafer = one(WRITE.far(cpu=0) + content[6:])
    assert (wafer.diameter_mm, wafer.die_pitch_mm) == (None, None)
    assert wafer.remarks[0].startswith("The file has sizes in the numbers of a VAX")


def test_many_results_of_one_id_are_settled_in_one_go():
    rows = b"".join(WRITE.part(0, i % 2, 1, name="1", flags=i // 2 % 2) for i in range(40_000))
    assert one(lot(rows)).tested_count <= 2
