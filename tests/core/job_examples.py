"""Jobs that tests start: a project of their own, in which `python -m jobs.NAME` does what a test needs."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import core.jobs.launch
from core.database import AppDatabase
from core.jobs.launch import job
from core.jobs.store import Job, JobState
from tests.source_tree import ROOT

Found = TypeVar("Found")

JOBS = {
    "quick": """
        import sys
        print("quick says", *sys.argv[1:])
    """,
    "failing": """
        raise SystemExit("no wafers here")
    """,
    "counting": """
        import os, sys, time
        from pathlib import Path
        from core.jobs.folder import tell_progress
        tell_progress(3, 12, 0.25, 1.5)
        Path(sys.argv[1], "pid").write_text(str(os.getpid()))
        while not Path(sys.argv[1], "go").exists():
            time.sleep(0.02)
        tell_progress(12, 12, 1.0, 2.0)
    """,
    "saving": """
        import os, signal, sys, time
        from pathlib import Path
        def save(*_):
            Path(sys.argv[1], "checkpoint").touch()
            raise SystemExit(143)
        signal.signal(signal.SIGTERM, save)
        Path(sys.argv[1], "pid").write_text(str(os.getpid()))
        time.sleep(600)
    """,
    "stubborn": """
        import os, signal, subprocess, sys, time
        from pathlib import Path
        signal.signal(signal.SIGTERM, lambda *_: print("I stay", flush=True))
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        Path(sys.argv[1], "pids").write_text(f"{os.getpid()} {child.pid}")
        while True:
            time.sleep(0.1)
    """,
}


def write_jobs(folder: Path) -> None:
    """Write a package `jobs` into a folder."""
    (folder / "jobs").mkdir()
    (folder / "jobs" / "__init__.py").touch()
    for name, text in JOBS.items():
        lines = [line.removeprefix(" " * 8) for line in text.splitlines()]
        (folder / "jobs" / f"{name}.py").write_text("\n".join(lines))


def start_jobs_from(project: Path, monkeypatch) -> None:
    """Make a project, and have jobs started from it for the length of a test."""
    project.mkdir()
    write_jobs(project)
    monkeypatch.chdir(project)
    monkeypatch.setattr(core.jobs.launch, "ROOT", project)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


def ended(database: AppDatabase, number: int) -> Job:
    """Wait until a job has ended."""

    def look() -> Job | None:
        found = job(database, number)
        return None if found.underway else found

    return until(look)


def running(database: AppDatabase, number: int, told: Path) -> Job:
    """Wait until a job runs and has left a file."""
    until(told.exists)
    return until(lambda: (found := job(database, number)).state is JobState.RUNNING and found)


def killed(database: AppDatabase, number: int, told: Path) -> Job:
    """Kill a job that runs and has left its process's number in a file; give it once it has ended."""
    running(database, number, told)
    os.kill(int(told.read_text()), signal.SIGKILL)
    return ended(database, number)


def until(found: Callable[[], Found]) -> Found:
    """Wait until something is found, and give it."""
    while not (value := found()):
        time.sleep(0.05)
    return value


class Run:
    """A supervisor's run that does one thing a beat, and has ended with a code after the last."""

    def __init__(self, *beats: Callable[[], object] | None, code: int = 0) -> None:
        self.beats = list(beats)
        self.code = code
        self.told = 0
        self.closed = False

    def wait(self, _seconds: float) -> int | None:
        if not self.beats:
            return self.code
        (self.beats.pop(0) or (lambda: None))()
        return None

    def end(self) -> None:
        self.told += 1

    def close(self) -> None:
        self.closed = True
