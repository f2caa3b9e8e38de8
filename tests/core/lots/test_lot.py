import numpy as np
import pytest

from core.lake import Lake
from core.lots.lot import figures, lots, open_lot, slots_compared
from data.errors import LakeError
from tests.core.lake_examples import drawn, found_on


@pytest.fixture(scope="module")
def results():
    return [
        found_on(drawn(n, product="TC38", attributes={"slot": str(25 - n), "tool": "T1"}), "edge", seed=n)
        for n in range(5)
    ]


@pytest.fixture(scope="module")
def lake(results, tmp_path_factory):
    lake = Lake(tmp_path_factory.mktemp("lake"))
    lake.append_wafers(result.wafer for result in results)
    lake.append_wafers([drawn(5, product="TC39", attributes={"tool": "T1"}), drawn(30, product="TC38")])
    lake.append_results(results[:4])
    return lake


def test_wafers_stand_in_slot_order(lake):
    lot = open_lot(lake, "LOT000")
    assert lot.wafers["slot"].tolist() == [6, 21, 22, 23, 24, 25]
    assert lot.wafers["wafer_id"].tolist() == ["W06", "W05", "W04", "W03", "W02", "W01"]


def test_figures_are_sums_over_the_lot(lake, results):
    summed = figures(open_lot(lake, "LOT000"))
    wafers = [*(result.wafer for result in results), drawn(5, product="TC39")]
    assert (summed.wafers, summed.segmented) == (6, 4)
    fails = sum(wafer.fail_count for wafer in wafers)
    assert summed.yield_fraction == pytest.approx(1 - fails / sum(wafer.tested_count for wafer in wafers))
    assert summed.worst_yield == pytest.approx(min(wafer.yield_fraction for wafer in wafers))
    assert summed.mean_severity == pytest.approx(np.mean([result.severity.score for result in results[:4]]))
    assert summed.clusters == sum(len(result.instances) for result in results[:4])
    assert (summed.affected["edge"], summed.affected["ring"]) == (4, 0)


def test_the_share_of_a_class_is_unknown_where_nothing_was_segmented(lake):
    lot = open_lot(lake, "LOT000")
    assert lot.share_failing().notna().all()
    assert lot.share_failing("edge").isna().sum() == 2


def test_only_wafers_of_the_most_common_grid_are_stacked(lake):
    lot = open_lot(lake, "LOT000")
    assert (lot.stack.wafers, lot.wafer_count, len(lot.grids)) == (5, 6, 2)
    other = open_lot(lake, "LOT000", list(lot.grids)[1])
    assert (other.stack.wafers, other.stack.grid.product) == (1, "TC39")


def test_history_that_all_wafers_share_is_the_lots(lake):
    assert open_lot(lake, "LOT000").shared_history() == {"tool": "T1"}


@pytest.mark.parametrize("name", ["LOT999", ""])
def test_an_unknown_lot_is_said(lake, name):
    with pytest.raises(LakeError, match=f"there is no lot '{name}'"):
        open_lot(lake, name)


def test_lots_are_listed_newest_first(lake):
    listed = lots(lake)
    assert listed["lot_id"].tolist() == ["LOT001", "LOT000"]
    assert listed["wafers"].tolist() == [1, 6]


def test_a_lot_without_dates_or_results_has_no_span_and_undefined_means(tmp_path):
    lake = Lake(tmp_path)
    lake.append_wafers([drawn(0, tested_at=None)])
    lot = open_lot(lake, "LOT000")
    assert lot.span is None
    assert np.isnan(figures(lot).mean_severity)


def test_a_class_on_a_single_wafer_is_no_effect_of_its_slot(tmp_path):
    lake = Lake(tmp_path)
    results = [found_on(drawn(n, product="TC38"), *(("edge",) if n == 23 else ())) for n in range(25)]
    lake.append_wafers(result.wafer for result in results)
    lake.append_results(results)
    lot = open_lot(lake, "LOT000")
    of_class = slots_compared(lot, "edge").set_index("compared")
    assert set(of_class["test"]) == {"Fisher"}
    assert of_class.loc["last 3 against the rest", "p"] == pytest.approx(3 / 25)
    assert set(slots_compared(lot)["test"]) == {"Mann-Whitney"}


def test_wafers_whose_passing_dies_are_unknown_have_no_part_in_a_lots_yield(tmp_path):
    lake = Lake(tmp_path)
    wafers = [drawn(0), drawn(1, passing_known=False), drawn(2)]
    lake.append_wafers(wafers)
    lot = open_lot(lake, "LOT000")
    known = [wafers[0], wafers[2]]
    fails = sum(wafer.fail_count for wafer in known) / sum(wafer.tested_count for wafer in known)
    assert figures(lot).yield_fraction == pytest.approx(1 - fails)
    assert lot.share_failing().isna().tolist() == [False, True, False]
    alone = Lake(tmp_path / "alone")
    alone.append_wafers(wafers[1:2])
    assert np.isnan(
        [figures(open_lot(alone, "LOT000")).yield_fraction, figures(open_lot(alone, "LOT000")).worst_yield]
    ).all()
