import sys

import pytest

from core.reading import process
from core.reading.limits import ReadLimits
from core.reading.pool import POOL


@pytest.fixture(scope="package")
def hostile():
    """Reading processes that do what the names of files say."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(process, "command", lambda: [sys.executable, "-m", "tests.core.reading.hostile_child"])
        POOL.close()
        yield
    POOL.close()


@pytest.fixture
def limits():
    return ReadLimits(
        processes=2,
        wait_seconds=60.0,
        cpu_seconds=20,
        seconds=60.0,
        memory_mb=512,
        wafers=100,
        failures=50,
        output_mb=64,
    )
