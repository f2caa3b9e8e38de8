from datetime import timedelta

import numpy as np
import pytest
from scipy import stats

from core.lake import Lake, WaferFilter
from core.trends.lot_history import LEAST_HISTORY, beyond, current_lots, lot_scores
from core.trends.series import Measure, Period, Subject, series
from tests.core.lake_examples import START, drawn, found_on

LOTS, WAFERS = 24, 10


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    """24 lots of two products; the last lot of the first is scratched on every wafer."""
    lake = Lake(tmp_path_factory.mktemp("lots"))
    rng = np.random.default_rng(5)
    results = []
    for n in range(LOTS * WAFERS):
        lot = n // WAFERS
        share = 0.95 if lot == LOTS - 2 else 0.25
        wafer = drawn(
            n,
            lot_id=f"L{lot:02d}",
            wafer_id=f"W{n % WAFERS}",
            product=("A", "B")[lot % 2],
            tested_at=START + timedelta(days=lot, minutes=n),
        )
        results.append(found_on(wafer, *(("scratch",) if rng.random() < share else ()), seed=n))
    lake.append_wafers(result.wafer for result in results)
    lake.append_results(results)
    return lake


@pytest.mark.parametrize("measure", [Measure.DIES, Measure.SHARE])
def test_scores_equal_the_textbooks_over_the_earlier_lots_of_the_product(lake, measure):
    lots = series(lake, WaferFilter(), Subject(("scratch",)), Period.LOT)
    scores = lot_scores(lake, WaferFilter(), Subject(("scratch",)), measure)
    for at, row in enumerate(scores.to_dict("records")):
        earlier = lots[:at][lots["product"][:at] == row["product"]]
        values = earlier[measure.value].to_numpy()
        assert row["history_lots"] == len(earlier)
        if len(earlier) < LEAST_HISTORY:
            assert np.isnan([row["z"], row["p"]]).all()
            assert not row["beyond"]
            continue
        sd = values.std(ddof=1)
        if measure is Measure.SHARE:
            likely = (earlier["affected"].sum() + 0.5) / (earlier["wafers"].sum() + 1)
            sd = max(sd, np.sqrt(likely * (1 - likely) / row["wafers"]))
        z = (row["value"] - values.mean()) / sd
        t = z / np.sqrt(1 + 1 / len(values))
        assert row["z"] == pytest.approx(z, rel=1e-9)
        assert row["p"] == pytest.approx(2 * stats.t(len(values) - 1).sf(abs(t)), rel=1e-9)
        assert row["beyond"] == (abs(z) > 2)


def test_the_scratched_lot_is_current_and_beyond(lake):
    scores = lot_scores(lake, WaferFilter(), Subject(("scratch",)), Measure.SHARE)
    current = current_lots(scores)
    assert current["period"].tolist() == ["L23", "L22"]
    assert current["beyond"].tolist() == [False, True]
    assert beyond(scores)["period"].iloc[0] == "L22"


def test_a_history_without_any_does_not_make_one_wafer_an_outlier_of_infinite_z(lake):
    scores = lot_scores(lake, WaferFilter(), Subject(("ring",)), Measure.SHARE)
    assert np.isfinite(scores["z"].dropna()).all()
    assert not scores["beyond"].any()


def test_an_empty_lake_has_no_lots(tmp_path):
    assert lot_scores(Lake(tmp_path), WaferFilter(), Subject(), Measure.SHARE).empty
