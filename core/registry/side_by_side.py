"""Two models on the same wafers: on which they differ, and how much."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from core.analysis.result import WaferResult, analyse
from core.lake.batches import batches
from core.segmentation import Segmenter
from data.wafer import WaferMap

AT_ONCE = 16


@dataclass(frozen=True, eq=False)
class Pair:
    """One wafer as two models see it.

    Args:
        first: result of the first model.
        second: of the second.
        differing: dies that the two give to different sets of classes.
        affected: dies that either gives to a class.
    """

    first: WaferResult
    second: WaferResult
    differing: int
    affected: int

    @property
    def difference(self) -> float:
        """Share of the affected dies on which the two differ, 0 where neither finds any."""
        return self.differing / self.affected if self.affected else 0.0

    @property
    def same_classes(self) -> bool:
        """Whether both find the same set of classes."""
        return self.first.segmentation.classes_present == self.second.segmentation.classes_present


def side_by_side(wafers: Sequence[WaferMap], first: Segmenter, second: Segmenter) -> Iterator[Pair]:
    """Segment wafers with two models, some at a time, in their order.

    Raises:
        ModelError: a network fails.
    """
    for some in batches(wafers, AT_ONCE):
        for one, other in zip(analyse(some, first), analyse(some, second), strict=True):
            masks = one.segmentation.masks, other.segmentation.masks
            differing = int(np.count_nonzero((masks[0] != masks[1]).any(axis=0)))
            yield Pair(one, other, differing, int(np.count_nonzero((masks[0] | masks[1]).any(axis=0))))
