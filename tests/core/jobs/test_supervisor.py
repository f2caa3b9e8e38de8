"""What a supervisor decides, with runs that do as a test tells them; then whole jobs in processes of their own."""

import os
import signal
from datetime import timedelta
from types import SimpleNamespace

import pytest

import core.jobs.launch
from core.database import AppDatabase
from core.identity import Person
from core.jobs import supervisor
from core.jobs.folder import PROGRESS, log_tail
from core.jobs.launch import cancel, job, start, waits_for
from core.jobs.processes import is_alive, name_of
from core.jobs.store import JobState, add_job, ask_to_stop, end, job_by_id, queue_again
from core.jobs.supervisor import Watcher
from data.errors import AppDatabaseError, SettingError
from tests.core.job_examples import Run, ended, killed, running, until

ANA, BEN = Person("ana"), Person("ben")


@pytest.fixture
def database(at) -> AppDatabase:
    return AppDatabase(at.database_place)


@pytest.fixture(autouse=True)
def _listens_again():
    """This process listens to signals again after a test."""
    before = {one: signal.getsignal(one) for one in (signal.SIGTERM, signal.SIGINT)}
    yield
    for one, handler in before.items():
        signal.signal(one, handler)


@pytest.fixture
def queued_job(database):
    with database.writing() as session:
        return add_job(session, "quick", ["a"], "quick", ANA).id


def watched(database, number, folder, monkeypatch, run, attempt=1) -> int:
    """Watch over a job whose run is given; return what the supervisor ends with."""
    started = (lambda _self, words: run) if isinstance(run, Run) else run
    monkeypatch.setattr(Watcher, "_started", started)
    return Watcher(database, number, attempt, folder, "").watch()


def found(database, number):
    with database.reading() as session:
        return job_by_id(session, number)


@pytest.mark.parametrize(
    ("code", "cancelled", "expected"),
    [
        (0, False, JobState.DONE),
        (0, True, JobState.DONE),  # it was through before it heard
        (1, False, JobState.FAILED),
        (143, True, JobState.CANCELLED),
        (-15, True, JobState.CANCELLED),
        (-9, False, JobState.DEAD),
    ],
)
def test_how_a_job_ended_is_told_from_its_code_and_whether_it_was_to_stop(
    database, queued_job, tmp_path, monkeypatch, code, cancelled, expected
):
    def ask():
        with database.writing() as session:
            ask_to_stop(session, queued_job, BEN)

    run = Run(ask if cancelled else None, None, code=code)
    assert watched(database, queued_job, tmp_path, monkeypatch, run) == code
    job = found(database, queued_job)
    assert (job.state, job.exit_code, job.ended_at is not None) == (expected, code, True)
    assert (run.told > 0, run.closed) == (cancelled, True)


def test_a_supervisor_that_is_told_to_end_ends_its_job_which_is_dead_and_not_failed(
    database, queued_job, tmp_path, monkeypatch
):
    run = Run(lambda: os.kill(os.getpid(), signal.SIGTERM), None, code=143)
    watched(database, queued_job, tmp_path, monkeypatch, run)
    assert run.told == 2
    assert found(database, queued_job).state is JobState.DEAD


def test_a_job_is_run_by_its_module_and_command_line_and_noted_as_running_by_this_process(
    database, queued_job, tmp_path, monkeypatch
):
    seen = []

    def started(_self, words):
        seen.append((words, found(database, queued_job)))
        return Run()

    watched(database, queued_job, tmp_path, monkeypatch, started)
    ((words, job),) = seen
    assert words == ["jobs.quick", "a"]
    assert (job.state, job.process) == (JobState.RUNNING, name_of(os.getpid()))


def test_what_an_earlier_attempt_told_of_its_progress_is_gone(database, queued_job, tmp_path, monkeypatch):
    (tmp_path / PROGRESS).write_text('{"done": 9, "total": 9, "share": 1.0, "rate": 1.0}')
    with database.writing() as session:
        job = job_by_id(session, queued_job)
        job.done, job.total, job.share, job.rate = 9, 9, 1.0, 1.0
    watched(database, queued_job, tmp_path, monkeypatch, Run(None, code=1))
    job = found(database, queued_job)
    assert (job.done, job.total, job.share, job.rate) == (0, None, None, None)


def test_the_supervisor_of_an_earlier_attempt_runs_nothing(database, queued_job, tmp_path, monkeypatch):
    with database.writing() as session:
        end(job_by_id(session, queued_job), JobState.DEAD)
        queue_again(session, queued_job, BEN)
    run = Run()
    assert watched(database, queued_job, tmp_path, monkeypatch, run, attempt=1) == 0
    assert (run.closed, found(database, queued_job).state) == (False, JobState.QUEUED)


def test_once_a_job_was_started_again_its_earlier_run_is_ended_and_has_nothing_to_say(
    database, queued_job, tmp_path, monkeypatch
):
    def start_again():
        with database.writing() as session:
            end(job_by_id(session, queued_job), JobState.DEAD)
            queue_again(session, queued_job, BEN)

    run = Run(start_again, None, code=-15)
    watched(database, queued_job, tmp_path, monkeypatch, run)
    job = found(database, queued_job)
    assert run.told >= 1
    assert (job.state, job.attempt, job.exit_code) == (JobState.QUEUED, 2, None)


def test_a_database_that_is_away_for_a_while_ends_no_job_and_its_end_is_noted_when_it_is_back(
    database, queued_job, tmp_path, monkeypatch
):
    writing, refusals = database.writing, iter(range(3))

    def away():
        def refuse():
            if next(refusals, None) is None:
                return writing()
            raise AppDatabaseError("decisions.db", "it is busy", "Try again.")

        monkeypatch.setattr(database, "writing", refuse)

    monkeypatch.setattr(supervisor, "time", SimpleNamespace(sleep=lambda _seconds: None))
    run = Run(away, code=0)
    assert watched(database, queued_job, tmp_path, monkeypatch, run) == 0
    assert next(refusals, None) is None
    assert (run.told, found(database, queued_job).state) == (0, JobState.DONE)


def test_a_run_that_the_settings_forbid_fails_with_the_reason_in_the_log(
    database, queued_job, tmp_path, monkeypatch, capfd
):
    def started(_self, _words):
        raise SettingError("WAFERSCOPE_RAY_ADDRESS", "no cluster answers", "Start one.")

    assert watched(database, queued_job, tmp_path, monkeypatch, started) == 1
    assert found(database, queued_job).state is JobState.FAILED
    assert "no cluster answers" in capfd.readouterr().out


@pytest.mark.slow
def test_how_far_a_job_is_shows_while_it_runs_and_at_its_end(database, at, tmp_path):
    number = start(database, at, "counting", [str(tmp_path)], ANA).id
    found = until(lambda: (one := job(database, number)).done and one)
    assert (found.state, found.done, found.total, found.share, found.rate) == (JobState.RUNNING, 3, 12, 0.25, 1.5)
    assert found.time_left == timedelta(seconds=9 / 1.5)
    (tmp_path / "go").touch()
    found = ended(database, number)
    assert (found.state, found.done, found.time_left) == (JobState.DONE, 12, None)


@pytest.mark.slow
def test_a_killed_job_is_shown_dead(database, at, tmp_path):
    found = killed(database, start(database, at, "counting", [str(tmp_path)], ANA).id, tmp_path / "pid")
    assert (found.state, found.exit_code) == (JobState.DEAD, -signal.SIGKILL)


@pytest.mark.slow
def test_when_the_watcher_is_killed_the_job_dies_with_it_and_is_shown_dead(database, at, tmp_path):
    number = start(database, at, "counting", [str(tmp_path)], ANA).id
    found = running(database, number, tmp_path / "pid")
    job_process = name_of(int((tmp_path / "pid").read_text()))
    os.kill(int(found.process.partition(" ")[0]), signal.SIGKILL)
    assert ended(database, number).state is JobState.DEAD
    until(lambda: not is_alive(job_process))


@pytest.mark.slow
def test_a_cancelled_job_ends_and_is_shown_cancelled(database, at, tmp_path):
    number = start(database, at, "counting", [str(tmp_path)], ANA).id
    running(database, number, tmp_path / "pid")
    cancel(database, number, BEN)
    found = ended(database, number)
    assert (found.state, found.cancelled_by, found.exit_code) == (JobState.CANCELLED, "ben", -signal.SIGTERM)


@pytest.mark.slow
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


@pytest.mark.slow
def test_a_job_that_was_cancelled_before_it_ran_never_runs(database, at, tmp_path):
    with database.writing() as session:
        number = add_job(session, "counting", [str(tmp_path)], "counting", ANA).id
    assert cancel(database, number, ANA).state is JobState.CANCELLED
    core.jobs.launch._spawn(database, at, job(database, number))
    assert job(database, number).state is JobState.CANCELLED
    assert not (tmp_path / "pid").exists()


def queued(database, number):
    """Wait until a job's watcher says that it waits."""
    return until(lambda: (found := job(database, number)).state is JobState.QUEUED and found.process and found)


@pytest.fixture
def alone(at):
    """A project in which a second job of the name `train` waits for the first."""
    (core.jobs.launch.ROOT / "jobs" / "counting.py").rename(core.jobs.launch.ROOT / "jobs" / "train.py")


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.slow
def test_one_whose_watcher_is_killed_while_it_waits_is_shown_dead(database, at, tmp_path, alone):
    first, second = (start(database, at, "train", [str(tmp_path)], ANA).id for _ in range(2))
    running(database, first, tmp_path / "pid")
    os.kill(int(queued(database, second).process.partition(" ")[0]), signal.SIGKILL)
    until(lambda: job(database, second).state is JobState.DEAD)
    (tmp_path / "go").touch()
    assert ended(database, first).state is JobState.DONE
