import io

import pytest

from jobs.progress import ProgressLine, describe


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (("read", 0, 8, 0.0, 0.0), "read 0 of 8 wafers [........................] 0.0/s, 0:00 in all"),
        (("read", 2, 8, 0.25, 4.0), "read 2 of 8 wafers [######..................] 0.5/s, 0:12 left"),
        (("read", 8, 8, 1.0, 7200.0), "read 8 of 8 wafers [########################] 0.0/s, 2:00:00 in all"),
        (("read", 3000, None, 0.5, 100.0), "read 3,000 wafers [############............] 30/s, 1:40 left"),
        (("read", 3000, None, None, 100.0), "read 3,000 wafers, 30/s"),
        (("read", 30, None, None, 1.0, 0, "lots"), "read 30 lots, 30/s"),
    ],
)
def test_count_rate_and_time_left_are_put_into_words(said, words):
    assert describe(*said) == words


def test_a_terminal_sees_one_line_drawn_anew():
    stream = Terminal()
    with ProgressLine("read", 3, stream) as progress:
        for done in (1, 2, 3):
            progress.update(done)
    shown = stream.getvalue()
    assert shown.count("\n") == 1
    assert shown.endswith("\n")
    assert shown.rpartition("\r")[2].startswith("read 3 of 3 wafers")


def test_a_log_sees_the_first_and_the_last_state_but_not_every_one():
    stream = io.StringIO()
    with ProgressLine("read", 1000, stream) as progress:
        for done in range(1, 1001):
            progress.update(done)
    lines = stream.getvalue().splitlines()
    assert lines[0].startswith("read 1 of 1,000 wafers")
    assert lines[-1].startswith("read 1,000 of 1,000 wafers")
    assert len(lines) < 20


def test_a_job_that_fails_still_ends_its_line():
    stream = Terminal()

    def fail():
        with ProgressLine("read", 3, stream) as progress:
            progress.update(1)
            raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        fail()
    assert stream.getvalue().endswith("\n")


def test_a_log_does_not_hear_the_last_state_twice():
    stream = io.StringIO()
    with ProgressLine("read", 3, stream) as progress:
        progress.update(3)
    assert stream.getvalue().count("\n") == 1
