"""What processes of their own do to a lake in tests: append, segment, merge, and die where they are told to."""

import multiprocessing
import os
import signal
from pathlib import Path

import core.storage.folder
from core.lake import Lake
from core.storage.folder import Folder
from tests.core.lake_examples import drawn, found_on

BATCH = 4

processes = multiprocessing.get_context("forkserver")
processes.set_forkserver_preload(["tests.core.lake_worker"])


def append(root: str, first: int, last: int, told: Path, merging: bool = False) -> None:
    """Append wafers and results in small batches, and tell each key once its wafer and result are acknowledged."""
    lake = Lake(root)
    with told.open("a") as file:
        for start in range(first, last, BATCH):
            wafers = [drawn(n) for n in range(start, min(start + BATCH, last))]
            lake.append_wafers(wafers)
            lake.append_results([found_on(wafer, "edge", "random") for wafer in wafers])
            file.write("".join(f"{wafer.key}\n" for wafer in wafers))
            file.flush()
            if merging and start % (3 * BATCH) == 0:
                lake.compact(settled_seconds=0)


def merge(root: str, times: int) -> None:
    """Merge again and again."""
    lake = Lake(root)
    for _ in range(times):
        lake.compact(settled_seconds=0)


def append_until_step(root: str, step: int, told: Path) -> None:
    """Do what `append` does with merging, and die by SIGKILL before file operation number `step`."""
    dying_at(step)
    append(root, 0, 2 * BATCH, told, merging=True)
    merge(root, 1)


def dying_at(step: int) -> None:
    """Let this process die by SIGKILL before file operation number `step`."""
    left = step

    def dying_before(operation):
        def counted(*args, **kwargs):
            nonlocal left
            left -= 1
            if left < 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return operation(*args, **kwargs)

        return counted

    core.storage.folder.make_durable = dying_before(core.storage.folder.make_durable)
    Path.replace = dying_before(Path.replace)
    Folder.remove = dying_before(Folder.remove)
