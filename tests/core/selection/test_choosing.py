import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.segmentation.uncertainty import Uncertainty
from core.selection import PLACED, Pool, Strategy, select
from data.classes import CLASS_COUNT
from data.errors import WaferValueError


def uncertainty(key: str, by_class: np.ndarray) -> Uncertainty:
    most = float(by_class.max())
    return Uncertainty(key, most, 0.75 * most, 0.25 * most, most / 2, most / 3, tuple(by_class.tolist()), 7, 40)


def pool_of(count: int, seed: int = 0, labelled: int = 3) -> Pool:
    rng = np.random.default_rng(seed)
    keys = [f"L:W{i:03d}" for i in range(count)]
    return Pool(
        keys,
        [uncertainty(key, rng.random(CLASS_COUNT)) for key in keys],
        rng.standard_normal((count, 6)).astype(np.float32),
        rng.standard_normal((labelled, 6)).astype(np.float32),
        rng.normal(size=count),
    )


@settings(max_examples=12)
@given(st.sampled_from(list(Strategy)), st.integers(0, 30), st.integers(0, 40), st.integers(0, 3), st.integers(0, 9))
def test_every_strategy_gives_as_many_as_asked_none_twice_and_says_why(strategy, size, count, labelled, seed):
    pool = pool_of(size, seed, labelled)
    picks = select(pool, strategy, count, np.random.default_rng(seed))
    assert len(picks) == min(size, count)
    assert len({pick.key for pick in picks}) == len(picks)
    assert {pick.key for pick in picks} <= set(pool.keys)
    assert all(len(pick.reason.split()) > 3 and np.isfinite(pick.score) for pick in picks)
    assert [p.score for p in picks] == sorted((p.score for p in picks), reverse=True)


@pytest.mark.parametrize("strategy", list(Strategy))
def test_the_same_seed_chooses_the_same(strategy):
    one, other = (select(pool_of(40), strategy, 9, np.random.default_rng(3)) for _ in range(2))
    assert one == other


@pytest.mark.parametrize("strategy", [Strategy.ENTROPY, Strategy.BALD, Strategy.MARGIN])
def test_the_most_in_doubt_come_first(strategy):
    pool = pool_of(40)
    measured = {d.key: getattr(d, strategy) for d in pool.uncertainties}
    expected = sorted(measured, key=lambda key: -measured[key])[:9]
    assert [p.key for p in select(pool, strategy, 9, np.random.default_rng(0))] == expected


def test_the_hybrid_lies_between_its_two_ends():
    pool = pool_of(50)
    asked = {w: [p.key for p in select(pool, Strategy.HYBRID, 8, np.random.default_rng(0), weight=w)] for w in (0, 1)}
    assert asked[0] == [p.key for p in select(pool, Strategy.CORESET, 8, np.random.default_rng(0))]
    assert asked[1] == [p.key for p in select(pool, Strategy.ENTROPY, 8, np.random.default_rng(0))]


def test_every_class_in_doubt_is_represented():
    rng = np.random.default_rng(0)
    by_class = 0.9 * np.eye(CLASS_COUNT)[[0] * 80 + list(range(CLASS_COUNT)) * 2] + 0.01 * rng.random((96, CLASS_COUNT))
    pool = Pool([f"L:{i}" for i in range(96)], [uncertainty(f"L:{i}", row) for i, row in enumerate(by_class)])
    picks = select(pool, Strategy.STRATIFIED, CLASS_COUNT, rng, iteration=50)
    assert {int(by_class[pool.keys.index(p.key)].argmax()) for p in picks} == set(range(CLASS_COUNT))


def test_noise_of_the_stratified_choice_decays_from_round_to_round():
    pool = pool_of(200)
    best = {p.key for p in select(pool, Strategy.STRATIFIED, 8, np.random.default_rng(0), iteration=10**6)}

    def kept(iteration):
        drawn = (select(pool, Strategy.STRATIFIED, 8, np.random.default_rng(s), iteration=iteration) for s in range(9))
        return sum(len(best & {p.key for p in picks}) for picks in drawn)

    assert kept(10**6) == 72
    assert kept(1) < kept(30)


def test_random_among_wafers_that_fail_more_than_normal():
    pool = Pool([f"L:{i}" for i in range(40)], excess=np.where(np.arange(40) % 4 == 0, 0.1, -0.1))
    picks = select(pool, Strategy.RANDOM_FAILING, 12, np.random.default_rng(0))
    assert {int(p.key[2:]) % 4 for p in picks[:10]} == {0}
    assert "too few" in picks[10].reason


@pytest.mark.parametrize("strategy", [*sorted(PLACED), Strategy.ENTROPY, Strategy.RANDOM_FAILING])
def test_what_a_strategy_lacks_is_said(strategy):
    with pytest.raises(WaferValueError, match=f"strategy {strategy}: it needs"):
        select(Pool(["L:W1"]), strategy, 1, np.random.default_rng(0))


def test_arrays_of_another_length_are_refused():
    with pytest.raises(WaferValueError, match="1 wafers, but how much more than normal they fail of 2"):
        select(Pool(["L:W1"], excess=np.zeros(2)), Strategy.RANDOM, 1, np.random.default_rng(0))
