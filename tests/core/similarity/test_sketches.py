import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.drawing.sheet import lay_out
from core.lake import Lake
from core.similarity.sketches import emptied, product_examples, round_wafer, snap
from data.wafer import PASS, WaferMap
from tests.core.lake_examples import drawn


def test_a_round_wafer_is_empty_and_round():
    wafer = round_wafer(36)
    assert wafer.dies.shape == (36, 36)
    assert wafer.fail_count == 0
    assert wafer.tested_count / wafer.dies.size == pytest.approx(np.pi / 4, abs=0.03)


def test_a_wafer_emptied_keeps_its_dies_and_passes_them_all():
    wafer = drawn(3)
    empty = emptied(wafer)
    assert np.array_equal(empty.on_wafer, wafer.on_wafer)
    assert empty.fail_count == 0


@given(st.integers(0, 2**32 - 1), st.integers(2, 9), st.sampled_from([None, (8.0, 5.0)]))
def test_painting_dies_over_makes_exactly_them_fail(seed, cell_px, pitch):
    rng = np.random.default_rng(seed)
    dies = np.zeros((rng.integers(4, 14), rng.integers(4, 14)), dtype=np.uint8)
    dies[rng.integers(dies.shape[0]) :, : rng.integers(1, dies.shape[1] + 1)] = PASS
    empty = WaferMap(dies, "sketch", "drawn", die_pitch_mm=pitch)
    sheet = lay_out(empty, cell_px)
    wanted = (rng.random(dies.shape) < 0.4) & empty.on_wafer
    picture = np.zeros(sheet.size, dtype=bool)
    for row, column in np.argwhere(wanted):
        picture[sheet.box(row, column)] = True
    assert np.array_equal(snap(picture, empty, sheet).failing, wanted)


def test_a_die_that_is_barely_touched_stays_as_it_is():
    empty = round_wafer(10)
    sheet = lay_out(empty, 10)
    picture = np.zeros(sheet.size, dtype=bool)
    rows, columns = sheet.box(5, 5)
    picture[rows.start : rows.start + 3, columns] = True
    assert snap(picture, empty, sheet).fail_count == 0
    picture[rows.start : rows.start + 4, columns] = True
    assert np.argwhere(snap(picture, empty, sheet).failing).tolist() == [[5, 5]]


def test_strokes_off_the_wafer_do_nothing():
    empty = round_wafer(10)
    sheet = lay_out(empty, 6)
    everything = np.ones(sheet.size, dtype=bool)
    assert np.array_equal(snap(everything, empty, sheet).failing, empty.on_wafer)


def test_examples_are_the_newest_wafers_of_each_product_the_commonest_first(tmp_path):
    lake = Lake(tmp_path / "lake")
    assert product_examples(lake) == {}
    lake.append_wafers(drawn(n, product="A" if n % 3 else "B") for n in range(12))
    assert product_examples(lake) == {"A": drawn(11).key, "B": drawn(9).key}
    lake.append_wafers([drawn(20, product="C", tested_at=None)])
    assert product_examples(lake)["C"] == drawn(20).key
