import subprocess
import sys

import pytest

from core.reading.limits import ReadLimits, limits_now
from tests.source_tree import ROOT

TRY = """
import resource, sys
from core.reading.limits import CpuAllowance, confine
{before}
confine(256)
assert resource.getrlimit(resource.RLIMIT_CORE) == (0, 0)
try:
    {what}
except MemoryError:
    sys.exit(5)
except OSError as error:
    sys.exit(error.errno)
"""


def status(what, before=""):
    code = TRY.format(what=what, before=before)
    return subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True).returncode


def test_limits_are_the_settings_of_the_same_names(monkeypatch):
    for number, name in enumerate(ReadLimits.__dataclass_fields__, start=100):
        monkeypatch.setenv(f"WAFERSCOPE_READ_{name.upper()}", str(number))
    assert limits_now() == ReadLimits(*range(100, 108))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("what", "expected"),
    [
        ("bytearray(128 * 2**20)", 0),
        ("bytearray(512 * 2**20)", 5),
        ("held = [open('/dev/null') for _ in range(100)]", 24),  # too many open files
        ("__import__('tempfile').TemporaryFile().truncate(2**40)", 27),  # file too large
        ("allowed = CpuAllowance(1, 0)\n    while True: pass", -24),  # the signal of too much processor time
    ],
)
def test_a_confined_process_takes_no_more_than_it_may(what, expected):
    assert status(what) == expected


@pytest.mark.parametrize(("size", "given", "added"), [(0, 999, 0), (2**20, 0, 1), (5 * 2**20, 3500, 8)])
def test_the_size_of_a_file_and_its_wafers_add_seconds(size, given, added):
    told = "import math, resource, time; from core.reading.limits import CpuAllowance\n"
    told += f"used = math.ceil(time.process_time())\na = CpuAllowance(7, {size})\n"
    told += f"for n in range(1, {given} + 1): a.count(n)\n"
    told += "print(resource.getrlimit(resource.RLIMIT_CPU)[0] - used - 7)"
    assert int(subprocess.check_output([sys.executable, "-c", told], cwd=ROOT)) == added
