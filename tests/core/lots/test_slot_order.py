import numpy as np
import pandas as pd
import pytest
from scipy import stats

from core.lots.slot_order import slot_effects, slot_of

SLOTS = pd.Series(range(1, 26))


def by_comparison(effects):
    return effects.set_index("compared")


@pytest.mark.parametrize(
    ("attributes", "wafer", "slot"),
    [
        ({"slot": "7"}, "W01", 7),
        ({"slot": " 07 "}, "W01", 7),
        ({"slot": "unknown"}, "W03", 3),
        ({}, "W05", 5),
        ({}, "3", 3),
        ({}, "A12-W05", 5),
        ({}, "rest", None),
        ({}, "1234567", None),
        ({}, "", None),
    ],
)
def test_a_slot_is_what_the_attribute_says_or_the_names_last_number(attributes, wafer, slot):
    assert slot_of(attributes, wafer) == slot


def test_odd_slots_that_fail_more_are_found():
    rng = np.random.default_rng(1)
    values = pd.Series(0.1 + 0.05 * (SLOTS % 2) + rng.normal(0, 0.01, 25))
    effects = by_comparison(slot_effects(SLOTS, values))
    odd = effects.loc["odd slots against even"]
    assert (odd["wafers"], odd["others"], odd["test"]) == (13, 12, "Mann-Whitney")
    assert odd["p"] == pytest.approx(stats.mannwhitneyu(values[SLOTS % 2 == 1], values[SLOTS % 2 == 0]).pvalue)
    assert odd["p_corrected"] < 0.001
    assert effects.loc["last 3 against the rest", "p_corrected"] > 0.05


def test_the_first_wafers_are_those_of_the_lowest_slots():
    values = pd.Series(np.where(SLOTS <= 3, 0.5, 0.1 + SLOTS / 1000))
    effects = by_comparison(slot_effects(SLOTS.sample(frac=1, random_state=3), values.sample(frac=1, random_state=3)))
    first = effects.loc["first 3 against the rest"]
    assert (first["wafers"], first["mean"]) == (3, pytest.approx(0.5))
    assert first["p_corrected"] < 0.05


def test_presence_is_counted_with_fishers_test():
    there = pd.Series(SLOTS % 2 == 1)
    odd = by_comparison(slot_effects(SLOTS, there, presence=True)).loc["odd slots against even"]
    assert (odd["test"], odd["mean"], odd["mean_of_others"]) == ("Fisher", 1.0, 0.0)
    assert odd["p"] == pytest.approx(stats.fisher_exact([[13, 0], [0, 12]]).pvalue)


def test_p_values_are_corrected_for_their_number():
    values = pd.Series(np.random.default_rng(2).random(25))
    effects = slot_effects(SLOTS, values)
    assert np.allclose(effects["p_corrected"], stats.false_discovery_control(effects["p"]))


def test_wafers_all_alike_show_no_effect():
    assert (slot_effects(SLOTS, pd.Series(np.zeros(25)))["p"] == 1).all()


@pytest.mark.parametrize("known", [0, 1, 3])
def test_too_few_wafers_are_not_compared(known):
    slots = pd.Series([pd.NA] * 5 + list(range(1, known + 1)), dtype="Int64")
    assert slot_effects(slots, pd.Series(np.arange(5.0 + known))).empty
