"""What reading one file may take, and how a process is held to it."""

import math
import resource
from dataclasses import dataclass
from pathlib import Path

from core.settings import settings

MIB = 2**20
SECONDS_PER_MIB, SECONDS_PER_WAFER = 1.0, 0.001
"""What a file's size and its wafers add to its seconds, so that a long file of honest wafers meets no limit."""
_WAFERS_PER_SECOND = round(1 / SECONDS_PER_WAFER)
_OPEN_FILES = 64
_SCRATCH_BYTES = 4096 * MIB  # of one temporary file, into which packed files are unpacked


@dataclass(frozen=True)
class ReadLimits:
    """Limits of one file, the settings of the same names; beyond one of them its reading is ended.

    Args:
        processes: that read at once.
        wait_seconds: for one of them while all are busy.
        cpu_seconds: of processor, beside what `added_seconds` says.
        seconds: that are waited for its wafers, beside what `added_seconds` says.
        memory_mb: MiB beyond what the process takes before it reads.
        wafers: that it gives.
        failures: that it gives.
        output_mb: MiB that its wafers take.
    """

    processes: int
    wait_seconds: float
    cpu_seconds: int
    seconds: float
    memory_mb: int
    wafers: int
    failures: int
    output_mb: int


def limits_now() -> ReadLimits:
    """Return the limits that are set.

    Raises:
        SettingError: a variable holds nonsense.
    """
    at = settings()
    return ReadLimits(
        processes=at.read_processes,
        wait_seconds=at.read_wait_seconds,
        cpu_seconds=at.read_cpu_seconds,
        seconds=at.read_seconds,
        memory_mb=at.read_memory_mb,
        wafers=at.read_wafers,
        failures=at.read_failures,
        output_mb=at.read_output_mb,
    )


def confine(memory_mb: int) -> None:
    """Hold this process to its memory, to small files and few of them, for good; it leaves no core dump."""
    most = _address_space() + memory_mb * MIB
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    resource.setrlimit(resource.RLIMIT_FSIZE, (_SCRATCH_BYTES, _SCRATCH_BYTES))
    resource.setrlimit(resource.RLIMIT_NOFILE, (_OPEN_FILES, _OPEN_FILES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def added_seconds(size: int, given: int) -> float:
    """Return what a file may take beside the seconds that are set.

    Args:
        size: of the file, bytes.
        given: wafers and failures that came of it.
    """
    return size / MIB * SECONDS_PER_MIB + given * SECONDS_PER_WAFER


class CpuAllowance:
    """Processor time for one file in a process that reads many; the system ends the process that takes more.

    Args:
        seconds: that are set.
        size: of the file, bytes.
    """

    def __init__(self, seconds: int, size: int) -> None:
        self._size = size
        used = resource.getrusage(resource.RUSAGE_SELF)
        self._seconds = math.ceil(used.ru_utime + used.ru_stime) + seconds
        self._allow(0)

    def count(self, given: int) -> None:
        """Allow what the wafers and failures given so far add."""
        if not given % _WAFERS_PER_SECOND:
            self._allow(given)

    def _allow(self, given: int) -> None:
        # The soft limit alone: only an administrator can raise a hard one again for the next file.
        most = self._seconds + int(added_seconds(self._size, given))
        resource.setrlimit(resource.RLIMIT_CPU, (most, resource.getrlimit(resource.RLIMIT_CPU)[1]))


def _address_space() -> int:
    """Bytes of memory that this process has addresses for, used or not; most of it libraries."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    except OSError:  # no Linux; what libraries take is then part of what a file may take
        return 0
    return pages * resource.getpagesize()
