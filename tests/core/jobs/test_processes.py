import os
import subprocess
import sys

import pytest

from core.jobs.processes import is_alive, name_of
from tests.core.job_examples import until


def test_this_process_lives_and_its_name_stays():
    assert name_of(os.getpid()) == name_of(os.getpid())
    assert is_alive(name_of(os.getpid()))


@pytest.mark.slow
def test_a_process_that_ended_and_was_not_waited_for_does_not_live():
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    name = name_of(child.pid)
    assert is_alive(name)
    child.stdin.close()
    until(lambda: not is_alive(name))
    child.wait()
    assert name_of(child.pid) != name


def test_the_same_number_with_another_start_is_another_process():
    pid, start, boot = name_of(os.getpid()).split()
    assert not is_alive(f"{pid} {int(start) + 1} {boot}")
    assert not is_alive(f"{pid} {start} other-boot")
    assert not is_alive("")
    assert not is_alive(None)
