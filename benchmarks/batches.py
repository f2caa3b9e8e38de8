"""Thousands of wafers as a batch: from the file read to the archive written, and the memory that more of them take."""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.timing import Row, at_most, memory_peak
from data.errors import BatchError
from data.formats.write import write_npz
from data.synthesis import WaferRecipe, draw_over, draw_wafer
from data.wafer import WaferMap

SECONDS_PER_THOUSAND, GROWTH = 30.0, 1.25
TIMES = 4
LOOK_SECONDS = 0.1


def one_batch(wafers: int, model: Path) -> list[Row]:
    """Run `jobs.batch` over wafers 27 dies across, then over four times as many.

    Raises:
        BatchError: the job failed; it has said why.
    """
    with tempfile.TemporaryDirectory() as folder:
        seconds, memory = _run(Path(folder) / "some", wafers, model)
        _, more = _run(Path(folder) / "more", wafers * TIMES, model)
    limit = SECONDS_PER_THOUSAND * wafers / 1000
    return [
        at_most(f"batch of {wafers:,} wafers, start of the job to archive", seconds, limit, "s"),
        at_most(f"peak memory of a batch {TIMES} times as large ({more:.0f} MiB)", more / memory, GROWTH, "x"),
    ]


def _run(folder: Path, wafers: int, model: Path) -> tuple[float, float]:
    """Seconds, and peak MiB, of one run."""
    folder.mkdir()
    _write(folder / "wafers.npz", wafers)
    words = [str(folder / "wafers.npz"), "--out", str(folder / "out"), "--home", str(folder), "--model", str(model)]
    started = time.perf_counter()
    job, peaks = subprocess.Popen([sys.executable, "-m", "jobs.batch", *words]), [0.0]
    while job.poll() is None:
        peaks.append(memory_peak(job.pid))
        time.sleep(LOOK_SECONDS)
    if job.returncode:
        raise BatchError("benchmark", f"jobs.batch ended with status {job.returncode}", "Read what it said above.")
    return time.perf_counter() - started, float(np.nanmax(peaks))


def _write(path: Path, wafers: int) -> None:
    rng = np.random.default_rng(3)
    blank = draw_wafer(rng, WaferRecipe(shortest=27, longest=27, classes=())).wafer.dies
    kinds = [draw_over(rng, blank).wafer.dies for _ in range(min(200, wafers))]
    maps = (WaferMap(kinds[i % len(kinds)], f"L{i // 25}", f"W{i % 25 + 1:02d}") for i in range(wafers))
    write_npz(maps, path)
