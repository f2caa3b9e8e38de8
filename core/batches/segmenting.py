"""From the parts of a batch to its pieces: each is finished once, kept, and not done again."""

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from core.analysis.result import analyse
from core.batches.folder import Batch
from core.batches.parquet_files import result_row
from core.lake.batches import batches
from core.segmentation import Segmenter
from data.errors import ModelError
from data.wafer import WaferMap

WAFERS_PER_STEP = 64
STEPS_AT_ONCE = 2  # while one is in the network, which lets others run, the clusters of another are measured

Placed = tuple[int, WaferMap]
Failures = dict[int, str]


def unfinished(batch: Batch, model: str, *, retry: bool = False) -> list[int]:
    """List the parts whose piece is missing, or is another model's.

    Args:
        batch: that was read.
        model: name of the one in use.
        retry: also those on some of whose wafers the model failed.
    """
    read = batch.read
    return [
        number
        for number in range(0 if read is None else len(read.counts))
        if batch.piece_model(number) != model or (retry and batch.piece_failures(number))
    ]


def waiting_in(batch: Batch, number: int, model: str) -> int:
    """Count the wafers of a part that have no result of this model yet."""
    read = batch.read
    held = batch.piece_rows(number) if batch.piece_model(number) == model else 0
    return (0 if read is None else read.counts[number]) - held


def segment_part(batch: Batch, number: int, segmenter: Segmenter) -> Iterator[int]:
    """Finish a piece: analyse the wafers of its part that no earlier try gave a result for.

    Yields:
        How many wafers were worked on, now and then.
    """
    kept = batch.piece(number) if batch.piece_model(number) == segmenter.name else []
    known = {row["place"] for row in kept}
    waiting = [(place, wafer) for place, wafer in enumerate(batch.wafers(number)) if place not in known]
    rows, failures = list(kept), dict[int, str]()
    analysed = partial(_analysed, segmenter=segmenter, tta=batch.request.tta)
    with ThreadPoolExecutor(STEPS_AT_ONCE) as pool:
        for found, failed in pool.map(analysed, batches(waiting, WAFERS_PER_STEP)):
            rows += found
            failures |= failed
            yield len(found) + len(failed)
    batch.write_piece(number, sorted(rows, key=lambda row: int(row["place"])), failures, segmenter.name)


def _analysed(placed: Sequence[Placed], segmenter: Segmenter, tta: bool) -> tuple[list[dict[str, Any]], Failures]:
    """Rows of some wafers, and the places of those that the model fails on alone."""
    started = time.perf_counter()
    try:
        results = analyse([wafer for _, wafer in placed], segmenter, tta=tta)
    except ModelError as error:
        if len(placed) == 1:
            return [], {placed[0][0]: f"{placed[0][1].key}: {error}"}
        rows, failures = list[dict[str, Any]](), Failures()
        for one in placed:
            found, failed = _analysed([one], segmenter, tta)
            rows += found
            failures |= failed
        return rows, failures
    seconds = (time.perf_counter() - started) / len(placed)
    return [result_row(result, place, seconds) for (place, _), result in zip(placed, results, strict=True)], {}
