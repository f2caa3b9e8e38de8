import math

import pandas as pd
import pytest

from core.training.records import DATABASE, MOST_POINTS, Record, best_before, record_of
from tests.core.training.record_examples import curves, write_runs


def test_a_run_s_curves_come_back_by_key_and_step(tmp_path):
    write_runs(tmp_path, {"one": {"train/loss": [(10, 3.0), (5, 4.0)], "iou/mean": [(10, 0.5)]}})
    record = record_of(tmp_path, "one")
    assert record.curve("train/loss").to_numpy().tolist() == [[5, 4.0], [10, 3.0]]
    assert record.keys("train/") == ["train/loss"]
    assert record.keys() == ["iou/mean", "train/loss"]
    assert record.curve("nothing").empty


def test_a_step_measured_twice_after_a_resume_counts_as_last_measured(tmp_path):
    write_runs(tmp_path, {"one": {"score": [(10, 0.3), (10, 0.4)]}})
    assert record_of(tmp_path, "one").curve("score")["value"].tolist() == [0.4]


def test_the_best_step_is_that_of_the_best_score_and_says_what_else_was_measured_then(tmp_path):
    write_runs(tmp_path, {"one": curves(0.8)})
    assert record_of(tmp_path, "one").at_best() == {
        "score": 0.8, "iou/mean": 0.8, "iou/edge": 0.8, "f1/macro": 0.8, "false_alarms": 0.8
    }  # fmt: skip
    write_runs(tmp_path / "bare", {"two": {"train/loss": [(5, 1.0)]}})
    assert record_of(tmp_path / "bare", "two").at_best() == {}


def test_the_best_before_is_the_best_of_the_older_runs(tmp_path):
    write_runs(tmp_path, {"weak": curves(0.4), "good": curves(0.7), "mine": curves(0.6), "later": curves(0.9)})
    assert best_before(tmp_path, record_of(tmp_path, "mine")).name == "good"
    assert best_before(tmp_path, record_of(tmp_path, "good")).name == "weak"
    assert best_before(tmp_path, record_of(tmp_path, "weak")) is None


def test_what_is_not_a_number_is_left_out(tmp_path):
    write_runs(tmp_path, {"one": {"iou/ring": [(1, math.nan), (2, 0.5)]}})
    assert record_of(tmp_path, "one").curve("iou/ring")["value"].tolist() == [0.5]


@pytest.mark.parametrize("points", [1, MOST_POINTS, MOST_POINTS + 1, 3 * MOST_POINTS + 7])
def test_long_curves_are_thinned_and_keep_their_end(points):
    values = pd.DataFrame({"key": "x", "step": range(points), "value": range(points)})
    curve = Record("1", "r", values).curve("x")
    assert 1 <= len(curve) <= MOST_POINTS
    assert curve["step"].iloc[-1] == points - 1
    assert curve["step"].diff().dropna().nunique() <= 1


def test_a_run_without_a_record_and_a_record_without_a_database_are_nothing_yet(tmp_path):
    assert record_of(tmp_path, "one") is None
    write_runs(tmp_path, {"one": curves(0.5)})
    (tmp_path / DATABASE).unlink()
    assert record_of(tmp_path, "one").values.empty
    (tmp_path / DATABASE).touch()  # being made
    assert record_of(tmp_path, "one").values.empty
