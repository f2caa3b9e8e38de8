import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from core.reading.limits import limits_now
from core.reading.messages import Kind
from core.reading.process import FILES_PER_PROCESS, ReadingProcess
from core.reading.request import Request, Task
from data.formats import ReadOptions
from tests.data.formats.format_examples import samples
from tests.source_tree import ROOT

pytestmark = pytest.mark.slow
PARENT = """
import sys, tempfile, time
from core.reading import process
from core.reading.file_reading import FileReading
from core.reading.pool import POOL
process.command = lambda: [sys.executable, "-m", "tests.core.reading.hostile_child"]
readings = [FileReading(name, tempfile.TemporaryFile) for name in sys.argv[1:]]
for reading in readings:
    reading.poll(0.1)
while not all(process.received_bytes or reading._ready for process, reading in zip(POOL._all(), readings)):
    [reading.poll(0.1) for reading in readings]
print(*POOL.process_ids(), flush=True)
time.sleep(100)
"""


def runs(number):
    """Whether a process is there and is no zombie."""
    try:
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM])
def test_processes_end_when_the_one_that_started_them_ends_whatever_they_do(end):
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, "a.spin", "a.hang"], stdout=subprocess.PIPE, cwd=ROOT, text=True
    )
    numbers = [int(number) for number in parent.stdout.readline().split()]
    assert len(numbers) == 2
    assert all(map(runs, numbers))
    parent.send_signal(end)
    parent.wait()
    parent.stdout.close()
    until = time.monotonic() + 20
    while any(map(runs, numbers)) and time.monotonic() < until:
        time.sleep(0.05)
    assert not any(map(runs, numbers))


def test_a_process_is_used_for_a_bounded_number_of_files_and_while_it_runs():
    process, limits = ReadingProcess(limits_now()), limits_now()
    assert process.can_read(limits)
    process.files = FILES_PER_PROCESS
    assert not process.can_read(limits)
    process.files = 0
    os.kill(process.process_id, signal.SIGKILL)
    assert process.ended() == -signal.SIGKILL
    assert not process.can_read(limits)


def test_files_are_handed_over_open_and_not_by_path(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(samples()["a.csv"])
    process = ReadingProcess(limits_now())
    with path.open("rb") as stream:
        path.unlink()
        process.ask(Request(Task.READ, "a.csv", ReadOptions()), stream)
        kinds = [process.receive(60).kind for _ in range(4)]
    assert kinds == [Kind.READY, Kind.WAFER, Kind.WAFER, Kind.END]
    assert process.receive(0) is None
    process.end()
