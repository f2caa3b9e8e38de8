import math
from dataclasses import replace

import pandas as pd
import pytest
from mlflow import MlflowClient

from core.settings import Settings
from core.training.config import run_folder
from core.training.records import MOST_POINTS, RUN_FILE, SCORE, RunRecord, best_before, record_of
from data.errors import ModelError
from tests.core.training.record_examples import DATABASE, curves, write_runs


def test_a_run_s_curves_come_back_by_key_and_step(tmp_path):
    write_runs(tmp_path, {"one": {"train/loss": [(10, 3.0), (5, 4.0)], "iou/mean": [(10, 0.5)]}})
    record = record_of(Settings(home=tmp_path), "one")
    assert record.curve("train/loss").to_numpy().tolist() == [[5, 4.0], [10, 3.0]]
    assert record.keys("train/") == ["train/loss"]
    assert record.keys() == ["iou/mean", "train/loss"]
    assert record.curve("nothing").empty


def test_a_step_measured_twice_after_a_resume_counts_as_last_measured(tmp_path):
    write_runs(tmp_path, {"one": {"score": [(10, 0.3), (10, 0.4)]}})
    assert record_of(Settings(home=tmp_path), "one").curve("score")["value"].tolist() == [0.4]


def test_the_best_step_is_that_of_the_best_score_and_says_what_else_was_measured_then(tmp_path):
    write_runs(tmp_path, {"one": curves(0.8)})
    assert record_of(Settings(home=tmp_path), "one").at_best() == {
        "score": 0.8,
        "iou/mean": 0.8,
        "iou/edge": 0.8,
        "f1/macro": 0.8,
        "false_alarms": 0.8,
    }
    write_runs(tmp_path / "bare", {"two": {"train/loss": [(5, 1.0)]}})
    assert record_of(Settings(home=tmp_path / "bare"), "two").at_best() == {}


def test_the_best_before_is_the_best_of_the_older_runs(tmp_path):
    write_runs(tmp_path, {"weak": curves(0.4), "good": curves(0.7), "mine": curves(0.6), "later": curves(0.9)})
    assert best_before(Settings(home=tmp_path), record_of(Settings(home=tmp_path), "mine")).name == "good"
    assert best_before(Settings(home=tmp_path), record_of(Settings(home=tmp_path), "good")).name == "weak"
    assert best_before(Settings(home=tmp_path), record_of(Settings(home=tmp_path), "weak")) is None


def test_what_is_not_a_number_is_left_out(tmp_path):
    write_runs(tmp_path, {"one": {"iou/ring": [(1, math.nan), (2, 0.5)]}})
    assert record_of(Settings(home=tmp_path), "one").curve("iou/ring")["value"].tolist() == [0.5]


@pytest.mark.parametrize("points", [1, MOST_POINTS, MOST_POINTS + 1, 3 * MOST_POINTS + 7])
def test_long_curves_are_thinned_and_keep_their_end(points):
    values = pd.DataFrame({"key": "x", "step": range(points), "value": range(points)})
    curve = RunRecord("1", "r", values).curve("x")
    assert 1 <= len(curve) <= MOST_POINTS
    assert curve["step"].iloc[-1] == points - 1
    assert curve["step"].diff().dropna().nunique() <= 1


def test_a_run_without_a_record_and_a_record_without_a_database_are_nothing_yet(tmp_path):
    assert record_of(Settings(home=tmp_path), "one") is None
    write_runs(tmp_path, {"one": curves(0.5)})
    (tmp_path / DATABASE).unlink()
    assert record_of(Settings(home=tmp_path), "one").values.empty
    (tmp_path / DATABASE).touch()  # being made
    assert record_of(Settings(home=tmp_path), "one").values.empty


def test_runs_that_mlflow_keeps_elsewhere_are_asked_of_it(tmp_path, monkeypatch):
    """A folder of files stands for a server: both are asked through MLflow's client alone."""
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    at = Settings(home=tmp_path, mlflow=(tmp_path / "kept").as_uri())
    client = MlflowClient(at.mlflow_url)
    experiment = client.create_experiment("waferscope")
    runs = {"good": [0.7, 0.2], "weak": [0.3], "mine": [0.5, 0.4]}
    for begun, (name, scores) in enumerate(runs.items(), start=1):
        number = client.create_run(experiment, start_time=begun, run_name=name).info.run_id
        for step, score in enumerate(scores):
            client.log_metric(number, SCORE, score, step=step)
        run_folder(tmp_path, name).mkdir(parents=True)
        (run_folder(tmp_path, name) / RUN_FILE).write_text(number)
    mine = record_of(at, "mine")
    assert mine.curve(SCORE).to_numpy().tolist() == [[0, 0.5], [1, 0.4]]
    best = best_before(at, mine)
    assert (best.name, best.curve(SCORE)["value"].max()) == ("good", 0.7)
    assert best_before(at, record_of(at, "good")) is None
    with pytest.raises(ModelError, match="WAFERSCOPE_MLFLOW"):
        record_of(replace(at, mlflow=(tmp_path / "gone").as_uri()), "mine")
