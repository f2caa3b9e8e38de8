import os
import re
import tempfile
import time
from dataclasses import replace

import pytest

from core.reading.file_reading import FileReading
from core.reading.pool import POOL
from core.reading.process import ProcessEndedError
from data.formats import ReadFailure
from data.wafer import WaferMap

pytestmark = [pytest.mark.usefixtures("hostile"), pytest.mark.slow]
CSV = b"lot,wafer,x,y,bin\nL,W1,0,0,1\nL,W1,1,0,2\nL,W1,0,1,1\nL,W1,1,1,1\n"


def spooled(content=CSV):
    stream = tempfile.TemporaryFile()  # noqa: SIM115
    stream.write(content)
    stream.flush()
    return stream


def reading(name, limits, content=CSV):
    return FileReading(name, lambda: spooled(content), limits=limits)


def read(name, limits, content=CSV):
    with reading(name, limits, content) as found:
        return list(found)


def test_a_file_is_read(limits):
    [wafer] = read("a.csv", limits)
    assert (wafer.key, wafer.fail_count) == ("L:W1", 1)


@pytest.mark.parametrize(
    ("name", "limit", "expected"),
    [
        ("a.spin", {"cpu_seconds": 1}, "reading it took more than 1 second of processor.*raise .*READ_CPU_SECONDS"),
        ("a.hang", {"seconds": 1.0}, "reading it took more than 1 second. Split it, or raise .*READ_SECONDS"),
        ("a.eat", {}, "reading it takes more than 512 MiB of memory. Split it, or raise .*READ_MEMORY_MB"),
        ("a.crash", {}, "the process that read it crashed .SIGSEGV.. It is damaged or made to do harm"),
        ("a.shot", {}, "the system ended the process that read it, most likely because memory ran out. Split it"),
        ("a.exit", {}, "the process that read it crashed .status 3."),
        ("a.noise", {}, "answered with what is no wafer, and was ended. Do not trust this file"),
        ("a.promise", {}, "answered with what is no wafer"),
        ("a.elsewhere", {}, "answered with what is no wafer"),
        ("a.texts", {}, "a.texts: its texts take more than 16 MiB. Leave some out."),
    ],
)
def test_what_a_file_does_to_its_reader_is_one_sentence_and_the_next_file_is_read(limits, name, limit, expected):
    [failure] = read(name, replace(limits, **limit))
    assert isinstance(failure, ReadFailure)
    assert failure.source_name == name
    assert failure.reason.startswith(f"{name}: ")
    assert failure.reason.endswith(".")
    assert re.search(expected, failure.reason)
    [wafer] = read("next.csv", limits)
    assert wafer.key == "L:W1"


def test_wafers_that_came_before_stay(limits):
    wafer, failure = read("a+b.crash", limits, CSV)
    assert wafer.key == "L:W1"
    assert "crashed (SIGSEGV) after 1 wafer." in failure.reason


@pytest.mark.parametrize(
    ("name", "count", "limit", "expected"),
    [
        ("a.endless", 100, {}, "holds more than 100 wafers; the rest was not read"),
        ("a.failing", 50, {}, "more than 50 parts of it could not be read; the rest was not tried"),
        ("a.endless", None, {"wafers": 10**9, "output_mb": 1}, "its wafers take more than 1 MiB"),
    ],
)
def test_what_a_file_gives_without_end_is_ended(limits, name, count, limit, expected):
    found = read(name, replace(limits, **limit))
    assert expected in found[-1].reason
    assert count in (None, len(found) - 1)


def test_nothing_that_a_process_says_is_unpickled(limits, tmp_path):
    marker = tmp_path / "code-ran"
    [failure] = read("a.pickle", limits, str(marker).encode())
    assert "is no wafer" in failure.reason
    assert not marker.exists()


def test_a_process_has_no_secrets_and_no_open_files_of_others(limits, monkeypatch):
    monkeypatch.setenv("WAFERSCOPE_DATABASE", "postgresql://me:secret@db/x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    POOL.close()
    with tempfile.TemporaryFile() as mine:
        os.set_inheritable(mine.fileno(), True)
        told = [failure.reason for failure in read("a.environment", limits)]
    assert not [name for name in told if "SECRET" in name or "DATABASE" in name]
    # Standard streams, the socket, its copy in the test, the file, and the folder of these numbers.
    assert len([name for name in told if name.startswith("fd ")]) <= 7


def test_polling_waits_no_longer_than_it_is_told(limits):
    with reading("a.hang", limits) as found:
        began = time.monotonic()
        assert found.poll(0.3) is None
        assert found.poll(0) is None
        assert time.monotonic() - began < 5
        assert not found.done


def test_cancelling_says_so_and_frees_the_process(limits):
    found = reading("a+b.hang", limits)
    wafer = next(found)
    assert isinstance(wafer, WaferMap)
    failure = found.cancel()
    assert failure.reason == "a+b.hang: its reading was cancelled after 1 wafer. Hand it in again to read it."
    assert found.done
    assert found.cancel() is None
    assert list(found) == []
    assert read("next.csv", limits)[0].key == "L:W1"


def test_a_file_waits_for_its_turn_and_says_when_it_did_not_come(limits):
    limits = replace(limits, processes=1, wait_seconds=0.5)
    with reading("a.hang", limits) as hanging:
        hanging.poll(0.1)
        [failure] = read("b.csv", limits)
    assert failure.reason == (
        "b.csv: another file was being read for 0.5 seconds and it did not get its turn. "
        "Try again later, or raise WAFERSCOPE_READ_PROCESSES."
    )
    assert read("b.csv", limits)[0].key == "L:W1"


def test_a_reading_that_nobody_asks_for_gives_way_and_goes_on_where_it_was(limits, monkeypatch):
    monkeypatch.setattr("core.reading.pool.time.monotonic", monotonic := Clock())
    limits = replace(limits, processes=1)
    rows = b"".join(b"L,W%d,%d,0,1\n" % (n, x) for n in range(3) for x in range(3))
    asleep = reading("three.csv", limits, b"lot,wafer,x,y,bin\n" + rows)
    first = next(asleep)
    monotonic.ahead += 60
    assert read("b.csv", limits)[0].key == "L:W1"
    assert [first.wafer_id, *(wafer.wafer_id for wafer in asleep)] == ["W0", "W1", "W2"]


class Clock:
    """The clock of the system, or later."""

    def __init__(self):
        self.ahead, self.clock = 0.0, time.monotonic

    def __call__(self):
        return self.clock() + self.ahead


def test_a_process_that_does_not_start_is_no_fault_of_the_file(limits, monkeypatch):
    monkeypatch.setattr("core.reading.process.command", lambda: ["false"])
    POOL.close()
    [failure] = read("a.csv", limits)
    assert "the process that reads files did not start" in failure.reason
    monkeypatch.undo()
    POOL.close()


def test_a_file_that_cannot_be_handed_over_says_so(limits):
    def full():
        raise OSError(28, "No space left on device")

    with FileReading("a.csv", full, limits=limits) as found:
        [failure] = found
    assert "could not be handed to be read ([Errno 28] No space left on device)" in failure.reason


def test_a_reading_tells_how_far_it_is(limits):
    rows = b"".join(b"L,W%d,%d,%d,1\n" % (n, x, y) for n in range(60) for x in range(40) for y in range(40))
    with reading("a.csv", limits, b"lot,wafer,x,y,bin\n" + rows) as found:
        shares = [found.share for _ in found]
    assert len(shares) == 60
    assert all(share is None or 0 < share < 1 for share in shares)


def test_a_reading_that_is_dropped_gives_its_process_back(limits):
    limits = replace(limits, processes=1, wait_seconds=20.0)
    dropped = reading("a.hang", limits)
    dropped.poll(0.1)
    del dropped
    assert read("b.csv", limits)[0].key == "L:W1"


def test_an_ended_process_says_so(limits):
    loan = POOL.borrow(limits, 10)
    loan.process.end()
    with pytest.raises(ProcessEndedError):
        loan.process.receive(1)
    POOL.give_back(loan, limits, sound=False)


def test_what_readers_log_reaches_the_log(limits, caplog):
    with caplog.at_level("INFO", logger="core.reading.file_reading"):
        read("a.png", limits, b"\x89PNG\r\n\x1a\nbroken")
    assert any("could not be read as a" in record.message for record in caplog.records)
