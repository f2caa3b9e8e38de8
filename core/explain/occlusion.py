"""Which failing dies an answer rests on: failures are taken away, a window at a time, and the answer is asked again."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.explain.attribution import Attribution, shared_out
from core.segmentation import Segmenter
from core.segmentation.network import Answer
from core.segmentation.presence import pooled_logits
from data.classes import CLASS_INDEX
from data.wafer import FAIL, PASS, WaferMap

METHOD = "Occlusion sensitivity (Zeiler and Fergus, ECCV 2014), of the very model that is served"
WINDOWS_ACROSS = 10
LARGE = 62  # dies across from which a wafer is looked at twice and costs many times as much: one tiling then, not two
LEAST_LOGIT = -50.0  # what a wafer without failures says of every class


@dataclass(frozen=True, eq=False)
class Occlusion(Attribution):
    """What an answer rests on, by taking failures away; no evidence where nothing that was taken away weakened it.

    Args:
        against: share of the windows whose failures spoke against the answer: without them it was surer.
        windows: how many windows were tried.
    """

    against: float
    windows: int


class Occlusions:
    """A wafer with the failures of one window after the other taken away, and what the model says of each.

    One set of runs answers for every class and every cluster.

    Args:
        wafer: to explain.
        segmenter: the model.

    Raises:
        ModelError: the network fails.
    """

    def __init__(self, wafer: WaferMap, segmenter: Segmenter) -> None:
        self._failing = wafer.failing
        self._windows = list(_windows(wafer.failing))
        tried = [wafer, *(_without(wafer, window) for window in self._windows)]
        seen = segmenter.answers(tried)
        self._presence = np.stack([_presence(said, one.failing) for said, one in zip(seen, tried, strict=True)])
        self._dies = np.stack([said.logits[:, wafer.failing].astype(np.float64) for said in seen])

    def of_class(self, class_key: str) -> Occlusion:
        """Return what the answer rests on that this class is on the wafer, by the fall of its presence's logit."""
        said = self._presence[:, CLASS_INDEX[class_key]]
        return self._attribution(said[0] - said[1:])

    def of_dies(self, class_key: str, dies: NDArray[np.intp]) -> Occlusion:
        """Return what the answer rests on that these dies belong to this class, by the fall of their mean logit.

        Args:
            class_key: the class.
            dies: (n, 2) rows and columns of failing dies, a cluster's.
        """
        places = np.full(self._failing.shape, -1)
        places[self._failing] = np.arange(np.count_nonzero(self._failing))
        said = self._dies[:, CLASS_INDEX[class_key], places[dies[:, 0], dies[:, 1]]].mean(axis=1)
        return self._attribution(said[0] - said[1:])

    def _attribution(self, falls: NDArray[np.float64]) -> Occlusion:
        """Spread each window's fall over its failing dies; a die in several windows has the sum of its parts."""
        total = np.zeros(self._failing.shape)
        for (rows, columns), fall in zip(self._windows, falls, strict=True):
            inside = self._failing[rows, columns]
            total[rows, columns] += max(0.0, float(fall)) / np.count_nonzero(inside) * inside
        against = float(np.mean(falls < 0)) if falls.size else 0.0
        return Occlusion(shared_out(total, self._failing), against, len(self._windows))


def _windows(failing: NDArray[np.bool_]) -> Iterator[tuple[slice, slice]]:
    """Windows that hold a failing die: a tiling, and for small grids a second one that is shifted by half a window."""
    side = max(2, round(max(failing.shape) / WINDOWS_ACROSS))
    for shift in (0,) if max(failing.shape) > LARGE else (0, side // 2):
        for top in range(-shift, failing.shape[0], side):
            for left in range(-shift, failing.shape[1], side):
                window = slice(max(0, top), top + side), slice(max(0, left), left + side)
                if failing[window].any():
                    yield window


def _without(wafer: WaferMap, window: tuple[slice, slice]) -> WaferMap:
    dies = wafer.dies.copy()
    dies[window][dies[window] == FAIL] = PASS
    return WaferMap(dies=dies, lot_id=wafer.lot_id, wafer_id=wafer.wafer_id)


def _presence(said: Answer, failing: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Logits (8,) that each class is on the wafer; probabilities would stand still where the model is very sure."""
    logits = pooled_logits(said.logits, failing) if said.presence is None else said.presence
    return np.maximum(logits.astype(np.float64), LEAST_LOGIT)
