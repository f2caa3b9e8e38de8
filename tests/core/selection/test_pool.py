from dataclasses import replace

import numpy as np
import pytest

from core.segmentation.uncertainty import Uncertainty
from core.selection import select
from core.selection.pool import PLACED, UNSURE, Pool, Strategy
from data.classes import CLASS_COUNT
from data.errors import WaferValueError

KEYS = [f"L:W{n}" for n in range(12)]


def full() -> Pool:
    rng = np.random.default_rng(3)
    entropies = rng.random((len(KEYS), CLASS_COUNT))
    unsure = [
        Uncertainty(key, e.max(), 0.7 * e.max(), 0.3 * e.max(), e.mean(), e.min(), tuple(e), 3, 9)
        for key, e in zip(KEYS, entropies, strict=True)
    ]
    vectors = rng.standard_normal((len(KEYS), 4)).astype(np.float32)
    return Pool(KEYS, unsure, vectors, vectors[:2], rng.normal(size=len(KEYS)))


def needed(strategy: Strategy) -> set[str]:
    """The fields without which a strategy refuses to choose, found by leaving out one at a time."""
    refused = set()
    for name in ("uncertainties", "vectors", "labelled", "excess"):
        try:
            select(replace(full(), **{name: None}), strategy, 3, np.random.default_rng(0))
        except WaferValueError:
            refused.add(name)
    return refused


@pytest.mark.parametrize("strategy", Strategy)
def test_the_tables_name_what_each_strategy_cannot_do_without(strategy):
    expected = {"uncertainties"} if strategy in UNSURE else set()
    expected |= {"vectors"} if strategy in PLACED else set()
    expected |= {"excess"} if strategy is Strategy.RANDOM_FAILING else set()
    assert needed(strategy) == expected


@pytest.mark.parametrize("strategy", Strategy)
def test_a_strategy_chooses_the_same_of_a_pool_that_holds_no_more_than_it_needs(strategy):
    pool = full()
    least = Pool(
        KEYS,
        pool.uncertainties if strategy in UNSURE else None,
        pool.vectors if strategy in PLACED else None,
        pool.labelled if strategy in PLACED else None,
        pool.excess if strategy is Strategy.RANDOM_FAILING else None,
    )
    chosen = [select(one, strategy, 5, np.random.default_rng(2)) for one in (pool, least)]
    assert chosen[0] == chosen[1]
