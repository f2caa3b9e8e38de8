"""The wafers of the lake that have no result of the models in use yet."""

import time
from collections.abc import Iterator, Sequence

from core.analysis.result import WaferResult, analyse, bounded_batches
from core.lake import Lake
from core.lake.batches import batches
from core.lake.scoring import normal_fail_shares
from core.registry.traffic import Challenger
from core.segmentation import Segmenter

WAFERS_PER_PART = 256
WAFERS_PER_STEP = 32


def backlog(
    lake: Lake, segmenter: Segmenter, challenger: Challenger | None = None, among: Sequence[str] | None = None
) -> list[tuple[Segmenter, list[str]]]:
    """List which model has which wafers of the lake to segment.

    What the model segmented before a trial stays its own, so both models are compared on wafers of the same days.

    Args:
        lake: to read.
        segmenter: the model in use.
        challenger: the model that takes a share of the wafers; None for none.
        among: keys of the wafers that are asked about; None for all.

    Returns:
        Each model with the sorted keys of its wafers.

    Raises:
        LakeError: the lake cannot be read.
    """
    waiting = lake.keys_not_segmented_by(segmenter.name, among)
    if challenger is None:
        return [(segmenter, waiting)]
    theirs = [key for key in waiting if challenger.takes(key)]
    ours = [key for key in waiting if not challenger.takes(key)]
    return [
        (challenger.segmenter, lake.keys_not_segmented_by(challenger.segmenter.name, theirs)),
        (segmenter, ours),
    ]


def segment_kept(
    lake: Lake, segmenter: Segmenter, keys: Sequence[str], *, tta: bool = False, tidy: bool = True
) -> Iterator[int]:
    """Segment wafers that the lake holds.

    Results are kept every 256 wafers, so the work can be stopped at any time and taken up again.

    Args:
        lake: read from and appended to.
        segmenter: the model.
        keys: of the wafers.
        tta: average over the eight turns and flips of each wafer.
        tidy: merge small parts of the lake where there are many.

    Yields:
        How many are segmented, now and then; a few of the last told may have to be kept yet.

    Raises:
        LakeError: the lake cannot be read.
        ModelError: the network fails.
    """
    normal, done = normal_fail_shares(lake), 0
    for some in batches(keys, WAFERS_PER_PART):
        for wafers in bounded_batches(lake.wafers_by_keys(some).values(), WAFERS_PER_PART):
            started, results = time.perf_counter(), list[WaferResult]()
            for few in batches(wafers, WAFERS_PER_STEP):
                results += analyse(few, segmenter, tta=tta, normal=normal)
                yield done + len(results)
            lake.append_results(results, seconds=(time.perf_counter() - started) / len(wafers))
            if tidy:
                lake.tidy()
            done += len(wafers)
