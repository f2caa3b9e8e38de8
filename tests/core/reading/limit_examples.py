"""Limits that honest files of tests never meet."""

from core.reading.limits import ReadLimits

LIMITS = ReadLimits(
    processes=2,
    wait_seconds=60.0,
    cpu_seconds=20,
    seconds=60.0,
    memory_mb=512,
    wafers=100,
    failures=50,
    output_mb=64,
)
