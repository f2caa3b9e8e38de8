import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from core.jobs.processes import is_alive, name_of
from core.jobs.supervised import Watched
from tests.core.job_examples import until
from tests.source_tree import ROOT

SLEEPS = "import os, sys, time; open(sys.argv[1], 'w').write(str(os.getpid())); time.sleep(600)"


@pytest.fixture
def file(tmp_path):
    (tmp_path / "watched").touch()
    return tmp_path / "watched"


@pytest.fixture(autouse=True)
def deaf():
    """This process listens to SIGTERM again after a test."""
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


def test_a_watched_command_ends_by_itself(file):
    assert Watched(file).run([sys.executable, "-c", "raise SystemExit(7)"]) == 7


@pytest.mark.slow
def test_a_command_ends_when_its_file_is_gone(file, tmp_path):
    file.unlink()
    assert Watched(file).run([sys.executable, "-c", SLEEPS, str(tmp_path / "pid")]) == -signal.SIGTERM


@pytest.mark.slow
def test_a_command_ends_when_its_file_is_untouched_for_long(file, tmp_path):
    stop, started = threading.Event(), time.monotonic()

    def touch():
        while not stop.wait(0.5) and time.monotonic() - started < 4:
            file.touch()

    toucher = threading.Thread(target=touch)
    toucher.start()
    watched = Watched(file, silent_seconds=2.5)
    assert watched.run([sys.executable, "-c", SLEEPS, str(tmp_path / "pid")]) == -signal.SIGTERM
    stop.set()
    toucher.join()
    assert time.monotonic() - started > 4 + 1.5  # it lived as long as it was watched, and not for ever after


def test_the_process_ends_as_its_command_did(file, tmp_path):
    words = [
        sys.executable,
        "-m",
        "core.jobs.supervised",
        str(file),
        sys.executable,
        "-c",
        SLEEPS,
        str(tmp_path / "pid"),
    ]
    process = subprocess.Popen(words, cwd=ROOT)
    until(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text())
    os.kill(int((tmp_path / "pid").read_text()), signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL


def test_the_command_dies_with_the_process_that_watches_it_there(file, tmp_path):
    words = [
        sys.executable,
        "-m",
        "core.jobs.supervised",
        str(file),
        sys.executable,
        "-c",
        SLEEPS,
        str(tmp_path / "pid"),
    ]
    process = subprocess.Popen(words, cwd=ROOT)
    until(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text())
    name = name_of(int((tmp_path / "pid").read_text()))
    process.kill()
    assert process.wait() == -signal.SIGKILL
    assert until(lambda: not is_alive(name))
