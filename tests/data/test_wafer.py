import copy
import pickle
from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest

from data.errors import WaferValueError
from data.wafer import MAX_GRID, Notch, WaferMap

GRID = np.array([[0, 1, 2], [1, 1, 2]], dtype=np.uint8)


def wafer(**fields: object) -> WaferMap:
    return WaferMap(**{"dies": GRID, "lot_id": "L1", "wafer_id": "W01", **fields})


@pytest.mark.parametrize(
    ("fields", "match"),
    [
        ({"dies": np.ones(4, np.uint8)}, r"L1:W01: a die grid has two axes of 1 to 4096 dies, found \(4,\)\. Check"),
        ({"dies": np.ones((2, 2, 3), np.uint8)}, r"two axes .* found \(2, 2, 3\)"),
        ({"dies": np.ones((0, 3), np.uint8)}, r"two axes .* found \(0, 3\)"),
        ({"dies": np.ones((1, MAX_GRID + 1), np.uint8)}, r"two axes .* found \(1, 4097\)"),
        ({"dies": np.array([[1, 3]])}, r"0 \(off\), 1 \(pass\), 2 \(fail\), found 1 to 3\. Map the bins"),
        ({"dies": np.array([[-1, 1]])}, "found -1 to 1"),
        ({"dies": np.array([[1, 258]])}, "found 1 to 258"),
        ({"dies": np.array([[1.0, 2.0]])}, "found float64"),
        ({"dies": np.array([[np.nan, 1.0]])}, "found float64"),
        ({"dies": np.array([["pass", "fail"]])}, "found <U4"),
        ({"dies": np.array([[1, None]], dtype=object)}, "found object"),
        ({"dies": np.zeros((3, 3), np.uint8)}, "no die of the grid was tested"),
        ({"lot_id": ""}, "wafer: lot and wafer must both have a name"),
        ({"wafer_id": "  ", "source_name": "lot7.csv"}, "lot7.csv: lot and wafer must both have a name"),
        (
            {"bins": np.ones((3, 2), np.uint16)},
            r"bins are whole numbers 0 to 65535 of shape \(2, 3\), found .*\(3, 2\)",
        ),
        ({"bins": np.ones((2, 3))}, "bins are whole numbers .* found float64"),
        ({"bins": np.full((2, 3), -1)}, "bins are whole numbers"),
        ({"bins": np.full((2, 3), 65536)}, "bins are whole numbers"),
        ({"die_pitch_mm": (5.0, 0.0)}, r"pitch \(5.0, 0.0\) mm or diameter None mm is not positive"),
        ({"die_pitch_mm": (5.0, -1.0)}, "is not positive"),
        ({"die_pitch_mm": (5.0,)}, "Give the pitch of rows and of columns"),
        ({"die_pitch_mm": (5.0, 5.0, 5.0)}, "Give the pitch of rows and of columns"),
        ({"diameter_mm": 0.0}, "diameter 0.0 mm is not positive"),
        ({"diameter_mm": float("nan")}, "diameter nan mm is not positive"),
        ({"diameter_mm": float("inf")}, "diameter inf mm is not positive"),
        ({"notch": "north"}, "the notch points down, left, up or right, found 'north'"),
    ],
)
def test_a_wafer_that_contradicts_itself_is_refused_with_a_sentence(fields, match):
    with pytest.raises(WaferValueError, match=match):
        wafer(**fields)


def test_the_largest_and_the_smallest_grid_are_accepted():
    assert wafer(dies=np.ones((1, MAX_GRID), np.uint8)).tested_count == MAX_GRID
    assert wafer(dies=np.array([[True]])).tested_count == 1


def test_counts_equal_counting_by_hand():
    counted = wafer()
    assert (counted.key, counted.tested_count, counted.fail_count, counted.yield_fraction) == ("L1:W01", 5, 2, 0.6)
    assert counted.on_wafer.tolist() == [[False, True, True], [True, True, True]]
    assert counted.failing.tolist() == [[False, False, True], [False, False, True]]


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.int64, np.uint64])
def test_dies_of_any_whole_type_become_uint8(dtype):
    assert wafer(dies=GRID.astype(dtype)).dies.dtype == np.uint8


def test_nothing_of_a_wafer_can_be_changed():
    fixed = wafer(bins=GRID.astype(np.int64), attributes={"tool": "CMP-1"})
    assert fixed.bins.dtype == np.uint16
    with pytest.raises(ValueError, match="read-only"):
        fixed.dies[0, 0] = 1
    with pytest.raises(ValueError, match="read-only"):
        fixed.bins[0, 0] = 1
    with pytest.raises(TypeError, match="does not support item assignment"):
        fixed.attributes["tool"] = "CMP-2"
    with pytest.raises(AttributeError, match="cannot assign to field"):
        fixed.lot_id = "L2"  # type: ignore[misc]


def test_later_changes_to_what_was_given_do_not_reach_the_wafer():
    dies, bins, attributes = GRID.copy(), GRID.astype(np.uint16), {"tool": "CMP-1"}
    apart = wafer(dies=dies, bins=bins, attributes=attributes)
    dies[:], bins[:], attributes["tool"] = 0, 0, "CMP-2"
    assert apart.dies.tolist() == apart.bins.tolist() == GRID.tolist()
    assert apart.attributes == {"tool": "CMP-1"}


@pytest.mark.parametrize("across", [lambda w: pickle.loads(pickle.dumps(w)), copy.deepcopy])
def test_a_wafer_survives_the_way_to_another_process(across):
    sent = wafer(
        product="Heron",
        test_program="ws1",
        tested_at=datetime(2026, 11, 1, tzinfo=UTC),
        die_pitch_mm=(4.0, 5.0),
        diameter_mm=200.0,
        notch=Notch.LEFT,
        bins=GRID.astype(np.uint16),
        attributes={"tool": "CMP-1"},
        source_name="a.png",
        source_sha256="ab",
    )
    got = across(sent)
    for name in vars(sent):
        assert np.array_equal(getattr(got, name), getattr(sent, name)), name
    assert not got.dies.flags.writeable
    assert not got.bins.flags.writeable


def test_times_are_utc_whatever_was_given():
    noon = datetime(2026, 3, 1, 12)
    east = timezone(timedelta(hours=8))
    assert wafer(tested_at=noon).tested_at == datetime(2026, 3, 1, 12, tzinfo=UTC)
    assert wafer(tested_at=noon.replace(tzinfo=east)).tested_at.isoformat() == "2026-03-01T04:00:00+00:00"


def test_a_notch_may_be_named_by_its_word():
    assert wafer(notch="up").notch is Notch.UP


def test_wafers_are_themselves_and_can_be_keys():
    one, other = wafer(), wafer()
    assert one != other
    assert len({one, other}) == 2


def test_without_knowing_which_dies_pass_there_is_no_yield():
    assert np.isnan(wafer(passing_known=False).yield_fraction)
    assert wafer().yield_fraction == pytest.approx(3 / 5, rel=1e-12)


def test_step_start_and_remarks_cross_process_borders():
    start = datetime(2026, 5, 1, 14, tzinfo=timezone(timedelta(hours=2)))
    told = wafer(step="CP1", started_at=start, passing_known=False, remarks=["The plan is missing."])
    copied = pickle.loads(pickle.dumps(told))
    assert (copied.step, copied.started_at, copied.passing_known) == (
        "CP1",
        datetime(2026, 5, 1, 12, tzinfo=UTC),
        False,
    )
    assert copied.remarks == ("The plan is missing.",)
