"""Rounds of labelling played through without people: known labels are handed out as a strategy asks for them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from core.segmentation.uncertainty import Uncertainty, uncertainty
from core.selection import UNSURE, Pool, Strategy, select

PASSES = 6
SURE = 0.9
SELF_TRAINING = "self_training"
"""Random choice, and what the model is sure of on the other wafers counts as a label too."""
ARMS = (*Strategy, SELF_TRAINING)


@dataclass(frozen=True, eq=False)
class Task:
    """Wafers to learn from and wafers to be judged by.

    Args:
        rows: float32 (R, F), what is classified: wafers, or the failing dies of wafers.
        labels: float32 (R, 8) of 0, 1, NaN where nobody knows.
        owner: int (R,), which wafer each row is of, 0 to N - 1, rising.
        vectors: float32 (N, D), what each wafer looks like.
        excess: float (N,), how much more of it fails than is normal.
        test_rows: float32 (S, F).
        test_labels: float32 (S, 8).
        score: name of what is measured: "macro F1 of presence" or "mean IoU over dies".
    """

    rows: NDArray[np.float32]
    labels: NDArray[np.float32]
    owner: NDArray[np.intp]
    vectors: NDArray[np.float32]
    excess: NDArray[np.floating]
    test_rows: NDArray[np.float32]
    test_labels: NDArray[np.float32]
    score: str

    @property
    def wafers(self) -> int:
        """Count the wafers to learn from."""
        return len(self.vectors)


class Trained(Protocol):
    """A trained network."""

    def __call__(self, rows: NDArray[np.float32], passes: int) -> NDArray[np.float32]:
        """Return probabilities (passes, R, 8) with dropout; of 0 passes (1, R, 8) without."""


Fit = Callable[[NDArray[np.float32], NDArray[np.float32], int], Trained]
"""Trains on rows (R, F) and labels (R, 8) from a seed."""


@dataclass(frozen=True)
class Plan:
    """How the rounds go.

    Args:
        start: wafers labelled before the first choice, drawn at random, the same for every arm of a seed.
        batch: wafers a round.
        rounds: choices in all.
    """

    start: int
    batch: int
    rounds: int

    @property
    def labelled(self) -> list[int]:
        """Wafers with a label at each measurement."""
        return [self.start + n * self.batch for n in range(self.rounds + 1)]


def play(task: Task, plan: Plan, arm: str, fit: Fit, seed: int) -> Iterator[float]:
    """Play the rounds of one arm.

    Args:
        task: what is learnt.
        plan: how many labels when.
        arm: one of ARMS.
        fit: trains the network, anew each round.
        seed: of the start, of chance in choosing, of training.

    Yields:
        The score after the start and after each round.
    """
    start = np.random.default_rng((seed, 1)).permutation(task.wafers)[: plan.start]
    rng = np.random.default_rng((seed, 2))
    labelled = np.zeros(task.wafers, dtype=bool)
    labelled[start] = True
    for n in range(plan.rounds + 1):
        known = labelled[task.owner]
        trained = fit(task.rows[known], task.labels[known], seed * 1000 + n)
        if arm == SELF_TRAINING:
            rows, labels = _with_own_labels(task, known, trained)
            trained = fit(rows, labels, seed * 1000 + n)
        yield score(trained(task.test_rows, 0)[0], task.test_labels, task.score)
        if n < plan.rounds:
            strategy = Strategy.RANDOM if arm == SELF_TRAINING else Strategy(arm)
            labelled[_choose(task, labelled, strategy, plan.batch, trained, rng, n + 1)] = True


def score(probabilities: NDArray[np.float32], labels: NDArray[np.float32], name: str) -> float:
    """Score answers, mean over the classes that occur; counts are pooled over all rows first.

    Args:
        probabilities: float32 (S, 8).
        labels: float32 (S, 8) of 0, 1, NaN where nobody knows.
        name: "mean IoU over dies", or another for F1.
    """
    known = ~np.isnan(labels)
    said, true = (probabilities >= 0.5) & known, (labels == 1) & known
    hit, wrong = (said & true).sum(axis=0), (said ^ true).sum(axis=0)
    occurs = true.any(axis=0)
    twice = 1 if "IoU" in name else 2
    return float((twice * hit[occurs] / (twice * hit[occurs] + wrong[occurs])).mean())


def _choose(
    task: Task,
    labelled: NDArray[np.bool_],
    strategy: Strategy,
    count: int,
    trained: Trained,
    rng: np.random.Generator,
    iteration: int,
) -> NDArray[np.intp]:
    free = np.flatnonzero(~labelled)
    keys = [str(i) for i in free]
    uncertainties = _uncertainties(task, ~labelled[task.owner], free, trained) if strategy in UNSURE else None
    pool = Pool(keys, uncertainties, task.vectors[free], task.vectors[labelled], task.excess[free])
    return np.array([int(pick.key) for pick in select(pool, strategy, count, rng, iteration=iteration)], dtype=np.intp)


def _uncertainties(task: Task, rows: NDArray[np.bool_], free: NDArray[np.intp], trained: Trained) -> list[Uncertainty]:
    samples = trained(task.rows[rows], PASSES).transpose(0, 2, 1)[:, :, None]
    starts, ends = (np.searchsorted(task.owner[rows], free, side=side) for side in ("left", "right"))
    return [
        uncertainty(str(i), samples[..., a:b], np.ones((1, b - a), dtype=bool))
        for i, a, b in zip(free, starts, ends, strict=True)
    ]


def _with_own_labels(
    task: Task, known: NDArray[np.bool_], trained: Trained
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """People's labels, and the model's where it is at least 90 % sure.

    People's rows are repeated to be as many as the model's: what is known must not drown in what is thought.
    """
    said = trained(task.rows[~known], 0)[0]
    own = np.where(said >= SURE, 1, np.where(said <= 1 - SURE, 0, np.nan)).astype(np.float32)
    repeat = np.resize(np.flatnonzero(known), max(int((~known).sum()), int(known.sum())))
    return np.concatenate([task.rows[repeat], task.rows[~known]]), np.concatenate([task.labels[repeat], own])
