import numpy as np
import pytest

from core.active_learning.features import die_features, wafer_features
from data.synthesis import WaferRecipe, draw_wafer
from data.wafer import WaferMap


def wafer_of(dies: np.ndarray) -> WaferMap:
    return WaferMap(dies=np.ascontiguousarray(dies), lot_id="L", wafer_id="W1")


@pytest.fixture(scope="module")
def ring():
    return draw_wafer(np.random.default_rng(3), WaferRecipe(shortest=30, longest=30, classes=("ring",))).wafer


def test_a_turned_wafer_has_the_same_strengths_around_its_rings():
    rows, columns = np.indices((31, 31)) - 15
    dies = np.where(np.hypot(rows, columns) <= 15.4, 1, 0).astype(np.uint8)
    dies[(np.abs(columns) <= 4) & (rows < -3) & (dies == 1)] = 2
    upright, turned = (wafer_features(wafer_of(np.rot90(dies, k))) for k in (0, 1))
    assert turned[:72] == pytest.approx(upright[:72], abs=0.02)


def test_there_is_a_row_for_every_failing_die(ring):
    found = die_features(ring)
    assert found.shape == (int(ring.failing.sum()), 96)
    assert np.isfinite(found).all()
    assert found[:, 14:] == pytest.approx(np.tile(wafer_features(ring), (len(found), 1)))


@pytest.mark.parametrize("value", [1, 2])
def test_wafers_on_which_nothing_or_everything_fails_have_features(value):
    wafer = wafer_of(np.full((9, 9), value, dtype=np.uint8))
    assert wafer_features(wafer).shape == (82,)
    assert np.isfinite(wafer_features(wafer)).all()
    assert len(die_features(wafer)) == (81 if value == 2 else 0)
