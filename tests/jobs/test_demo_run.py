from dataclasses import replace

import pytest

from core.active_learning.rounds import run_name
from core.database import AppDatabase
from core.identity import Person
from core.jobs.folder import log_tail
from core.jobs.launch import jobs
from core.jobs.store import JobState, add_job
from core.settings import settings
from core.training.config import kept_checkpoint
from core.training.records import SCORE, record_of
from jobs.demo_run import keep_demo_run, recorded_run

ANA = Person("ana")


@pytest.mark.slow
def test_the_recorded_run_is_kept_as_training_keeps_its_own_and_once(tmp_path):
    at, run = settings().at(tmp_path), recorded_run()
    keep_demo_run(at, ANA)
    keep_demo_run(at, ANA)
    [job] = jobs(AppDatabase(at.database_place), "train")
    assert (job.state, job.exit_code, job.started_by) == (JobState.DONE, 0, "ana")
    record = record_of(at, run.name)
    assert sorted(zip(*record.values[["key", "step", "value"]].to_numpy().T, strict=True)) == sorted(run.values)
    assert "was not trained on this machine" in log_tail(tmp_path, job.id)
    assert kept_checkpoint(tmp_path, run.name) is None


def test_the_run_follows_the_first_round_and_measured_a_score():
    run = recorded_run()
    assert run.name == run_name(1)
    assert run.arguments[run.arguments.index("--labels") + 1] == "now"
    assert 0 < max(value for key, _, value in run.values if key == SCORE) < 1


def test_a_list_with_a_training_and_a_server_of_others_are_left_alone(tmp_path):
    at = settings().at(tmp_path)
    keep_demo_run(replace(at, mlflow="https://mlflow.example"), ANA)
    database = AppDatabase(at.database_place)
    assert jobs(database, "train") == []
    with database.writing() as session:
        add_job(session, "train", [], "mine", ANA)
    keep_demo_run(at, ANA)
    assert [job.title for job in jobs(database, "train")] == ["mine"]
