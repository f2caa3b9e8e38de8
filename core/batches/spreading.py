"""The parts of a batch spread over a Ray cluster, whose machines see the batch's folder and have this code."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.batches.folder import Batch
from core.batches.segmenting import segment_part
from core.jobs.ray_jobs import require_ray
from core.segmentation import Segmenter
from data.errors import BatchError, ModelError


def segment_parts_on_ray(
    batch: Batch, parts: Sequence[int], segmenter: Segmenter, threads: int | None, address: str
) -> Iterator[int]:
    """Finish pieces on a cluster; each is written by the worker that made it, so a kill loses only what was under way.

    Args:
        batch: in a folder that every machine of the cluster sees under the same path.
        parts: whose pieces to finish.
        segmenter: the model; every machine sees its file, or serves the same one by its own settings.
        threads: of the model in each worker, None for as many as its machine has cores.
        address: of the cluster.

    Yields:
        How many wafers were worked on, as pieces are finished.

    Raises:
        SettingError: Ray is not installed.
        BatchError: the cluster cannot be reached, fails, or serves another model.
    """
    require_ray()
    import ray
    import ray.data

    finish = partial(_finish, folder=str(batch.path), path=batch.request.model, name=segmenter.name, threads=threads)
    try:
        ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR)
        ray.data.DataContext.get_current().enable_progress_bars = False
        rows = ray.data.from_items([{"part": number} for number in parts], override_num_blocks=len(parts))
        for row in rows.map_batches(finish, batch_size=1).iter_rows():
            yield int(row["wafers"])
    except Exception as error:  # Ray's errors share no base but Exception
        said = str(error).strip().splitlines() or [type(error).__name__]
        raise BatchError(
            f"Ray at {address}", said[-1].rstrip("."), "Start the batch again when it is mended."
        ) from error
    finally:
        ray.shutdown()


def _finish(
    rows: Mapping[str, Any], folder: str, path: str, name: str, threads: int | None
) -> dict[str, NDArray[np.int64]]:
    """Finish the pieces of some rows; runs on a worker."""
    batch, segmenter = Batch(Path(folder)), _loaded(path, threads)
    if segmenter.name != name:
        problem = f"expected the model {name} on every machine, found {segmenter.name}"
        raise ModelError("Ray worker", problem, "Set the same WAFERSCOPE_MODEL on all.")
    return {"wafers": np.array([sum(segment_part(batch, int(number), segmenter)) for number in rows["part"]])}


@lru_cache(maxsize=1)
def _loaded(path: str, threads: int | None) -> Segmenter:
    """The model, once a worker."""
    return Segmenter.load(path or None, threads=threads)
