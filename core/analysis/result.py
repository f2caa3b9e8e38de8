"""Everything the app says about a wafer, in one go: segmentation, clusters, severity."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeVar

from core.instances import Instance, find_instances
from core.segmentation import Segmentation, Segmenter
from core.severity import ProductRules, Severity, severity
from data.wafer import WaferMap

BATCH_WAFERS = 64
UNKNOWN: Mapping[str, float] = MappingProxyType({})
BATCH_CELLS = 2**22  # what 64 wafers of 256 x 256 dies hold: probabilities of 128 MiB


@dataclass(frozen=True, eq=False)
class WaferResult:
    """A wafer and all that was found on it."""

    wafer: WaferMap
    segmentation: Segmentation
    instances: list[Instance]
    severity: Severity


Analysable = TypeVar("Analysable", WaferMap, WaferResult)


def analyse(
    wafers: Sequence[WaferMap], segmenter: Segmenter, *, tta: bool = False, normal: Mapping[str, float] = UNKNOWN
) -> list[WaferResult]:
    """Segment wafers, group and measure their clusters and score them, in their order.

    Args:
        wafers: any number, of any sizes.
        segmenter: the model.
        tta: average over the eight turns and flips of each wafer.
        normal: failing share, 0 to 1, that is normal for each product; severity takes a fixed one for other products.

    Raises:
        ModelError: the network fails.
        SettingError: a severity setting holds nonsense.
    """
    rules = ProductRules.configured()
    results = []
    for wafer, segmentation in zip(wafers, segmenter.segment(wafers, tta=tta), strict=True):
        instances = find_instances(segmentation, wafer)
        score = severity(instances, wafer, rules.of(wafer.product), normal_fail_share=normal.get(wafer.product))
        results.append(WaferResult(wafer, segmentation, instances, score))
    return results


def analyse_stream(
    wafers: Iterable[WaferMap],
    segmenter: Segmenter,
    batch: int = BATCH_WAFERS,
    *,
    tta: bool = False,
    normal: Mapping[str, float] = UNKNOWN,
) -> Iterator[WaferResult]:
    """Analyse any number of wafers in bounded memory, in their order.

    Args:
        wafers: read as results are taken.
        segmenter: the model.
        batch: wafers that are analysed together at most; fewer where they are large.
        tta: average over the eight turns and flips of each wafer.
        normal: failing share that is normal for each product, as for `analyse`.

    Raises:
        ModelError: the network fails.
        SettingError: a severity setting holds nonsense.
    """
    for held in bounded_batches(wafers, batch):
        yield from analyse(held, segmenter, tta=tta, normal=normal)


def bounded_batches(
    wafers: Iterable[Analysable], most: int = BATCH_WAFERS, most_cells: int = BATCH_CELLS
) -> Iterator[list[Analysable]]:
    """Cut a stream of wafers, or of results, into lists that memory can hold, with their results.

    Args:
        wafers: read as lists are taken.
        most: wafers in a list at most; fewer where they are large.
        most_cells: of their grids in a list, unless one wafer has more.

    Example:
        >>> import numpy as np
        >>> [len(batch) for batch in bounded_batches([WaferMap(np.ones((9, 9), np.uint8), "L", "W")] * 5, 2)]
        [2, 2, 1]
    """
    held: list[Analysable] = []
    cells = 0
    for one in wafers:
        size = (one.wafer if isinstance(one, WaferResult) else one).dies.size
        if held and (len(held) == most or cells + size > most_cells):
            yield held
            held, cells = [], 0
        held.append(one)
        cells += size
    if held:
        yield held
