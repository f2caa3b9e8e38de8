import multiprocessing
import os
import signal
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import update

import core.launch
from core.decisions import Decisions
from core.decisions.audit import entries
from core.decisions.jobs import Job, JobState, add_job
from core.decisions.schema import now
from core.identity import Person
from core.job_folder import job_folder, log_tail
from core.launch import TRAINING_JOBS, cancel, check_can_run, job, jobs, resume, start, waits_for
from core.processes import is_alive, name_of
from core.settings import Settings
from data.errors import DecisionsError, TrainingMissingError
from tests.core.job_examples import ended, killed, running, start_jobs_from, until

pytestmark = pytest.mark.slow

ANA, BEN = Person("ana"), Person("ben")


@pytest.fixture
def at(tmp_path, monkeypatch) -> Settings:
    """Settings of a workspace, from which jobs of the test's own are started."""
    start_jobs_from(tmp_path / "project", monkeypatch)
    return Settings(home=tmp_path / "home")


@pytest.fixture
def decisions(at) -> Decisions:
    return Decisions(at.decisions_place)


def start_and_die(at, project, place, told):
    """What an app does that is killed right after it started a job."""
    core.launch.ROOT = project
    started = start(Decisions(place), at, "counting", [str(told)], ANA)
    (told / "number").write_text(str(started.id))
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_job_runs_to_its_end_and_leaves_its_words_and_its_exit_code(decisions, at):
    started = start(decisions, at, "quick", ["a b", "$HOME"], ANA, title="Quick one")
    assert (started.state, started.title, started.started_by) == (JobState.QUEUED, "Quick one", "ana")
    found = ended(decisions, started.id)
    assert (found.state, found.exit_code) == (JobState.DONE, 0)
    assert log_tail(at.home, started.id) == "quick says a b $HOME"
    assert found.created_at <= found.heartbeat_at <= found.ended_at


def test_a_job_that_fails_is_shown_failed_with_its_reason_in_the_log(decisions, at):
    found = ended(decisions, start(decisions, at, "failing", [], ANA).id)
    assert (found.state, found.exit_code) == (JobState.FAILED, 1)
    assert "no wafers here" in log_tail(at.home, found.id)


def test_how_far_a_job_is_shows_while_it_runs_and_at_its_end(decisions, at, tmp_path):
    number = start(decisions, at, "counting", [str(tmp_path)], ANA).id
    found = until(lambda: (one := job(decisions, number)).done and one)
    assert (found.state, found.done, found.total, found.share, found.rate) == (JobState.RUNNING, 3, 12, 0.25, 1.5)
    assert found.time_left == timedelta(seconds=9 / 1.5)
    (tmp_path / "go").touch()
    found = ended(decisions, number)
    assert (found.state, found.done, found.time_left) == (JobState.DONE, 12, None)


def test_a_job_survives_the_death_of_the_app_that_started_it(decisions, at, tmp_path):
    app = multiprocessing.get_context("spawn").Process(  # a fork server may be of another test, in another folder
        target=start_and_die, args=(at, core.launch.ROOT, at.decisions_place, tmp_path)
    )
    app.start()
    app.join()
    assert app.exitcode == -signal.SIGKILL
    number = int((tmp_path / "number").read_text())
    running(decisions, number, tmp_path / "pid")
    (tmp_path / "go").touch()
    assert ended(decisions, number).state is JobState.DONE


def test_a_killed_job_is_shown_dead(decisions, at, tmp_path):
    found = killed(decisions, start(decisions, at, "counting", [str(tmp_path)], ANA).id, tmp_path / "pid")
    assert (found.state, found.exit_code) == (JobState.DEAD, -signal.SIGKILL)


def test_when_the_watcher_is_killed_the_job_dies_with_it_and_is_shown_dead(decisions, at, tmp_path):
    number = start(decisions, at, "counting", [str(tmp_path)], ANA).id
    found = running(decisions, number, tmp_path / "pid")
    job_process = name_of(int((tmp_path / "pid").read_text()))
    os.kill(int(found.process.partition(" ")[0]), signal.SIGKILL)
    assert ended(decisions, number).state is JobState.DEAD
    until(lambda: not is_alive(job_process))


def test_a_reused_process_number_is_not_mistaken_for_the_job(decisions, at, tmp_path):
    number = start(decisions, at, "counting", [str(tmp_path)], ANA).id
    running(decisions, number, tmp_path / "pid")
    pid, start_time, boot = name_of(os.getpid()).split()
    with decisions.writing() as session:  # as if this test's process had got the number of the watcher
        session.execute(update(Job).values(process=f"{pid} {int(start_time) - 1} {boot}"))
    assert job(decisions, number).state is JobState.DEAD
    (tmp_path / "go").touch()


def test_a_cancelled_job_ends_and_is_shown_cancelled(decisions, at, tmp_path):
    number = start(decisions, at, "counting", [str(tmp_path)], ANA).id
    running(decisions, number, tmp_path / "pid")
    cancel(decisions, number, BEN)
    found = ended(decisions, number)
    assert (found.state, found.cancelled_by, found.exit_code) == (JobState.CANCELLED, "ben", -signal.SIGTERM)


def test_a_job_that_ignores_being_told_is_killed_with_all_its_processes(decisions, at, tmp_path):
    number = start(decisions, at, "stubborn", [str(tmp_path)], ANA).id
    running(decisions, number, tmp_path / "pids")
    names = [name_of(int(pid)) for pid in (tmp_path / "pids").read_text().split()]
    assert all(is_alive(name) for name in names)
    cancel(decisions, number, ANA)
    found = ended(decisions, number)
    assert (found.state, found.exit_code) == (JobState.CANCELLED, -signal.SIGKILL)
    assert "I stay" in log_tail(at.home, number)
    until(lambda: not any(is_alive(name) for name in names))


def test_a_job_is_resumed_with_the_same_command_line_and_its_log_goes_on(decisions, at):
    number = start(decisions, at, "quick", ["again"], ANA).id
    ended(decisions, number)
    assert resume(decisions, at, number, BEN).state is JobState.QUEUED
    found = ended(decisions, number)
    assert (found.state, found.attempt, found.started_by) == (JobState.DONE, 2, "ben")
    assert log_tail(at.home, number) == "quick says again\nquick says again"
    with decisions.reading() as session:
        assert [(e.person, e.action) for e in entries(session, f"job {number}")] == [
            ("ben", "job.resume"),
            ("ana", "job.start"),
        ]


def test_a_job_under_way_is_not_resumed_and_one_that_ended_not_cancelled(decisions, at, tmp_path):
    number = start(decisions, at, "counting", [str(tmp_path)], ANA).id
    with pytest.raises(DecisionsError, match="Cancel it first, or let it end"):
        resume(decisions, at, number, ANA)
    (tmp_path / "go").touch()
    ended(decisions, number)
    with pytest.raises(DecisionsError, match="it is done already"):
        cancel(decisions, number, ANA)


def test_a_job_that_was_cancelled_before_it_ran_never_runs(decisions, at, tmp_path):
    with decisions.writing() as session:
        number = add_job(session, "counting", [str(tmp_path)], "counting", ANA).id
    assert cancel(decisions, number, ANA).state is JobState.CANCELLED
    core.launch._spawn(decisions, at, job(decisions, number))
    assert job(decisions, number).state is JobState.CANCELLED
    assert not (tmp_path / "pid").exists()


@pytest.mark.parametrize(("host", "silent", "expected"), [("elsewhere", 61, "dead"), ("elsewhere", 30, "running")])
def test_on_another_machine_silence_tells(decisions, host, silent, expected):
    with decisions.writing() as session:
        added = add_job(session, "quick", [], "quick", ANA)
        added.state, added.host, added.process = JobState.RUNNING, host, "1 0 boot"
        added.heartbeat_at = now() - timedelta(seconds=silent)
    assert job(decisions, added.id).state == expected


def test_a_job_whose_app_died_before_starting_it_is_shown_dead_after_a_minute(decisions):
    with decisions.writing() as session:
        add_job(session, "quick", [], "quick", ANA).heartbeat_at = now() - timedelta(seconds=61)
    assert jobs(decisions)[0].state is JobState.DEAD


def test_jobs_are_listed_newest_first_and_by_name(decisions, at):
    numbers = [start(decisions, at, name, [], ANA).id for name in ("quick", "failing", "quick")]
    for number in numbers:
        ended(decisions, number)
    assert [one.id for one in jobs(decisions)] == numbers[::-1]
    assert [one.id for one in jobs(decisions, "quick", limit=1)] == numbers[2:]


@pytest.mark.parametrize("name", ["no_such", "../evil", "os;rm", "", "__init__"])
def test_only_jobs_that_exist_are_started(decisions, at, name):
    with pytest.raises(DecisionsError, match="there is no such command"):
        start(decisions, at, name, [], ANA)
    assert jobs(decisions) == []


def test_unknown_numbers_are_said(decisions):
    with pytest.raises(DecisionsError, match="there is no such job"):
        job(decisions, 7)


def test_a_job_finds_the_settings_it_was_started_with(decisions, at, tmp_path, monkeypatch):
    monkeypatch.setenv("WAFERSCOPE_THREADS", "7")
    text = "import os; print(os.environ['WAFERSCOPE_HOME'], os.environ['WAFERSCOPE_THREADS'])"
    (core.launch.ROOT / "jobs" / "telling.py").write_text(text)
    found = ended(decisions, start(decisions, Settings(home=at.home, threads=3), "telling", [], ANA).id)
    assert log_tail(at.home, found.id) == f"{at.home} 3"
    assert (job_folder(at.home, found.id) / "log.txt").exists()


def queued(decisions, number):
    """Wait until a job's watcher says that it waits."""
    return until(lambda: (found := job(decisions, number)).state is JobState.QUEUED and found.process and found)


@pytest.fixture
def alone(at):
    """A project in which a second job of the name `train` waits for the first."""
    (core.launch.ROOT / "jobs" / "counting.py").rename(core.launch.ROOT / "jobs" / "train.py")


def test_a_second_training_waits_its_turn_and_then_runs(decisions, at, tmp_path, alone):
    folders = [tmp_path / "one", tmp_path / "two"]
    for folder in folders:
        folder.mkdir()
    first, second = (start(decisions, at, "train", [str(folder)], ANA).id for folder in folders)
    running(decisions, first, folders[0] / "pid")
    waiting = queued(decisions, second)
    assert waits_for(decisions, waiting).id == first
    quick = start(decisions, at, "quick", ["meanwhile"], BEN).id
    assert ended(decisions, quick).state is JobState.DONE  # what takes no machine for itself does not wait
    assert not (folders[1] / "pid").exists()
    (folders[0] / "go").touch()
    assert ended(decisions, first).state is JobState.DONE
    assert waits_for(decisions, running(decisions, second, folders[1] / "pid")) is None
    (folders[1] / "go").touch()
    assert ended(decisions, second).state is JobState.DONE


def test_one_that_waits_is_cancelled_at_once_and_the_next_after_a_killed_one_runs(decisions, at, tmp_path, alone):
    folders = [tmp_path / name for name in ("one", "two", "three")]
    for folder in folders:
        folder.mkdir()
    first, second, third = (start(decisions, at, "train", [str(folder)], ANA).id for folder in folders)
    found = running(decisions, first, folders[0] / "pid")
    assert cancel(decisions, queued(decisions, second).id, BEN).state is JobState.CANCELLED
    queued(decisions, third)
    os.kill(int(found.process.partition(" ")[0]), signal.SIGKILL)
    running(decisions, third, folders[2] / "pid")
    assert job(decisions, first).state is JobState.DEAD
    assert not (folders[1] / "pid").exists()
    (folders[2] / "go").touch()
    assert ended(decisions, third).state is JobState.DONE


def test_one_whose_watcher_is_killed_while_it_waits_is_shown_dead(decisions, at, tmp_path, alone):
    first, second = (start(decisions, at, "train", [str(tmp_path)], ANA).id for _ in range(2))
    running(decisions, first, tmp_path / "pid")
    os.kill(int(queued(decisions, second).process.partition(" ")[0]), signal.SIGKILL)
    until(lambda: job(decisions, second).state is JobState.DEAD)
    (tmp_path / "go").touch()
    assert ended(decisions, first).state is JobState.DONE


def test_a_training_that_could_not_run_here_is_refused_and_leaves_no_job(decisions, at, tmp_path, monkeypatch):
    monkeypatch.setattr("data.errors.TRAINING_PACKAGES", ("no_such_torch",))
    for name in TRAINING_JOBS:
        (tmp_path / "project" / "jobs" / f"{name}.py").touch()
        with pytest.raises(TrainingMissingError, match=rf"^jobs\.{name}: .*no_such_torch.*`make train-setup`"):
            start(decisions, at, name, [], ANA)
    assert jobs(decisions) == []
    check_can_run(at, "quick")


def test_a_training_on_a_cluster_needs_nothing_here(at, monkeypatch):
    monkeypatch.setattr("data.errors.TRAINING_PACKAGES", ("no_such_torch",))
    check_can_run(replace(at, ray_address="ray-head:6379"), "train")
