import multiprocessing
import os
import signal
import sys
from dataclasses import replace

import pytest

import core.jobs.launch
from core.database import AppDatabase
from core.database.audit import entries
from core.identity import Person
from core.jobs.folder import job_folder, log_tail
from core.jobs.launch import TRAINING_JOBS, cancel, check_can_run, job, jobs, resume, start
from core.jobs.store import JobState
from core.settings import Settings
from data.errors import AppDatabaseError, TrainingMissingError
from tests.core.job_examples import ended, running

pytestmark = pytest.mark.slow

ANA, BEN = Person("ana"), Person("ben")


@pytest.fixture
def database(at) -> AppDatabase:
    return AppDatabase(at.database_place)


def start_and_die(at, project, place, told):
    """What an app does that is killed right after it started a job."""
    core.jobs.launch.ROOT = project
    started = start(AppDatabase(place), at, "counting", [str(told)], ANA)
    (told / "number").write_text(str(started.id))
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_job_runs_to_its_end_and_leaves_its_words_and_its_exit_code(database, at):
    started = start(database, at, "quick", ["a b", "$HOME"], ANA, title="Quick one")
    assert (started.state, started.title, started.started_by) == (JobState.QUEUED, "Quick one", "ana")
    found = ended(database, started.id)
    assert (found.state, found.exit_code) == (JobState.DONE, 0)
    assert log_tail(at.home, started.id) == "quick says a b $HOME"
    assert found.created_at <= found.heartbeat_at <= found.ended_at


def test_a_job_that_fails_is_shown_failed_with_its_reason_in_the_log(database, at):
    found = ended(database, start(database, at, "failing", [], ANA).id)
    assert (found.state, found.exit_code) == (JobState.FAILED, 1)
    assert "no wafers here" in log_tail(at.home, found.id)


def test_a_job_survives_the_death_of_the_app_that_started_it(database, at, tmp_path):
    app = multiprocessing.get_context("spawn").Process(  # a fork server may be of another test, in another folder
        target=start_and_die, args=(at, core.jobs.launch.ROOT, at.database_place, tmp_path)
    )
    app.start()
    app.join()
    assert app.exitcode == -signal.SIGKILL
    number = int((tmp_path / "number").read_text())
    running(database, number, tmp_path / "pid")
    (tmp_path / "go").touch()
    assert ended(database, number).state is JobState.DONE


def test_a_job_is_resumed_with_the_same_command_line_and_its_log_goes_on(database, at):
    number = start(database, at, "quick", ["again"], ANA).id
    ended(database, number)
    assert resume(database, at, number, BEN).state is JobState.QUEUED
    found = ended(database, number)
    assert (found.state, found.attempt, found.started_by) == (JobState.DONE, 2, "ben")
    assert log_tail(at.home, number) == "quick says again\nquick says again"
    with database.reading() as session:
        assert [(e.person, e.action) for e in entries(session, f"job {number}")] == [
            ("ben", "job.resume"),
            ("ana", "job.start"),
        ]


def test_a_job_under_way_is_not_resumed_and_one_that_ended_not_cancelled(database, at, tmp_path):
    number = start(database, at, "counting", [str(tmp_path)], ANA).id
    with pytest.raises(AppDatabaseError, match="Cancel it first, or let it end"):
        resume(database, at, number, ANA)
    (tmp_path / "go").touch()
    ended(database, number)
    with pytest.raises(AppDatabaseError, match="it is done already"):
        cancel(database, number, ANA)


def test_jobs_are_listed_newest_first_and_by_name(database, at):
    numbers = [start(database, at, name, [], ANA).id for name in ("quick", "failing", "quick")]
    for number in numbers:
        ended(database, number)
    assert [one.id for one in jobs(database)] == numbers[::-1]
    assert [one.id for one in jobs(database, "quick", limit=1)] == numbers[2:]


@pytest.mark.parametrize("name", ["no_such", "../evil", "os;rm", "", "__init__"])
def test_only_jobs_that_exist_are_started(database, at, name):
    with pytest.raises(AppDatabaseError, match="there is no such command"):
        start(database, at, name, [], ANA)
    assert jobs(database) == []


def test_unknown_numbers_are_said(database):
    with pytest.raises(AppDatabaseError, match="there is no such job"):
        job(database, 7)


def test_a_job_finds_the_settings_it_was_started_with(database, at, tmp_path, monkeypatch):
    monkeypatch.setenv("WAFERSCOPE_THREADS", "7")
    text = "import os; print(os.environ['WAFERSCOPE_HOME'], os.environ['WAFERSCOPE_THREADS'])"
    (core.jobs.launch.ROOT / "jobs" / "telling.py").write_text(text)
    found = ended(database, start(database, Settings(home=at.home, threads=3), "telling", [], ANA).id)
    assert log_tail(at.home, found.id) == f"{at.home} 3"
    assert (job_folder(at.home, found.id) / "log.txt").exists()


def test_a_training_that_could_not_run_here_is_refused_and_leaves_no_job(database, at, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)  # as if it were not installed
    for name in TRAINING_JOBS:
        (tmp_path / "project" / "jobs" / f"{name}.py").touch()
        with pytest.raises(TrainingMissingError, match=rf"^jobs\.{name}: .*torch is not installed.*`make train-setup`"):
            start(database, at, name, [], ANA)
    assert jobs(database) == []
    check_can_run(at, "quick")


def test_a_training_on_a_cluster_needs_nothing_here(at, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    assert check_can_run(replace(at, ray_address="ray-head:6379"), "train") is None
