from datetime import timedelta

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from core.analysis.result import WaferResult
from core.comparison.commonality import COLUMNS, MOST_VALUES, commonality, suspects, words
from core.lake import Lake, WaferFilter
from core.segmentation import Segmentation
from core.severity import severity
from core.statistics.significance import benjamini_hochberg, odds
from core.trends.series import Subject
from data.classes import CLASS_KEYS
from data.synthesis.fab import (
    DAYS,
    DRIFT_FROM_DAY,
    DRIFTING_CHAMBER,
    LAST_DAY,
    RETICLE_FROM_DAY,
    RETICLE_PRODUCT,
    SCRATCHING_DAYS,
    SCRATCHING_TOOL,
    demo_fab,
)
from tests.core.lake_examples import drawn, found_on

SCRATCH = Subject(("scratch",))


def day(number):
    return LAST_DAY - timedelta(days=DAYS - number)


@pytest.fixture(scope="module")
def fab(tmp_path_factory):
    """The demo fab with its true masks in place of what a model finds."""
    lake = Lake(tmp_path_factory.mktemp("fab"))
    drawn_wafers = [one for one in demo_fab() if one.wafer.tested_at >= day(DRIFT_FROM_DAY)]
    lake.append_wafers(one.wafer for one in drawn_wafers)
    presence = np.zeros(len(CLASS_KEYS), dtype=np.float32)
    lake.append_results(
        WaferResult(
            one.wafer,
            Segmentation(one.wafer.key, one.masks.astype(np.float32), one.masks, presence, "truth"),
            [],
            severity([], one.wafer),
        )
        for one in drawn_wafers
    )
    return lake


@pytest.mark.slow
@pytest.mark.parametrize(
    ("class_key", "days", "attribute", "value"),
    [
        ("scratch", SCRATCHING_DAYS, "cmp_tool", SCRATCHING_TOOL),
        ("etching", (DRIFT_FROM_DAY, DAYS), "etch_chamber", DRIFTING_CHAMBER),
        ("lithography", (RETICLE_FROM_DAY, DAYS), "product", RETICLE_PRODUCT),
    ],
)
def test_each_story_of_the_demo_fab_is_found_first(fab, class_key, days, attribute, value):
    found = commonality(fab, WaferFilter(since=day(days[0]), until=day(days[1])), Subject((class_key,)))
    first = suspects(found).iloc[0]
    assert (first["attribute"], first["value"]) == (attribute, value)
    assert first["q"] < 1e-6
    assert first["lot_q"] < 0.01
    assert first["low"] > 5


@pytest.mark.slow
def test_after_the_scratches_no_tool_is_accused_by_lots(fab):
    found = commonality(fab, WaferFilter(since=day(SCRATCHING_DAYS[1])), SCRATCH)
    assert not (suspects(found)["lot_q"] < 0.05).any()


CHAMBERS = ("A", "B", "C")


@pytest.fixture(scope="module")
def results():
    """Eight lots; the tool varies within lots and is missing on some wafers; chamber B scratches."""
    rng = np.random.default_rng(3)
    found = []
    for n in range(160):
        chamber = CHAMBERS[int(rng.integers(3))]
        history = {"etch": chamber, "slot": str(n % 20), "serial": str(n), "site": "one"}
        if n % 7 == 0:
            history["etch"] = ""
        wafer = drawn(n, lot_id=f"L{n // 20}", wafer_id=f"W{n % 20}", attributes=history)
        hit = rng.random() < (0.7 if chamber == "B" else 0.2)
        found.append(found_on(wafer, *(("scratch",) if hit else ()), seed=n))
    return found


@pytest.fixture(scope="module")
def lake(results, tmp_path_factory):
    lake = Lake(tmp_path_factory.mktemp("commonality"))
    lake.append_wafers(result.wafer for result in results)
    lake.append_results(results[:150])
    return lake


def said_of(wafer):
    return {**wafer.attributes, "product": wafer.product, "test_program": wafer.test_program}


def lot_p(groups):
    """Pooled shares of two lists of lots, (affected, wafers) each, by the ratio estimator as it is written in books."""
    if min(map(len, groups)) < 2:
        return np.nan
    shares, variances = [], []
    for lots in groups:
        k, n = np.array(lots, dtype=float).T
        share = k.sum() / n.sum()
        shares.append(share)
        variances.append(((k - share * n) ** 2).sum() / (len(n) - 1) / len(n) / n.mean() ** 2)
    t = (shares[0] - shares[1]) / np.sqrt(sum(variances))
    return 2 * stats.t(min(map(len, groups)) - 1).sf(abs(t))


def test_every_value_is_counted_against_all_other_wafers(lake, results):
    found = commonality(lake, WaferFilter(), SCRATCH)
    done = [(r.wafer, "scratch" in r.segmentation.classes_present) for r in results[:150]]
    assert (found.wafers, found.affected, found.lots) == (150, sum(hit for _, hit in done), 8)
    assert tuple(found.table) == COLUMNS
    for row in found.table.to_dict("records"):
        inside = [(w, hit) for w, hit in done if said_of(w).get(row["attribute"]) == row["value"]]
        outside = [(w, hit) for w, hit in done if said_of(w).get(row["attribute"]) != row["value"]]
        k, n = sum(hit for _, hit in inside), len(inside)
        rest = sum(hit for _, hit in outside)
        assert (row["affected"], row["wafers"], row["affected_rest"], row["wafers_rest"]) == (k, n, rest, 150 - n)
        expected = odds(k, n - k, rest, 150 - n - rest)
        assert (row["ratio"], row["low"], row["high"], row["p"]) == pytest.approx(
            (expected.ratio, expected.low, expected.high, expected.p)
        )
        groups = []
        for side in (inside, outside):
            lots = {w.lot_id: [hit for other, hit in side if other.lot_id == w.lot_id] for w, _ in side}
            groups.append([(sum(hits), len(hits)) for hits in lots.values()])
        assert row["lots"] == len(groups[0])
        assert row["affected_lots"] == sum(hits > 0 for hits, _ in groups[0])
        assert row["lot_p"] == pytest.approx(lot_p(groups), rel=1e-6, nan_ok=True)
    assert found.table["q"].to_numpy() == pytest.approx(benjamini_hochberg(found.table["p"]))


def test_the_scratching_chamber_stands_first(lake):
    assert suspects(commonality(lake, WaferFilter(), SCRATCH)).loc[0, "value"] == "B"


def test_more_often_affected_values_stand_before_the_others_surest_first(lake):
    table = commonality(lake, WaferFilter(), SCRATCH).table
    more = table["ratio"] > 1
    assert more.is_monotonic_decreasing
    for part in (table[more], table[~more]):
        assert part["p"].is_monotonic_increasing


def test_what_has_one_value_or_too_many_or_is_a_position_is_left_out(lake, results):
    found = commonality(lake, WaferFilter(), SCRATCH)
    assert set(found.table["attribute"]) == {"etch", "product", "test_program", "serial"}
    assert found.left_out == {"site": 1}
    assert "slot" in set(commonality(lake, WaferFilter(), SCRATCH, positions=True).table["attribute"])
    many = Lake("memory://many-values")
    wafers = [drawn(n, attributes={"serial": str(n)}) for n in range(MOST_VALUES + 1)]
    many.append_wafers(wafers)
    many.append_results(found_on(wafer, seed=n) for n, wafer in enumerate(wafers))
    assert commonality(many, WaferFilter(), SCRATCH).left_out == {"serial": MOST_VALUES + 1}


def test_looking_at_slots_too_changes_nothing_about_the_other_attributes(lake):
    without, beside = (commonality(lake, WaferFilter(), SCRATCH, positions=positions) for positions in (False, True))
    others = beside.table[beside.table["attribute"] != "slot"].drop(columns=["q", "lot_q"])
    pd.testing.assert_frame_equal(others.reset_index(drop=True), without.table.drop(columns=["q", "lot_q"]))


def test_a_value_in_a_single_lot_has_no_p_value_by_lots(lake):
    table = commonality(lake, WaferFilter(lot=["L0", "L1"]), SCRATCH).table
    serials = table[table["attribute"] == "serial"]
    assert len(serials) == 40
    assert serials["lot_p"].isna().all()


def test_an_empty_lake_shares_nothing(tmp_path):
    found = commonality(Lake(tmp_path), WaferFilter(), SCRATCH)
    assert (found.wafers, found.affected, found.lots, found.left_out) == (0, 0, 0, {})
    assert found.table.empty


def test_a_value_is_said_with_both_shares():
    values = ("etch_chamber", "B", 5, 10, 0, 0, 1234.5, 0.0123, 99999.0, 0.1, 0.2, 2, 2, 0.3, 0.4)
    assert words(dict(zip(COLUMNS, values, strict=True))) == (
        "etch chamber B: 5 of 10 wafers affected (50 %), 0 of 0 others (–); odds 1,234 times (0.0123 to 99,999)"
    )
