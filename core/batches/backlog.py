"""The wafers of the lake that the model in use has not segmented yet."""

import time
from collections.abc import Callable, Iterator

from core.analysis.result import WaferResult, analyse, bounded_batches
from core.lake import Lake
from core.lake.batches import batches
from core.lake.scoring import normal_fail_shares
from core.segmentation import Segmenter

WAFERS_PER_PART = 256
WAFERS_PER_STEP = 32


def segment_backlog(
    lake: Lake, segmenter: Segmenter, takes: Callable[[str], bool] = lambda key: True
) -> Iterator[tuple[int, int]]:
    """Segment every wafer of the lake whose result is missing or another model's.

    Results are kept every 256 wafers, so the work can be stopped at any time and taken up again.

    Args:
        lake: read from and appended to.
        segmenter: the model in use.
        takes: says of a wafer's key whether this model segments it.

    Yields:
        Wafers segmented and wafers in all, first (0, all); a few of the last told may have to be kept yet.

    Raises:
        LakeError: the lake cannot be read.
        ModelError: the network fails.
    """
    keys = [key for key in lake.keys_not_segmented_by(segmenter.name) if takes(key)]
    normal, done = normal_fail_shares(lake), 0
    yield done, len(keys)
    for some in batches(keys, WAFERS_PER_PART):
        for wafers in bounded_batches(lake.wafers_by_keys(some).values(), WAFERS_PER_PART):
            started, results = time.perf_counter(), list[WaferResult]()
            for few in batches(wafers, WAFERS_PER_STEP):
                results += analyse(few, segmenter, normal=normal)
                yield done + len(results), len(keys)
            lake.append_results(results, seconds=(time.perf_counter() - started) / len(wafers))
            lake.tidy()
            done += len(wafers)
