"""From files or the lake into the parts of a batch.

Reading is short beside segmenting, so it is done first and whole: then everybody knows of how many wafers, and a part
can be worked on anywhere.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator

from core.analysis.result import bounded_batches
from core.batches.folder import Batch
from core.lake import Lake
from core.lake.batches import batches
from core.reading import read_wafers
from data.errors import BatchError
from data.formats import ReadFailure, ReadOptions
from data.wafer import WaferMap

Items = Iterator[WaferMap | ReadFailure]


def read_parts(batch: Batch, lake: Lake, options: ReadOptions) -> Iterator[int]:
    """Read all wafers of a batch into parts; killed, it begins anew.

    Args:
        batch: whose request says what to read.
        lake: where wafers are that the request names by key.
        options: how to read files.

    Yields:
        How many wafers are read so far.

    Raises:
        BatchError: there is nothing at all to read.
    """
    yield from _read(batch, _items(batch, lake, options), ())
    read = batch.read
    if read is None or not (read.counts or read.failures):
        raise BatchError(batch.request.title, "there is no wafer file in it", "Name wafer files, folders or zips.")


def read_again(batch: Batch, lake: Lake, options: ReadOptions) -> Iterator[int]:
    """Read once more what gave no wafer; wafers that are there already stay as they are.

    Yields:
        How many wafers are read, those from before included.
    """
    read = batch.read
    counts = () if read is None else read.counts
    known = Counter(_digest(wafer) for number in range(len(counts)) for wafer in batch.wafers(number))

    def new() -> Items:
        for item in _items(batch, lake, options):
            if isinstance(item, WaferMap) and known[said := _digest(item)] > 0:
                known[said] -= 1
            else:
                yield item

    yield from _read(batch, new(), counts)


def _read(batch: Batch, items: Items, before: tuple[int, ...]) -> Iterator[int]:
    failures: list[ReadFailure] = []
    counts = list(before)
    for wafers in bounded_batches(_good(items, failures), batch.request.wafers_per_part):
        batch.write_wafers(len(counts), wafers)
        counts.append(len(wafers))
        yield sum(counts)
    batch.finish_reading(counts, failures)


def _good(items: Items, failures: list[ReadFailure]) -> Iterator[WaferMap]:
    for item in items:
        if isinstance(item, ReadFailure):
            failures.append(item)
        else:
            yield item


def _items(batch: Batch, lake: Lake, options: ReadOptions) -> Items:
    for path in batch.paths:
        yield from read_wafers(path, options=options)
    yield from _of_lake(lake, batch.keys, batch.request.wafers_per_part)


def _of_lake(lake: Lake, keys: Iterable[str], at_once: int) -> Items:
    for some in batches(keys, at_once):
        found = lake.wafers_by_keys(some)
        for key in some:
            if key in found:
                yield found[key]
            else:
                yield ReadFailure(key, f"{key}: the lake does not hold this wafer. Check lot and wafer, as LOT:W01.")


def _digest(wafer: WaferMap) -> bytes:
    """What names a wafer within its batch, in few bytes."""
    return hashlib.blake2b(
        f"{wafer.source_name}\0{wafer.key}".encode("utf-8", "surrogatepass"), digest_size=12
    ).digest()
