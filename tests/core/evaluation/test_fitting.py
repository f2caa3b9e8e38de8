from types import SimpleNamespace

import numpy as np
import pytest

from core.evaluation.fitting import calibrate, calibration_wafers, draw_calibration
from data.classes import CLASS_COUNT, CLASS_INDEX
from data.datasets import LabelledMaps
from data.synthesis import WaferRecipe, draw_wafer

CENTER = CLASS_INDEX["center"]


class Says:
    """A segmenter that believes in `center` where it is, and draws it the more firmly where it is not."""

    judges, present = True, 0.9

    def __init__(self, drawn):
        self.drawn, self.masks = drawn, {s.wafer.key: s.masks for s in drawn}

    def calibrated(self):
        found = [self._of(wafer) for wafer in calibration_wafers(self.drawn, None)]
        return calibrate(found, self.drawn, None, 1.0, judges=self.judges)

    def _of(self, wafer):
        mask = self.masks[wafer.key][CENTER]
        probabilities = np.full((CLASS_COUNT, *wafer.dies.shape), 0.05, dtype=np.float32)
        probabilities[CENTER] = np.where(mask, 0.4, 0.2) if mask.any() else 0.6
        presence = np.full(CLASS_COUNT, 0.02, dtype=np.float32)
        presence[CENTER] = self.present if mask.any() else 0.1
        return SimpleNamespace(probabilities=probabilities, presence=presence)


def test_die_thresholds_are_fitted_to_wafers_that_are_believed_to_show_the_class():
    rng = np.random.default_rng(3)
    drawn = [draw_wafer(rng, WaferRecipe(longest=40, classes=(key,))) for key in ("center", "edge") * 6]
    fitted = Says(drawn).calibrated()
    scaled = (np.array([0.2, 0.4]) / (1 - np.array([0.2, 0.4]))) ** (1 / fitted["temperature"][CENTER])
    low, high = scaled / (1 + scaled)
    assert low < fitted["die_threshold"][CENTER] <= high
    assert fitted["presence_threshold"][CENTER] == 0.5
    assert fitted["die_threshold"][CLASS_INDEX["ring"]] == 0.5  # no die shows it


@pytest.mark.parametrize("judges", [True, False])
def test_only_of_a_model_that_judges_is_its_own_word_on_presence_used(judges):
    rng = np.random.default_rng(3)
    drawn = [draw_wafer(rng, WaferRecipe(longest=40, classes=(key,))) for key in ("center", "edge") * 6]
    sure, unsure = Says(drawn), Says(drawn)
    sure.judges = unsure.judges = judges
    unsure.present = 0.11  # little more than where it is not
    one, other = (says.calibrated()["presence_threshold"][CENTER] for says in (sure, unsure))
    assert (one != other) == judges


def test_every_second_calibration_wafer_is_drawn_over_a_real_one_without_a_pattern():
    plain, shown = (draw_wafer(np.random.default_rng(k), WaferRecipe(longest=30)).wafer.dies for k in range(2))
    plain = np.where(plain == 2, 1, plain)
    presence = np.zeros((2, CLASS_COUNT), dtype=np.float32)
    presence[1, 0] = 1
    held_out = LabelledMaps([plain, shown], presence, ["fab:0", "fab:1"], np.zeros(2, dtype=bool))
    drawn = draw_calibration(8, 7, held_out)
    over = [((s.wafer.dies > 0) == (plain > 0)).all() if s.wafer.dies.shape == plain.shape else False for s in drawn]
    assert over == [False, True] * 4


@pytest.mark.parametrize("count", [1, 5])
def test_without_real_wafers_all_are_drawn_from_nothing(count):
    assert len(draw_calibration(count, 7, None)) == count
