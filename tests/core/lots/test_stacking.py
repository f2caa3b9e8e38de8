import numpy as np
import pytest

from core.lake import Lake, WaferFilter
from core.lots.stacking import Grid, grids, stack
from data.classes import CLASS_INDEX, CLASS_KEYS
from data.errors import LakeError
from tests.core.lake_examples import drawn, found_on

EVERYTHING = WaferFilter()
CLASSES = (("edge",), ("ring", "scratch"), ())


def same_product(number, **fields):
    return drawn(number, product="TC38", **fields)


@pytest.fixture(scope="module")
def results():
    return [found_on(same_product(n), *CLASSES[n % 3], seed=n) for n in range(12)]


@pytest.fixture(scope="module")
def lake(results, tmp_path_factory):
    """Twelve wafers, of which ten are segmented, and three of another size."""
    lake = Lake(tmp_path_factory.mktemp("lake"))
    lake.append_wafers(result.wafer for result in results)
    lake.append_results(results[:10])
    lake.append_wafers(same_product(n, size=9) for n in range(30, 33))
    return lake


@pytest.mark.slow
def test_every_die_counts_as_often_as_it_is_tested_and_fails(lake, results):
    grid, *others = grids(lake, EVERYTHING)
    stacked = stack(lake, EVERYTHING, grid)
    assert (grid.rows, grid.columns, len(others)) == (12, 13, 1)
    assert (stacked.wafers, stacked.segmented, stacked.held, stacked.sampled) == (12, 10, 12, False)
    for row in range(12):
        for column in range(13):
            on_die = [result.wafer.dies[row, column] for result in results]
            assert stacked.tested[row, column] == sum(die > 0 for die in on_die)
            assert stacked.failing[row, column] == sum(die == 2 for die in on_die)
            assert stacked.analysed[row, column] == sum(die > 0 for die in on_die[:10])


@pytest.mark.parametrize("key", CLASS_KEYS)
def test_every_class_is_counted_over_segmented_wafers(lake, results, key):
    stacked = stack(lake, EVERYTHING, next(iter(grids(lake, EVERYTHING))))
    masks = [result.segmentation.masks[CLASS_INDEX[key]] for result in results[:10]]
    expected = sum(mask.astype(int) for mask in masks) / 10
    share = stacked.share(key)
    assert np.isnan(share[0, 0])  # never tested
    assert np.array_equal(share[stacked.tested > 0], expected[stacked.tested > 0])


def test_wafers_of_another_grid_are_counted_and_not_mixed_in(lake):
    held = grids(lake, EVERYTHING)
    assert list(held.values()) == [12, 3]
    small = stack(lake, EVERYTHING, list(held)[1])
    assert (small.wafers, small.segmented, small.tested.shape) == (3, 0, (9, 10))
    assert np.isnan(small.share("edge")).all()


def test_another_product_or_notch_is_another_grid(tmp_path):
    lake = Lake(tmp_path)
    lake.append_wafers([same_product(0), same_product(1, notch="left"), drawn(2, product="TC49")])
    assert {(grid.product, grid.notch) for grid in grids(lake, EVERYTHING)} == {
        ("TC38", "down"),
        ("TC38", "left"),
        ("TC49", "down"),
    }


def test_the_filter_chooses_the_wafers(lake):
    where = WaferFilter(text="W05")
    stacked = stack(lake, where, next(iter(grids(lake, where))))
    assert np.array_equal(stacked.failing > 0, lake.wafer("LOT000:W05").failing)


def test_too_many_wafers_are_sampled_the_same_way_every_time(lake):
    grid = next(iter(grids(lake, EVERYTHING)))
    one, other = stack(lake, EVERYTHING, grid, limit=5), stack(lake, EVERYTHING, grid, limit=5)
    assert (one.wafers, one.held, one.sampled) == (5, 12, True)
    assert np.array_equal(one.failing, other.failing)


def test_a_grid_that_no_wafer_has_is_said(lake):
    with pytest.raises(LakeError, match="no wafer of this selection is TC1, 5 × 5 dies, notch down"):
        stack(lake, EVERYTHING, Grid("TC1", 5, 5, "down"))


def test_the_outline_keeps_what_the_wafers_say_of_their_size(tmp_path):
    lake = Lake(tmp_path)
    lake.append_wafers([same_product(0, die_pitch_mm=(10.0, 20.0), diameter_mm=200.0)])
    outline = stack(lake, EVERYTHING, next(iter(grids(lake, EVERYTHING)))).outline
    assert (outline.die_pitch_mm, outline.diameter_mm, outline.tested_count) == ((10.0, 20.0), 200.0, 12 * 13 - 1)
