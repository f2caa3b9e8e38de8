"""Labels whose classes are suspect: a model that never saw a wafer's lot disagrees with what people said."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data.classes import CLASS_COUNT, CLASSES

FOLDS = 5
FEWEST_LABELS = 20
FEWEST_A_SIDE = 5
"""Wafers that must hold a class, and wafers that must not, before a model can learn to tell them apart."""

TRUST = 10.0
"""In the labels against smooth weights: vectors of unit length differ little, and want more than the usual 1."""


@dataclass(frozen=True)
class SuspectClass:
    """A label with how strongly a model disagrees that has learnt from other lots alone.

    Args:
        key: the wafer.
        lot: its lot.
        labelled: bool (8,), the classes that people say are on it.
        probabilities: (8,) of each class's presence, NaN for a class that could not be judged.
    """

    key: str
    lot: str
    labelled: tuple[bool, ...]
    probabilities: tuple[float, ...]

    @property
    def by_class(self) -> list[tuple[float, int]]:
        """Disagreement, 0 to 1, and number of each class that was judged; the worst first."""
        pairs = enumerate(zip(self.labelled, self.probabilities, strict=True))
        return sorted(((abs(label - p), k) for k, (label, p) in pairs if p == p), key=lambda pair: (-pair[0], pair[1]))

    @property
    def disagreement(self) -> float:
        """That of the worst class: |label - probability|."""
        return self.by_class[0][0]

    @property
    def text(self) -> str:
        """The worst class in words, and every other on which the model is nearer to the opposite."""
        worst, *others = self.by_class
        named = [worst, *(pair for pair in others if pair[0] > 0.5)]
        people = ", ".join(f"{'' if self.labelled[k] else 'no '}{CLASSES[k].name.lower()}" for _, k in named)
        model = ", ".join(f"{CLASSES[k].name.lower()} with {100 * self.probabilities[k]:.0f} %" for _, k in named)
        return f"People say {people}; a model that never saw lot {self.lot} says {model}."


def judged_classes(present: NDArray[np.bool_]) -> list[int]:
    """Numbers of the classes of which (N, 8) labels say enough to be judged; none of fewer than 20 labels."""
    count = present.sum(axis=0)
    enough = (count >= FEWEST_A_SIDE) & (len(present) - count >= FEWEST_A_SIDE) & (len(present) >= FEWEST_LABELS)
    return [int(k) for k in np.flatnonzero(enough)]


def rank_by_class(
    keys: Sequence[str], lots: Sequence[str], vectors: NDArray[np.float32], present: NDArray[np.bool_]
) -> list[SuspectClass]:
    """Rank labels by how strongly a cross-validated model disagrees, the worst first, ties by key.

    For each class a balanced logistic regression on what wafers look like; five folds of whole lots, so that neither a
    wafer's own label nor its lot's has any part in what is said of it (Northcutt, Jiang and Chuang, Confident learning,
    JAIR 70, 2021, on probabilities out of fold). A class that the other folds hold on all wafers or on none is not
    judged there, and a wafer of which no class could be judged is left out.

    Args:
        keys: of N wafers.
        lots: of each.
        vectors: float32 (N, D), what each looks like.
        present: bool (N, 8), the classes that people say are on each.

    Example:
        >>> side = np.arange(40) % 2
        >>> present = np.zeros((40, 8), dtype=bool)
        >>> present[:, 4] = side
        >>> present[7, 4] = False
        >>> looks = np.stack([side, 1 - side], axis=1).astype(np.float32)
        >>> found = rank_by_class([f"W{n:02d}" for n in range(40)], [f"L{n // 4}" for n in range(40)], looks, present)
        >>> found[0].key
        'W07'
    """
    classes = judged_classes(present)
    if not classes or len(set(lots)) < 2:
        return []
    said = _out_of_fold(vectors, present, lots, classes)
    found = [
        SuspectClass(key, lot, tuple(label.tolist()), tuple(p.tolist()))
        for key, lot, label, p in zip(keys, lots, present, said, strict=True)
        if not np.isnan(p).all()
    ]
    return sorted(found, key=lambda uncertainty: (-uncertainty.disagreement, uncertainty.key))


def _out_of_fold(
    vectors: NDArray[np.float32], present: NDArray[np.bool_], lots: Sequence[str], classes: Sequence[int]
) -> NDArray[np.float64]:
    """Probabilities (N, 8), NaN where nothing could be learnt."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GroupKFold

    said = np.full((len(vectors), CLASS_COUNT), np.nan)
    for learnt, held_out in GroupKFold(min(FOLDS, len(set(lots)))).split(vectors, groups=lots):
        for k in classes:
            if len(set(present[learnt, k])) > 1:
                model = LogisticRegression(C=TRUST, class_weight="balanced", max_iter=1000)
                model.fit(vectors[learnt], present[learnt, k])
                said[held_out, k] = model.predict_proba(vectors[held_out])[:, 1]
    return said
