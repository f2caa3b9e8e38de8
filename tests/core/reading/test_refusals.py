import signal
from dataclasses import replace

import pytest

from core.reading import refusals
from core.settings import SETTINGS
from data.errors import ReadingError
from tests.core.reading import limit_examples

LIMITS = replace(limit_examples.LIMITS, seconds=90.0, wait_seconds=1.0, memory_mb=2048, wafers=1000, failures=1)
SAID = [
    refusals.too_many_wafers("a.zip", LIMITS),
    refusals.too_many_failures("a.zip", LIMITS),
    refusals.too_much_output("a.zip", LIMITS),
    refusals.too_much_memory("a.zip", LIMITS),
    refusals.too_slow("a.zip", 90.0, 0),
    refusals.all_busy("a.zip", LIMITS),
    refusals.ended("a.zip", -signal.SIGXCPU, 20.0, 1),
]
OTHERS = [
    refusals.cancelled("a.zip", 3),
    refusals.not_handed_over("a.zip", OSError(28, "No space left on device")),
    refusals.not_started("a.zip"),
    refusals.misled("a.zip"),
    *(refusals.ended("a.zip", status, 20.0, 3) for status in (-signal.SIGKILL, -signal.SIGSEGV, -999, 0, 3)),
]


@pytest.mark.parametrize("error", [*SAID, *OTHERS], ids=str)
def test_every_refusal_names_the_file_what_happened_and_what_to_do(error):
    assert isinstance(error, ReadingError)
    assert error.where == "a.zip"
    assert not error.problem.endswith(".")
    assert error.remedy.endswith(".")


@pytest.mark.parametrize("error", SAID, ids=str)
def test_a_limit_is_named_by_its_setting(error):
    assert [setting.variable for setting in SETTINGS if f"{setting.variable}." in error.remedy]


@pytest.mark.parametrize(
    ("seconds", "expected"), [(0.5, "0.5 seconds"), (1, "1 second"), (20, "20 seconds"), (1234.5, "1,234 seconds")]
)
def test_seconds_are_told_as_people_do(seconds, expected):
    assert f"more than {expected}." in str(refusals.too_slow("a.zip", seconds, 0))


def test_what_came_before_is_counted():
    assert "more than 20 seconds of processor after 1 wafer." in str(SAID[-1])
    assert "was cancelled after 3 wafers." in str(OTHERS[0])
