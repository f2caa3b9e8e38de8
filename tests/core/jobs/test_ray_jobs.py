import importlib.util
import os
import signal
from pathlib import Path

import pytest

import core.jobs.launch
from core.database import AppDatabase
from core.identity import Person
from core.jobs.folder import LOG, job_folder, log_tail
from core.jobs.launch import cancel, job, resume, start
from core.jobs.processes import is_alive, name_of
from core.jobs.ray_jobs import RayRun, require_ray
from core.jobs.store import JobState
from core.settings import Settings
from data.errors import SettingError
from tests.core.batches.local_ray import running_head
from tests.core.job_examples import ended, killed, running, start_jobs_from, until

pytestmark = pytest.mark.slow

ANA = Person("ana")
NOBODY = "http://127.0.0.1:1"


@pytest.fixture(scope="module")
def head():
    """The environment of a Ray of one processor, which says that it has one GPU."""
    with running_head(gpus=1) as environment:
        yield environment


@pytest.fixture
def at(tmp_path, monkeypatch, head) -> Settings:
    """Settings of a workspace whose jobs run on that Ray."""
    start_jobs_from(tmp_path / "project", monkeypatch)
    for name in ("RAY_AUTH_MODE", "RAY_AUTH_TOKEN"):
        monkeypatch.setenv(name, head[name])
    return Settings(home=tmp_path / "home", ray_address=head["WAFERSCOPE_RAY_ADDRESS"])


@pytest.fixture
def database(at) -> AppDatabase:
    return AppDatabase(at.database_place)


@pytest.fixture
def folder(tmp_path) -> Path:
    """Folder of a job that no watcher watches over."""
    (tmp_path / "job").mkdir()
    (tmp_path / "job" / LOG).touch()
    return tmp_path / "job"


def ended_run(run: RayRun) -> int:
    """Wait for the end of a run, as a watcher does."""
    while (code := run.wait(0.1)) is None:
        pass
    run.close()
    return code


def taken_names(pids: Path) -> list[str]:
    """Take a file of process numbers away, and give the names of those that live."""
    numbers = [int(pid) for pid in until(pids.read_text).split()]
    pids.unlink()
    return [name for pid in numbers if (name := name_of(pid))]


def test_a_job_runs_to_its_end_and_leaves_its_words_and_its_exit_code(database, at):
    found = ended(database, start(database, at, "quick", ["a b", "$HOME"], ANA).id)
    assert (found.state, found.exit_code) == (JobState.DONE, 0)
    handed, said = log_tail(at.home, found.id).splitlines()
    assert handed.startswith(f"Ray at {at.ray_address} took this as raysubmit_")
    assert said == "quick says a b $HOME"
    assert [path.name for path in job_folder(at.home, found.id).iterdir()] == [LOG]


def test_by_the_address_of_ray_s_clients_too_a_job_fails_with_its_reason_last_in_the_log(database, at, head):
    there = Settings(home=at.home, ray_address=head["RAY_CLIENT_ADDRESS"])
    found = ended(database, start(database, there, "failing", [], ANA).id)
    assert (found.state, found.exit_code) == (JobState.FAILED, 1)
    assert log_tail(at.home, found.id, 1) == "no wafers here"


def test_how_far_a_job_is_shows_while_it_runs_and_at_its_end(database, at, tmp_path):
    number = start(database, at, "counting", [str(tmp_path)], ANA).id
    found = until(lambda: (one := job(database, number)).done and one)
    assert (found.state, found.done, found.total, found.share, found.rate) == (JobState.RUNNING, 3, 12, 0.25, 1.5)
    (tmp_path / "go").touch()
    found = ended(database, number)
    assert (found.state, found.done) == (JobState.DONE, 12)


def test_a_cancelled_job_is_told_so_that_it_keeps_its_checkpoint(database, at, tmp_path):
    number = start(database, at, "saving", [str(tmp_path)], ANA).id
    running(database, number, tmp_path / "pid")
    cancel(database, number, Person("ben"))
    found = ended(database, number)
    assert (found.state, found.cancelled_by, found.exit_code) == (JobState.CANCELLED, "ben", -signal.SIGTERM)
    assert (tmp_path / "checkpoint").exists()


def test_a_killed_job_is_shown_dead(database, at, tmp_path):
    found = killed(database, start(database, at, "counting", [str(tmp_path)], ANA).id, tmp_path / "pid")
    assert (found.state, found.exit_code) == (JobState.DEAD, -signal.SIGKILL)


def test_what_a_killed_watcher_left_running_ends_before_the_job_is_resumed(database, at, tmp_path):
    number = start(database, at, "stubborn", [str(tmp_path)], ANA).id
    watcher = running(database, number, tmp_path / "pids").process
    left = taken_names(tmp_path / "pids")
    os.kill(int(watcher.partition(" ")[0]), signal.SIGKILL)
    assert ended(database, number).state is JobState.DEAD
    assert [is_alive(name) for name in left] == [True, True]
    resume(database, at, number, ANA)
    running(database, number, tmp_path / "pids")
    assert not any(is_alive(name) for name in left)
    cancel(database, number, ANA)
    found = ended(database, number)
    assert (found.state, found.attempt) == (JobState.CANCELLED, 2)
    assert not any(is_alive(name) for name in taken_names(tmp_path / "pids"))
    assert log_tail(at.home, number).count("I stay") == 2  # each is told once: it may be saving when told again


def test_a_job_that_takes_a_machine_for_itself_gets_the_gpu_and_all_threads(database, at):
    told = ("CUDA_VISIBLE_DEVICES", "OMP_NUM_THREADS", "WAFERSCOPE_RAY_ADDRESS")
    (core.jobs.launch.ROOT / "jobs" / "train.py").write_text(f"import os; print(*(os.environ.get(n) for n in {told}))")
    found = ended(database, start(database, at, "train", ["--devices", "2"], ANA).id)
    assert log_tail(at.home, found.id, 1) == "0 None auto"


def test_without_a_cluster_a_job_fails_in_a_sentence(tmp_path, monkeypatch):
    start_jobs_from(tmp_path / "project", monkeypatch)
    at = Settings(home=tmp_path / "home", ray_address=NOBODY)
    database = AppDatabase(at.database_place)
    found = ended(database, start(database, at, "quick", [], ANA).id)
    assert (found.state, found.exit_code) == (JobState.FAILED, 1)
    assert log_tail(at.home, found.id).startswith(
        f"WAFERSCOPE_RAY_ADDRESS: the Ray cluster at {NOBODY} takes no jobs: "
        f"Failed to connect to Ray at address: {NOBODY}. See that it runs, with ray[default] and a dashboard"
    )


def test_where_the_machines_do_not_see_the_same_folders_ray_s_own_words_say_so(at, folder, monkeypatch, capsys):
    monkeypatch.setattr(Path, "cwd", lambda: Path("/nowhere"))
    run = RayRun(["jobs.quick"], folder, at.ray_address)
    assert ended_run(run) == 2
    assert "can't cd to /nowhere" in capsys.readouterr().out


def test_a_job_whose_cluster_went_away_is_given_up_after_a_while(at, folder, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path / 'project'}:{os.environ['PYTHONPATH']}")
    run = RayRun(["jobs.counting", str(tmp_path)], folder, at.ray_address, silent_seconds=3)
    until((tmp_path / "pid").exists)
    left = name_of(int((tmp_path / "pid").read_text()))
    assert run.wait(0) is None  # heard
    monkeypatch.setattr(run._client, "_address", NOBODY)
    assert run.wait(0) is None  # not for a moment, which says nothing yet
    assert ended_run(run) == -signal.SIGKILL
    assert f"Ray at {at.ray_address} has not answered for 3 seconds" in capsys.readouterr().out
    until(lambda: not is_alive(left))


def test_a_missing_ray_is_said(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(
        SettingError, match=r"it is set, but Ray is not installed\. Run pip install 'ray\[default,data\]"
    ):
        require_ray()
