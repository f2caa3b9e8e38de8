"""kill -9 at any moment: the lake stays readable and holds everything that was acknowledged, each wafer whole."""

import signal
import time
from pathlib import Path

import numpy as np
import pytest

from core.lake import Lake
from tests.core.lake_examples import drawn, same_wafer
from tests.core.lake_worker import BATCH, append, append_until_step, processes

pytestmark = pytest.mark.slow

WAFERS = 60
STEPS_IN_ALL = 57  # file operations of `append_until_step` if it lives to the end


def check(root: str, told: Path, count: int = WAFERS) -> None:
    """Open the lake as a new reader and compare it with what the dead process had acknowledged."""
    sent = {drawn(n).key: drawn(n) for n in range(count)}
    lake = Lake(root)
    held = lake.wafers_by_keys(list(sent))
    acknowledged = set(told.read_text().splitlines()) if told.exists() else set()
    assert acknowledged <= set(held)
    assert lake.count() == len(held)
    assert all(same_wafer(wafer, sent[key]) for key, wafer in held.items())
    results = lake.results_by_keys(list(sent))
    assert acknowledged <= set(results)
    assert all(result.segmentation.classes_present == ("edge", "random") for result in results.values())
    assert all(len(result.instances) == result.severity.cluster_count > 0 for result in results.values())


@pytest.mark.parametrize("seed", range(6))
def test_a_writer_killed_at_a_random_moment_loses_nothing_acknowledged(tmp_path, seed):
    rng = np.random.default_rng(seed)
    root, told = str(tmp_path / "lake"), tmp_path / "told"
    writer = processes.Process(target=append, args=(root, 0, WAFERS, told, True))
    writer.start()
    wanted = int(rng.integers(1, WAFERS // 2))
    while writer.is_alive() and (not told.exists() or told.read_text().count("\n") < wanted):
        time.sleep(0.002)
    time.sleep(rng.uniform(0, 0.05))
    writer.kill()
    writer.join()
    assert told.read_text().count("\n") >= wanted
    check(root, told)
    finisher = Lake(root)
    finisher.append_wafers([drawn(n) for n in range(WAFERS)])
    assert Lake(root).count() == WAFERS


@pytest.mark.parametrize("step", range(0, STEPS_IN_ALL, 4))
def test_a_writer_killed_before_any_file_operation_loses_nothing_acknowledged(tmp_path, step):
    root, told = str(tmp_path / "lake"), tmp_path / "told"
    writer = processes.Process(target=append_until_step, args=(root, step, told))
    writer.start()
    writer.join()
    assert writer.exitcode == -signal.SIGKILL
    check(root, told, 2 * BATCH)
    Lake(root).compact(settled_seconds=0)
    check(root, told, 2 * BATCH)
