import os
import signal
import sys
import time

import pytest

from core.jobs.local_run import LocalRun
from core.jobs.processes import is_alive, name_of
from tests.core.job_examples import until

pytestmark = pytest.mark.slow

DEAF = """
import os, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, lambda *_: open(sys.argv[1] + ".told", "a").write("told "))
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
open(sys.argv[1] + ".tmp", "w").write(f"{os.getpid()} {child.pid}")
os.replace(sys.argv[1] + ".tmp", sys.argv[1])
while not os.path.exists(sys.argv[1] + ".go"):
    time.sleep(0.02)
"""
"""Notes that it was told to end, goes on, and has a child; ends well once a file is there."""
GRACE_S = 1.0


@pytest.fixture
def file(tmp_path):
    return tmp_path / "pids"


@pytest.fixture
def deaf(file):
    run = LocalRun([sys.executable, "-c", DEAF, str(file)], grace_s=GRACE_S)
    yield run
    run.close()
    until(lambda: run.wait(0.1) is not None)


def processes(file) -> list[str]:
    """Names of the command's process and its child's, once both run."""
    until(file.exists)
    return [name_of(int(pid)) for pid in file.read_text().split()]


@pytest.mark.parametrize(("program", "code"), [("pass", 0), ("raise SystemExit(7)", 7), ("import os; os.abort()", -6)])
def test_a_command_ends_with_its_own_code_or_the_signal_that_killed_it(program, code):
    run = LocalRun([sys.executable, "-c", program])
    assert until(lambda: (run.wait(0.1),)[0] is not None)
    assert run.wait(0) == code
    run.end()  # nothing is left to tell, and that is no error
    run.close()


def test_a_command_that_hears_it_ends_at_once(file):
    run = LocalRun([sys.executable, "-c", "import time; time.sleep(600)"])
    assert run.wait(0.05) is None
    run.end()
    assert run.wait(60) == -signal.SIGTERM


def test_one_that_does_not_hear_it_is_killed_with_its_children_after_the_grace_alone(deaf, file):
    names = processes(file)
    started = time.monotonic()
    deaf.end()
    until(file.with_suffix(".told").exists)
    while deaf.wait(0.05) is None:
        deaf.end()
    assert deaf.wait(0) == -signal.SIGKILL
    assert time.monotonic() - started > GRACE_S
    assert file.with_suffix(".told").read_text() == "told "  # asked once, however often `end` is called
    until(lambda: not any(is_alive(name) for name in names))


def test_one_that_somebody_else_told_is_not_told_again(deaf, file):
    processes(file)
    deaf.end(told=True)
    assert deaf.wait(0.5) is None
    assert not file.with_suffix(".told").exists()


def test_closing_kills_what_an_ended_command_left_behind(deaf, file):
    _, child = processes(file)
    file.with_suffix(".go").touch()
    assert deaf.wait(60) == 0
    assert is_alive(child)
    deaf.close()
    until(lambda: not is_alive(child))


def test_a_run_is_a_process_group_of_its_own(deaf, file):
    pid, child = (int(name.split()[0]) for name in processes(file))
    assert os.getpgid(pid) == os.getpgid(child) == pid != os.getpgrp()
