"""Which wafer a part belongs to, whatever the records that begin and end wafers leave out."""

import pytest

from data.formats import ReadFailure, read_bytes
from tests.data.formats.stdf_writers import START, Records

ROW = [(0, 0, 1), (1, 0, 1), (2, 0, 1)]
ONE_FAILS = [(0, 0, 1), (1, 0, 5), (2, 0, 1)]
BOTH_ORDERS = pytest.mark.parametrize("write", [Records("<"), Records(">")], ids=["little", "big"])


def read(content: bytes):
    return list(read_bytes("a.stdf", content))


def said(content: bytes) -> list[tuple[str, int, int]]:
    """Name, tested and failing dies of each wafer."""
    return [(wafer.key, wafer.tested_count, wafer.fail_count) for wafer in read(content)]


@BOTH_ORDERS
def test_wafers_without_a_name_are_numbered_in_order_and_it_is_said(write):
    content = write.lot(
        *(write.wir(""), write.parts(ONE_FAILS), write.wrr("")), *(write.wir("  \0"), write.parts(ROW), write.wrr(""))
    )
    assert said(content) == [("LOT7:W01", 3, 1), ("LOT7:W02", 3, 0)]
    assert all("numbered in the order of test" in wafer.remarks[0] for wafer in read(content))


def test_a_number_that_a_named_wafer_has_is_not_given_again():
    write = Records()
    content = write.lot(
        write.wir(""), write.parts(ROW), write.wrr(""), write.wir("W01"), write.parts(ROW), write.wrr("W01")
    )
    names = [wafer.wafer_id for wafer in read(content)]
    assert len(set(names)) == 2
    assert names[1] == "W01"


@pytest.mark.parametrize(("begun", "ended"), [("01", ""), ("", "01"), ("01 ", "01\0"), ("01", "01")])
def test_a_wafer_has_the_name_and_time_of_whichever_record_has_them(begun, ended):
    write = Records()
    first = (write.wir(begun, start=START + 10), write.parts(ONE_FAILS), write.wrr(ended, finish=START + 100))
    other = (write.wir("02", start=START + 200), write.parts(ROW), write.wrr("", finish=START + 300))
    one, two = read(write.lot(*first, *other))
    assert (one.key, one.fail_count, two.key, two.fail_count) == ("LOT7:01", 1, "LOT7:02", 0)
    assert [each.timestamp() - START for each in (one.started_at, one.tested_at)] == [10, 100]
    assert [each.timestamp() - START for each in (two.started_at, two.tested_at)] == [200, 300]
    assert one.remarks == two.remarks == ()


def test_records_that_name_a_wafer_differently_are_told_and_the_last_counts():
    write = Records()
    [wafer] = read(write.lot(write.wir("01"), write.parts(ROW), write.wrr("21")))
    assert wafer.wafer_id == "21"
    assert wafer.remarks == ("Its WIR calls the wafer '01', its WRR '21': the WRR counts.",)


def test_wafers_begun_and_ended_for_all_heads_are_those_of_each_head():
    write = Records()
    blocks = [
        (write.wir(name, head=255), write.parts(dies, head=1), write.part(3, 0, 1, head=2), write.wrr(name, head=255))
        for name, dies in (("01", ONE_FAILS), ("02", ROW))
    ]
    assert said(write.lot(*blocks[0], *blocks[1])) == [("LOT7:01", 4, 1), ("LOT7:02", 4, 0)]


def test_two_heads_test_two_wafers_at_once():
    write = Records()
    begin = write.wir("01", head=1) + write.wir("02", head=2)
    tested = b"".join(write.part(x, 0, number, head=1) + write.part(x, 0, 1, head=2) for x, _, number in ONE_FAILS)
    end = write.wrr("", head=2, finish=START + 20) + write.wrr("", head=1, finish=START + 30)
    content = write.lot(begin, tested, end)
    assert said(content) == [("LOT7:01", 3, 1), ("LOT7:02", 3, 0)]
    assert [wafer.tested_at.timestamp() - START for wafer in read(content)] == [30, 20]


def test_site_groups_tell_wafers_of_one_head_apart_by_their_sites():
    write = Records()
    groups = write.sdr(1, [0, 1]) + write.sdr(2, [2, 3])
    begin = write.wir("01", group=1) + write.wir("02", group=2)
    tested = b"".join(write.part(x, 0, number, site=1) + write.part(x, 0, 1, site=3) for x, _, number in ONE_FAILS)
    end = write.wrr("", group=1) + write.wrr("", group=2)
    assert said(write.lot(groups, begin, tested, end)) == [("LOT7:01", 3, 1), ("LOT7:02", 3, 0)]


def test_site_groups_whose_sites_nothing_tells_are_refused():
    write = Records()
    begin = write.wir("01", group=1) + write.wir("02", group=2)
    [failure] = read(write.lot(begin, write.parts(ROW), write.wrr("01", group=1), write.wrr("02", group=2)))
    assert failure.reason == (
        "a.stdf: wafers '01' and '02' are tested at once in site groups 1 and 2 of head 1, and no site description "
        "record (SDR) lists their sites. Export the file with its SDR, or one wafer a file."
    )


def test_a_site_group_that_is_the_heads_only_one_needs_no_description():
    write = Records()
    blocks = [(write.wir(name, group=1), write.parts(ROW, site=7), write.wrr(name, group=1)) for name in ("01", "02")]
    assert [key for key, *_ in said(write.lot(*blocks[0], *blocks[1]))] == ["LOT7:01", "LOT7:02"]


def test_wafers_that_only_a_wrr_tells_end_there():
    write = Records()
    content = write.lot(write.parts(ONE_FAILS), write.wrr("01"), write.parts(ROW), write.wrr("02"))
    assert said(content) == [("LOT7:01", 3, 1), ("LOT7:02", 3, 0)]


def test_a_wafer_whose_begin_is_missing_is_not_added_to_the_one_before():
    write = Records()
    content = write.lot(write.wir("01"), write.parts(ONE_FAILS), write.wrr("01"), write.parts(ROW), write.wrr("02"))
    assert said(content) == [("LOT7:01", 3, 1), ("LOT7:02", 3, 0)]


def test_a_wafer_whose_end_is_missing_ends_where_the_next_begins():
    write = Records()
    content = write.lot(write.wir("01"), write.parts(ONE_FAILS), write.wir("02"), write.parts(ROW), write.wrr("02"))
    assert said(content) == [("LOT7:01", 3, 1), ("LOT7:02", 3, 0)]


def test_a_wrr_that_comes_after_the_next_wir_is_that_of_the_wafer_it_names():
    write = Records()
    ends = (write.wrr("01", finish=START + 100), write.parts(ROW), write.wrr("02", finish=START + 200))
    content = write.lot(write.wir("01"), write.parts(ONE_FAILS), write.wir("02"), *ends)
    assert said(content) == [("LOT7:01", 3, 1), ("LOT7:02", 3, 0)]
    assert [wafer.tested_at.timestamp() - START for wafer in read(content)] == [100, 200]


def test_a_wafer_that_ends_once_a_head_and_once_for_all_is_one_wafer():
    write = Records()
    content = write.lot(write.wir("01", head=255), write.parts(ROW), write.wrr("01", head=1), write.wrr("01", head=255))
    assert said(content) == [("LOT7:01", 3, 0)]


def test_parts_outside_of_their_wafers_records_are_told():
    write = Records()
    [wafer] = read(write.lot(write.wir("01"), write.parts(ROW), write.wrr("01"), write.part(3, 0)))
    assert (wafer.tested_count, len(wafer.remarks)) == (4, 1)
    assert wafer.remarks[0].startswith("1 part results lie outside of the wafer's WIR and WRR")


def test_parts_of_a_head_that_has_no_wafer_are_those_of_the_wafer_on_the_prober_and_it_is_told():
    write = Records()
    blocks = [(write.wir(name, head=1), write.parts(ROW, head=2), write.wrr(name, head=1)) for name in ("01", "02")]
    wafers = read(write.lot(*blocks[0], *blocks[1]))
    assert [wafer.key for wafer in wafers] == ["LOT7:01", "LOT7:02"]
    assert all("or are of another head" in wafer.remarks[0] for wafer in wafers)


@BOTH_ORDERS
def test_joined_files_are_lots_of_their_own_in_either_byte_order(write):
    other = Records(">")
    first = write.lot(write.wir("01"), write.parts(ONE_FAILS), write.wrr("01"), lot="LOTA")
    second = other.lot(other.wir("01"), other.parts(ROW), other.wrr("01", finish=START + 9), lot="LOTB")
    assert said(first + second) == [("LOTA:01", 3, 1), ("LOTB:01", 3, 0)]
    assert read(first + second)[1].tested_at.timestamp() == START + 9


def test_a_second_mir_begins_a_lot_where_the_far_was_dropped():
    write = Records()
    first = write.lot(write.wir("01"), write.parts(ONE_FAILS), write.wrr("01"), lot="LOTA")
    second = write.lot(write.wir("01"), write.parts(ROW), write.wrr("01"), lot="LOTB")
    assert said(first + second[6:]) == [("LOTA:01", 3, 1), ("LOTB:01", 3, 0)]


def test_joined_files_of_which_one_is_damaged_or_empty_are_told():
    write = Records()
    good = write.lot(write.wir("01"), write.parts(ROW), write.wrr("01"), lot="LOTA")
    [cut] = read(good + good[:-30])
    assert "The file is cut or damaged" in cut.reason
    wafer, empty = read(good + write.lot(lot="LOTB"))
    assert (wafer.key, isinstance(empty, ReadFailure)) == ("LOTA:01", True)
    assert empty.reason.startswith("a.stdf lot 2: the file holds no part results")


def test_the_same_wafer_in_two_joined_files_is_told():
    write = Records()
    good = write.lot(write.wir("01"), write.parts(ROW), write.wrr("01"))
    one, two = read(good + good)
    assert (one.remarks, two.remarks) == (
        (),
        ("The file holds lot 'LOT7' more than once, each time with a wafer '01'.",),
    )


def test_many_wafers_that_are_open_at_once_are_not_searched_through_for_each_end():
    write = Records()
    heads = range(250)
    blocks = [write.wir(f"{i}-{head}", head=head) for i in range(20) for head in heads]
    ends = [write.wrr("", head=255) for _ in range(5000)]
    [wafer] = read(write.lot(*blocks, write.parts(ROW, head=1), *ends))
    assert wafer.tested_count == 3
