"""Which wafers to label next, each with a score and a reason in words."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from core.segmentation.uncertainty import Uncertainty
from core.selection.covering import farthest_first, typical_first
from core.selection.pool import PLACED, UNSURE, Pick, Pool, Strategy
from data.classes import CLASSES
from data.counting_words import counted
from data.errors import WaferValueError

UNCERTAINTY_WEIGHT = 0.7
NAMES = [c.name.lower() for c in CLASSES]
_Chosen = list[tuple[int, float, str]]


def select(
    pool: Pool,
    strategy: Strategy,
    count: int,
    rng: np.random.Generator,
    *,
    iteration: int = 1,
    weight: float = UNCERTAINTY_WEIGHT,
) -> list[Pick]:
    """Choose wafers to label, no wafer twice.

    Args:
        pool: to choose from.
        strategy: how.
        count: how many; of a smaller pool all.
        rng: what is left to chance.
        iteration: round of labelling, from 1; noise decays with it.
        weight: of uncertainty against diversity in the hybrid, 0 to 1.

    Returns:
        Picks, first to label first, scores never rising.

    Raises:
        WaferValueError: the pool lacks what the strategy asks for.

    Example:
        >>> picks = select(Pool(["L:W1", "L:W2"]), Strategy.RANDOM, 1, np.random.default_rng(0))
        >>> len(picks), picks[0].reason
        (1, 'drawn at random among 2 wafers without a label')
    """
    _check(pool, strategy)
    chosen = _WAYS[strategy](pool, min(count, len(pool.keys)), rng, iteration, weight)
    return [Pick(pool.keys[i], score, reason) for i, score, reason in chosen]


def _check(pool: Pool, strategy: Strategy) -> None:
    wanted = {
        "how unsure the model is": (pool.uncertainties, strategy in UNSURE),
        "what the wafers look like": (pool.vectors, strategy in PLACED),
        "how much more than normal they fail": (pool.excess, strategy is Strategy.RANDOM_FAILING),
    }
    for what, (given, needed) in wanted.items():
        if needed and given is None:
            raise WaferValueError(f"strategy {strategy}", f"it needs {what}", "Give it with the pool.")
        if given is not None and len(given) != len(pool.keys):
            raise WaferValueError(
                f"strategy {strategy}", f"{len(pool.keys)} wafers, but {what} of {len(given)}", "Give one a wafer."
            )


def _by_uncertainty(measure: Callable[[Uncertainty], float], words: Callable[[Uncertainty], str]) -> "_Way":
    def way(pool: Pool, count: int, rng: np.random.Generator, iteration: int, weight: float) -> _Chosen:
        uncertainties = pool.uncertainties or []
        scores = [measure(d) for d in uncertainties]
        order = sorted(range(len(scores)), key=lambda i: (-scores[i], pool.keys[i]))
        return [(i, scores[i], words(uncertainties[i])) for i in order[:count]]

    return way


def _unsure(d: Uncertainty) -> str:
    mostly = "the passes disagree" if d.epistemic > d.aleatoric else "the dies are ambiguous"
    return f"{_entropy_words(d)}, mostly because {mostly}"


def _entropy_words(d: Uncertainty) -> str:
    return f"unsure of {_name(d)} on {d.dies} of {d.failing} failing dies (entropy {d.entropy:.2f} bit)"


def _name(d: Uncertainty) -> str:
    return NAMES[int(np.argmax(d.by_class))]


def _coreset(pool: Pool, count: int, rng: np.random.Generator, iteration: int, weight: float) -> _Chosen:
    chosen, distances, scores = farthest_first(_vectors(pool), pool.labelled, count)
    return [(i, s, _far(d)) for i, d, s in zip(chosen, distances, _falling(scores), strict=True)]


def _hybrid(pool: Pool, count: int, rng: np.random.Generator, iteration: int, weight: float) -> _Chosen:
    uncertainties = pool.uncertainties or []
    entropy = np.array([d.entropy for d in uncertainties])
    chosen, distances, scores = farthest_first(_vectors(pool), pool.labelled, count, entropy, weight)
    return [
        (i, s, f"{_entropy_words(uncertainties[i])}; {_far(d)}")
        for i, d, s in zip(chosen, distances, _falling(scores), strict=True)
    ]


def _far(distance: float) -> str:
    if np.isinf(distance):
        return "in the middle of all wafers, where nothing is labelled yet"
    return f"unlike all that is labelled or chosen: {distance:.2f} from the nearest (0 the same, 1.41 unrelated)"


def _stratified(pool: Pool, count: int, rng: np.random.Generator, iteration: int, weight: float) -> _Chosen:
    """Class by class the most uncertain, as if its entropy were raised to a power and drawn by: little noise later.

    Source: Kirsch et al., "Stochastic Batch Acquisition", TMLR 2023; ClaSP PE, arXiv 2601.13677.
    """
    uncertainties = pool.uncertainties or []
    by_class = np.array([d.by_class for d in uncertainties]).reshape(len(uncertainties), len(NAMES))
    with np.errstate(divide="ignore"):
        noisy = np.log(by_class) + rng.gumbel(size=by_class.shape) / iteration
    queues = [list(np.lexsort((rng.random(len(uncertainties)), -noisy[:, k]))) for k in range(len(NAMES))]
    # The class with the most uncertainty in sum begins each turn.
    turn = [int(k) for k in np.argsort(-by_class.sum(axis=0), kind="stable")]
    chosen: dict[int, str] = {}
    while len(chosen) < count:
        for k in turn:
            while queues[k] and queues[k][0] in chosen:
                queues[k].pop(0)
            if queues[k] and len(chosen) < count:
                i = int(queues[k].pop(0))
                chosen[i] = f"drawn in the turn of {NAMES[k]}, of which the model is unsure by {by_class[i, k]:.2f} bit"
    return [(i, float(count - n) / count, reason) for n, (i, reason) in enumerate(chosen.items())]


def _typical(pool: Pool, count: int, rng: np.random.Generator, iteration: int, weight: float) -> _Chosen:
    found = typical_first(_vectors(pool), pool.labelled, count, int(rng.integers(2**31)))
    return [
        (
            i,
            float(count - n) / count,
            f"the most typical left of a group of {counted(size, 'wafer that looks', 'wafers that look')} alike",
        )
        for n, (i, _, size) in enumerate(found)
    ]


def _random(pool: Pool, count: int, rng: np.random.Generator, iteration: int, weight: float) -> _Chosen:
    order = rng.permutation(len(pool.keys))[:count]
    reason = f"drawn at random among {len(pool.keys):,} wafers without a label"
    return [(int(i), 0.0, reason) for i in order]


def _random_failing(pool: Pool, count: int, rng: np.random.Generator, iteration: int, weight: float) -> _Chosen:
    excess = np.asarray(pool.excess)
    above, rest = np.flatnonzero(excess > 0), np.flatnonzero(excess <= 0)
    order = [*rng.permutation(above), *rng.permutation(rest)][:count]
    reason = f"drawn at random among {len(above):,} wafers that fail more than is normal for their product"
    short = "drawn at random: too few wafers fail more than is normal for their product"
    return [(int(i), float(excess[i] > 0), reason if excess[i] > 0 else short) for i in order]


def _vectors(pool: Pool) -> NDArray[np.float32]:
    return np.zeros((0, 1), dtype=np.float32) if pool.vectors is None else pool.vectors


def _falling(scores: list[float]) -> list[float]:
    """Scores that never rise in the order of choice, which is what the queue goes by."""
    return [float(s) for s in np.minimum.accumulate(scores)] if scores else []


_Way = Callable[[Pool, int, np.random.Generator, int, float], _Chosen]
_WAYS: dict[Strategy, _Way] = {
    Strategy.ENTROPY: _by_uncertainty(lambda d: d.entropy, _unsure),
    Strategy.BALD: _by_uncertainty(
        lambda d: d.bald, lambda d: f"the passes disagree by {d.bald:.2f} bit; {_entropy_words(d)}"
    ),
    Strategy.MARGIN: _by_uncertainty(
        lambda d: d.margin, lambda d: f"the two likeliest answers are {1 - d.margin:.2f} apart; {_entropy_words(d)}"
    ),
    Strategy.CORESET: _coreset,
    Strategy.HYBRID: _hybrid,
    Strategy.STRATIFIED: _stratified,
    Strategy.TYPICAL: _typical,
    Strategy.RANDOM: _random,
    Strategy.RANDOM_FAILING: _random_failing,
}
