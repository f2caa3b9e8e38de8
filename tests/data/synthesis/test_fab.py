from collections import Counter
from functools import cache
from itertools import islice

import numpy as np
import pytest
from scipy.stats import fisher_exact

from data.classes import CLASS_INDEX
from data.synthesis import SyntheticWafer
from data.synthesis.fab import (
    DAYS,
    DRIFT_FROM_DAY,
    DRIFTING_CHAMBER,
    ETCH_CHAMBERS,
    LAST_DAY,
    PRODUCTS,
    RETICLE_FROM_DAY,
    RETICLE_PRODUCT,
    SCRATCHING_DAYS,
    SCRATCHING_TOOL,
    demo_fab,
)

Row = tuple[SyntheticWafer, float]


@cache
def fab() -> tuple[Row, ...]:
    """Every wafer of the demo fab with the day it was tested on, counted from the first."""
    return tuple((drawn, _day(drawn)) for drawn in demo_fab())


def _day(drawn: SyntheticWafer) -> float:
    return DAYS - (LAST_DAY - drawn.wafer.tested_at).total_seconds() / 86_400


def odds(rows: list[Row], key: str, suspect) -> tuple[float, float]:
    """Odds ratio and one-sided p of Fisher's exact test that suspects show a class more often than the others."""
    table = [[0, 0], [0, 0]]
    for row in rows:
        table[0 if suspect(row) else 1][0 if row[0].masks[CLASS_INDEX[key]].any() else 1] += 1
    ratio, p = fisher_exact(table, alternative="greater")
    return float(ratio), float(p)


def between(first: float, last: float) -> list[Row]:
    return [row for row in fab() if first <= row[1] < last]


def attribute(name: str, value: str):
    return lambda row: row[0].wafer.attributes[name] == value


def product(name: str):
    return lambda row: row[0].wafer.product == name


@pytest.mark.slow
def test_the_same_seed_is_the_same_fab_and_another_is_another():
    for one, (other, _) in zip(islice(demo_fab(), 60), fab(), strict=False):
        assert one.wafer.key == other.wafer.key
        assert np.array_equal(one.wafer.dies, other.wafer.dies)
        assert np.array_equal(one.masks, other.masks)
    stranger = next(demo_fab(seed=1))
    assert not np.array_equal(stranger.wafer.dies, fab()[0][0].wafer.dies)


def test_two_thousand_wafers_are_80_lots_of_25():
    lots = Counter(drawn.wafer.lot_id for drawn, _ in fab())
    assert len(lots) == 80
    assert set(lots.values()) == {25}
    assert len({drawn.wafer.key for drawn, _ in fab()}) == 2000


def test_a_part_of_a_lot_is_drawn_where_the_number_does_not_divide():
    lots = Counter(drawn.wafer.lot_id for drawn in demo_fab(wafers=30))
    assert list(lots.values()) == [25, 5]


def test_lots_come_oldest_first_within_26_weeks():
    days = [day for _, day in fab()]
    assert days[::25] == sorted(days[::25])
    assert days[0] >= 0
    assert days[-1] < DAYS + 1


def test_a_lot_is_one_product_on_one_scanner_and_its_wafers_run_through_every_etch_chamber():
    by_lot: dict[str, list[SyntheticWafer]] = {}
    for drawn, _ in fab():
        by_lot.setdefault(drawn.wafer.lot_id, []).append(drawn)
    for lot in by_lot.values():
        assert len({(d.wafer.product, d.wafer.attributes["litho_tool"]) for d in lot}) == 1
        assert {d.wafer.attributes["etch_chamber"] for d in lot} == set(ETCH_CHAMBERS)
        assert [d.wafer.attributes["slot"] for d in lot] == [str(slot) for slot in range(1, 26)]
    assert {d.wafer.product for d, _ in fab()} == {p.name for p in PRODUCTS}


def test_wafers_know_their_pitch_and_fill_300_mm():
    for drawn, _ in fab()[::50]:
        grid = next(p.grid for p in PRODUCTS if p.name == drawn.wafer.product)
        assert drawn.wafer.dies.shape == grid
        assert np.multiply(drawn.wafer.die_pitch_mm, grid) == pytest.approx([300, 300])


def test_masks_are_failing_dies():
    assert not any((drawn.masks & ~drawn.wafer.failing).any() for drawn, _ in fab())


def test_one_polisher_scratches_for_two_weeks_and_at_no_other_time():
    first, last = SCRATCHING_DAYS
    ratio, p = odds(between(first, last), "scratch", attribute("cmp_tool", SCRATCHING_TOOL))
    assert ratio > 20
    assert p < 1e-9
    ordinary = between(0, first) + between(last, DAYS + 1)
    assert odds(ordinary, "scratch", attribute("cmp_tool", SCRATCHING_TOOL))[1] > 0.01


def test_one_etch_chamber_drifts_and_the_longer_the_more():
    suspect = attribute("etch_chamber", DRIFTING_CHAMBER)
    ratio, p = odds(between(DRIFT_FROM_DAY, DAYS + 1), "etching", suspect)
    assert ratio > 20
    assert p < 1e-20
    assert odds(between(0, DRIFT_FROM_DAY), "etching", suspect)[1] > 0.01
    late = [row for row in between(DRIFT_FROM_DAY, DAYS + 1) if suspect(row)]
    middle = (DRIFT_FROM_DAY + DAYS) / 2
    ratio, p = odds(late, "etching", lambda row: row[1] > middle)
    assert ratio > 2
    assert p < 0.01


def test_the_drift_gets_stronger_too():
    k = CLASS_INDEX["etching"]
    late = [
        (day, drawn.masks[k].sum() / drawn.wafer.tested_count)
        for drawn, day in between(DRIFT_FROM_DAY, DAYS + 1)
        if drawn.wafer.attributes["etch_chamber"] == DRIFTING_CHAMBER and drawn.masks[k].any()
    ]
    days, shares = np.array(late).T
    assert np.corrcoef(days, shares)[0, 1] > 0.4


def test_one_product_s_reticle_is_bad_from_a_day_on():
    ratio, p = odds(between(RETICLE_FROM_DAY, DAYS + 1), "lithography", product(RETICLE_PRODUCT))
    assert ratio > 50
    assert p < 1e-20
    assert odds(between(0, RETICLE_FROM_DAY), "lithography", product(RETICLE_PRODUCT))[1] > 0.01


def test_the_bad_reticle_fails_the_same_die_of_every_field():
    k = CLASS_INDEX["lithography"]
    field = next(p.reticle for p in PRODUCTS if p.name == RETICLE_PRODUCT)
    total = np.zeros(field)
    for drawn, _ in filter(product(RETICLE_PRODUCT), between(RETICLE_FROM_DAY, DAYS + 1)):
        rows, columns = np.nonzero(drawn.masks[k])
        np.add.at(total, (rows % field[0], columns % field[1]), 1)
    assert total.max() / total.sum() > 0.8


def test_every_class_is_there_without_a_story_too_and_most_wafers_have_none():
    quiet = between(0, DRIFT_FROM_DAY)
    shown = Counter(key for drawn, _ in quiet for key in drawn.classes_present)
    assert set(shown) == set(CLASS_INDEX)
    assert 0.7 < np.mean([not drawn.classes_present for drawn, _ in quiet]) < 0.95
