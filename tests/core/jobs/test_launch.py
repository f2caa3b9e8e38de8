import multiprocessing
import os
import signal
import sys
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import update

import core.jobs.launch
from core.database import AppDatabase
from core.database.audit import entries
from core.database.schema import now
from core.identity import Person
from core.jobs.folder import job_folder, log_tail
from core.jobs.launch import TRAINING_JOBS, cancel, check_can_run, job, jobs, resume, start, waits_for
from core.jobs.processes import is_alive, name_of
from core.jobs.store import Job, JobState, add_job
from core.settings import Settings
from data.errors import AppDatabaseError, TrainingMissingError
from tests.core.job_examples import ended, killed, running, start_jobs_from, until

pytestmark = pytest.mark.slow

ANA, BEN = Person("ana"), Person("ben")


@pytest.fixture
def at(tmp_path, monkeypatch) -> Settings:
    """Settings of a workspace, from which jobs of the test's own are started."""
    start_jobs_from(tmp_path / "project", monkeypatch)
    return Settings(home=tmp_path / "home")


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


def test_how_far_a_job_is_shows_while_it_runs_and_at_its_end(database, at, tmp_path):
    number = start(database, at, "counting", [str(tmp_path)], ANA).id
    found = until(lambda: (one := job(database, number)).done and one)
    assert (found.state, found.done, found.total, found.share, found.rate) == (JobState.RUNNING, 3, 12, 0.25, 1.5)
    assert found.time_left == timedelta(seconds=9 / 1.5)
    (tmp_path / "go").touch()
    found = ended(database, number)
    assert (found.state, found.done, found.time_left) == (JobState.DONE, 12, None)


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


def test_a_killed_job_is_shown_dead(database, at, tmp_path):
    found = killed(database, start(database, at, "counting", [str(tmp_path)], ANA).id, tmp_path / "pid")
    assert (found.state, found.exit_code) == (JobState.DEAD, -signal.SIGKILL)


def test_when_the_watcher_is_killed_the_job_dies_with_it_and_is_shown_dead(database, at, tmp_path):
    number = start(database, at, "counting", [str(tmp_path)], ANA).id
    found = running(database, number, tmp_path / "pid")
    job_process = name_of(int((tmp_path / "pid").read_text()))
    os.kill(int(found.process.partition(" ")[0]), signal.SIGKILL)
    assert ended(database, number).state is JobState.DEAD
    until(lambda: not is_alive(job_process))


def test_a_reused_process_number_is_not_mistaken_for_the_job(database, at, tmp_path):
    number = start(database, at, "counting", [str(tmp_path)], ANA).id
    running(database, number, tmp_path / "pid")
    pid, start_time, boot = name_of(os.getpid()).split()
    with database.writing() as session:  # as if this test's process had got the number of the watcher
        session.execute(update(Job).values(process=f"{pid} {int(start_time) - 1} {boot}"))
    assert job(database, number).state is JobState.DEAD
    (tmp_path / "go").touch()


def test_a_cancelled_job_ends_and_is_shown_cancelled(database, at, tmp_path):
    number = start(database, at, "counting", [str(tmp_path)], ANA).id
    running(database, number, tmp_path / "pid")
    cancel(database, number, BEN)
    found = ended(database, number)
    assert (found.state, found.cancelled_by, found.exit_code) == (JobState.CANCELLED, "ben", -signal.SIGTERM)


def test_a_job_that_ignores_being_told_is_killed_with_all_its_processes(database, at, tmp_path):
    number = start(database, at, "stubborn", [str(tmp_path)], ANA).id
    running(database, number, tmp_path / "pids")
    names = [name_of(int(pid)) for pid in (tmp_path / "pids").read_text().split()]
    assert all(is_alive(name) for name in names)
    cancel(database, number, ANA)
    found = ended(database, number)
    assert (found.state, found.exit_code) == (JobState.CANCELLED, -signal.SIGKILL)
    assert "I stay" in log_tail(at.home, number)
    until(lambda: not any(is_alive(name) for name in names))


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


def test_a_job_that_was_cancelled_before_it_ran_never_runs(database, at, tmp_path):
    with database.writing() as session:
        number = add_job(session, "counting", [str(tmp_path)], "counting", ANA).id
    assert cancel(database, number, ANA).state is JobState.CANCELLED
    core.jobs.launch._spawn(database, at, job(database, number))
    assert job(database, number).state is JobState.CANCELLED
    assert not (tmp_path / "pid").exists()


@pytest.mark.parametrize(("host", "silent", "expected"), [("elsewhere", 61, "dead"), ("elsewhere", 30, "running")])
def test_on_another_machine_silence_tells(database, host, silent, expected):
    with database.writing() as session:
        added = add_job(session, "quick", [], "quick", ANA)
        added.state, added.host, added.process = JobState.RUNNING, host, "1 0 boot"
        added.heartbeat_at = now() - timedelta(seconds=silent)
    assert job(database, added.id).state == expected


def test_a_job_whose_app_died_before_starting_it_is_shown_dead_after_a_minute(database):
    with database.writing() as session:
        add_job(session, "quick", [], "quick", ANA).heartbeat_at = now() - timedelta(seconds=61)
    assert jobs(database)[0].state is JobState.DEAD


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


def queued(database, number):
    """Wait until a job's watcher says that it waits."""
    return until(lambda: (found := job(database, number)).state is JobState.QUEUED and found.process and found)


@pytest.fixture
def alone(at):
    """A project in which a second job of the name `train` waits for the first."""
    (core.jobs.launch.ROOT / "jobs" / "counting.py").rename(core.jobs.launch.ROOT / "jobs" / "train.py")


def test_a_second_training_waits_its_turn_and_then_runs(database, at, tmp_path, alone):
    folders = [tmp_path / "one", tmp_path / "two"]
    for folder in folders:
        folder.mkdir()
    first, second = (start(database, at, "train", [str(folder)], ANA).id for folder in folders)
    running(database, first, folders[0] / "pid")
    waiting = queued(database, second)
    assert waits_for(database, waiting).id == first
    quick = start(database, at, "quick", ["meanwhile"], BEN).id
    assert ended(database, quick).state is JobState.DONE  # what takes no machine for itself does not wait
    assert not (folders[1] / "pid").exists()
    (folders[0] / "go").touch()
    assert ended(database, first).state is JobState.DONE
    assert waits_for(database, running(database, second, folders[1] / "pid")) is None
    (folders[1] / "go").touch()
    assert ended(database, second).state is JobState.DONE


def test_one_that_waits_is_cancelled_at_once_and_the_next_after_a_killed_one_runs(database, at, tmp_path, alone):
    folders = [tmp_path / name for name in ("one", "two", "three")]
    for folder in folders:
        folder.mkdir()
    first, second, third = (start(database, at, "train", [str(folder)], ANA).id for folder in folders)
    found = running(database, first, folders[0] / "pid")
    assert cancel(database, queued(database, second).id, BEN).state is JobState.CANCELLED
    queued(database, third)
    os.kill(int(found.process.partition(" ")[0]), signal.SIGKILL)
    running(database, third, folders[2] / "pid")
    assert job(database, first).state is JobState.DEAD
    assert not (folders[1] / "pid").exists()
    (folders[2] / "go").touch()
    assert ended(database, third).state is JobState.DONE


def test_one_whose_watcher_is_killed_while_it_waits_is_shown_dead(database, at, tmp_path, alone):
    first, second = (start(database, at, "train", [str(tmp_path)], ANA).id for _ in range(2))
    running(database, first, tmp_path / "pid")
    os.kill(int(queued(database, second).process.partition(" ")[0]), signal.SIGKILL)
    until(lambda: job(database, second).state is JobState.DEAD)
    (tmp_path / "go").touch()
    assert ended(database, first).state is JobState.DONE


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
    check_can_run(replace(at, ray_address="ray-head:6379"), "train")
