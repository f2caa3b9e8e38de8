import json
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from core.active_learning.results import BASELINE, FORMAT, RESULTS, read_results, worth
from data.errors import FormatError


@pytest.fixture
def table(tmp_path):
    rising = [[0.2, 0.5, 0.8], [0.3, 0.6, 0.9]]
    slow = [[0.2, 0.3, 0.4], [0.3, 0.4, 0.5]]
    one = {"score": "mean IoU over dies", "wafers": 9, "labels": [10, 20, 30], "all_labels": [0.8, 0.8], "made_by": "x"}
    path = tmp_path / "played.json"
    path.write_text(json.dumps({"format": FORMAT, "synthetic": {**one, "arms": {"bald": rising, BASELINE: slow}}}))
    return path


def test_arms_are_compared_with_random_seed_by_seed(table):
    best, random = worth(read_results(table)["synthetic"])
    assert (best.arm, random.arm) == ("bald", BASELINE)
    assert (best.area, random.area) == pytest.approx((0.55, 0.35))
    assert (best.against_random.mean, best.against_random.low, best.against_random.high) == pytest.approx((0.2,) * 3)
    assert best.enough == pytest.approx(20 + 10 * (0.76 - 0.55) / 0.3)
    assert (random.enough, random.against_random.mean) == (None, 0)


def test_all_strategies_are_corrected_together_and_random_is_none_of_them(table):
    one = read_results(table)["synthetic"]
    luck = np.array([[0.01], [-0.02], [0.03], [0.0], [0.02]])
    arms = {BASELINE: np.full((5, 3), 0.3), "bald": 0.4 + luck + np.zeros(3), "margin": 0.3 + luck + np.zeros(3)}
    found = {w.arm: w.against_random for w in worth(replace(one, arms=arms))}
    by_bald, by_margin = (stats.ttest_1samp(luck[:, 0] + more, 0).pvalue for more in (0.1, 0.0))
    assert found["bald"].p == pytest.approx(2 * by_bald)
    assert found["margin"].p == pytest.approx(by_margin)
    assert np.isnan(found[BASELINE].p)
    assert [found[arm].certain for arm in ("bald", "margin", BASELINE)] == [True, False, False]


def test_no_table_is_no_curve_and_a_damaged_one_is_said(tmp_path):
    assert read_results(tmp_path / "none.json") == {}
    (tmp_path / "bad.json").write_text('{"format": 99}')
    with pytest.raises(FormatError, match=r"python -m jobs\.simulate_learning"):
        read_results(tmp_path / "bad.json")


@pytest.mark.skipif(not RESULTS.exists(), reason="the table of results is not there")
def test_the_table_beside_the_docs_has_five_seeds_of_every_arm():
    assert "--train wm811k_train.npz --test wm811k_val.npz" in read_results()["real"].made_by
    for played in read_results().values():
        assert {rows.shape for rows in played.arms.values()} == {(len(played.all_labels), len(played.labels))}
        assert len(played.all_labels) >= 5
        assert np.isfinite(np.concatenate(list(played.arms.values()))).all()
