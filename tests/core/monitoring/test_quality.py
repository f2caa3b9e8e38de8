from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import average_precision_score, precision_recall_curve

from core.evaluation.metrics import Counts
from core.monitoring.judging import COLUMNS, LEVELS, Judged, Scope, judge
from core.monitoring.quality import (
    CalendarPeriod,
    ab_comparison,
    average_precision,
    by_model,
    confusion_table,
    curve,
    scores,
    trend,
)
from tests.core.monitoring.examples import all_failing, case, keep, rows


def judged_levels(right, wrong):
    """What was judged, known only by the probabilities of edge."""
    levels = np.zeros((2, 8, LEVELS), dtype=np.int64)
    levels[0, 0], levels[1, 0] = np.bincount(right, minlength=LEVELS), np.bincount(wrong, minlength=LEVELS)
    empty = np.zeros((0, 9), dtype=np.int64)
    return Judged(pd.DataFrame(), Counts(empty, empty, empty), np.zeros((9, 9), dtype=np.int64), levels)


def test_points_are_days_weeks_and_months_of_the_test(lake, database):
    days = ((1, 2), (2, 2), (8, 4), (9, 4))  # a Sunday, a Monday, a Sunday, a Monday, and rows that were found
    keep(
        lake,
        database,
        *(
            case(
                all_failing(n, tested_at=datetime(2026, 3, day, 12, tzinfo=UTC)), rows(edge=(0, 2)), rows(edge=(0, end))
            )
            for n, (day, end) in enumerate(days)
        ),
    )
    found = judge(lake, database, Scope())

    def points(period):
        table = trend(found, period)
        table = table[table["class"] == "edge"]
        return list(zip(table["period"].dt.strftime("%m-%d"), table["wafers"], table["iou"], strict=True))

    assert points(CalendarPeriod.DAY) == [("03-01", 1, 1.0), ("03-02", 1, 1.0), ("03-08", 1, 0.5), ("03-09", 1, 0.5)]
    assert points(CalendarPeriod.WEEK) == [("02-23", 1, 1.0), ("03-02", 2, 48 / 72), ("03-09", 1, 0.5)]
    assert points(CalendarPeriod.MONTH) == [("03-01", 4, 96 / 144)]


def test_scores_are_those_of_pooled_dies_and_undefined_ones_are_not_zero(lake, database):
    truth, found = rows(edge=(0, 2)), (rows(edge=(0, 2)), rows(edge=(0, 3)))
    keep(lake, database, *(case(all_failing(n), truth, found[n % 2]) for n in range(6)))
    table = scores(judge(lake, database, Scope()).counts).set_index("class")
    assert table.loc["edge", ["wafers", "true_dies"]].tolist() == [6, 144]
    assert table.loc["edge", "iou"] == 144 / 180
    assert table.loc["edge", "precision"] == 144 / 180
    assert table.loc["edge", "recall"] == 1
    assert table.loc["edge", "low"] < 0.8 < table.loc["edge", "high"]
    assert table.loc["ring", ["iou", "precision", "recall", "low"]].isna().all()
    assert table.loc["overall", "iou"] == table.loc["edge", "iou"]


def test_few_wafers_get_no_interval():
    one = np.ones((4, 9), dtype=np.int64)
    assert scores(Counts(one, one, one))["low"].isna().all()


def test_a_curve_is_that_of_scikit_learn():
    rng = np.random.default_rng(4)
    right, wrong = rng.integers(100, LEVELS, 300), rng.integers(0, 200, 700)
    found = curve(judged_levels(right, wrong), "edge")
    truth, said = np.repeat([1, 0], [300, 700]), np.concatenate([right, wrong]) / (LEVELS - 1)
    precision, recall, thresholds = precision_recall_curve(truth, said)
    assert found["threshold"].tolist() == pytest.approx(thresholds[::-1])
    assert found["precision"].tolist() == pytest.approx(precision[-2::-1])
    assert found["recall"].tolist() == pytest.approx(recall[-2::-1])
    assert average_precision(found) == pytest.approx(average_precision_score(truth, said))


def test_a_class_without_true_dies_has_no_curve():
    found = curve(judged_levels([], [3, 4]), "edge")
    assert found.empty
    assert np.isnan(average_precision(found))


def test_models_are_scored_on_their_own_wafers_and_compared(lake, database):
    made = [("net@2", 3), ("net@1", 4), ("net@2", 4), ("net@1", 4)]
    keep(
        lake,
        database,
        *(
            case(all_failing(n), rows(edge=(0, 2)), rows(edge=(0, made[n % 4][1])), model=made[n % 4][0])
            for n in range(24)
        ),
    )
    found = judge(lake, database, Scope())
    table = by_model(found).set_index("model")
    assert table["labelled"].tolist() == [12, 12]
    assert table.loc["net@1", "iou"] == 0.5
    assert table.loc["net@1", "mean_f1"] == pytest.approx(2 / 3)
    assert table.loc["net@2", "iou"] == pytest.approx(24 * 12 / (6 * 3 * 12 + 6 * 4 * 12))
    between = ab_comparison(found, "net@1", "net@2")
    edge = COLUMNS.index("edge")
    assert between.change[edge] == pytest.approx(24 / 42 - 0.5)
    assert between.interval[edge, 0] < between.change[edge] < between.interval[edge, 1]
    assert between.interval[edge, 0] >= 0
    assert ab_comparison(found, "net@1", "net@3") is None


def test_two_wafers_make_no_score_of_a_model(lake, database):
    truth = rows(edge=(0, 2))
    keep(lake, database, *(case(all_failing(n), truth, truth, model="net@1" if n < 10 else "net@2") for n in range(12)))
    table = by_model(judge(lake, database, Scope())).set_index("model")
    assert table["labelled"].to_dict() == {"net@1": 10, "net@2": 2}
    assert table.loc["net@1", ["iou", "mean_f1"]].tolist() == [1, 1]
    assert table.loc["net@2", ["iou", "low", "high", "mean_f1"]].isna().all()


def test_an_ab_comparison_can_be_held_among_some_of_the_wafers(lake, database):
    """Of the first model's wafers the odd ones are wholly right, the even ones half right; the second is all right."""
    truth = rows(edge=(0, 2))
    keep(
        lake,
        database,
        *(
            case(
                all_failing(n),
                truth,
                rows(edge=(0, 2 if n % 2 or n >= 40 else 4)),
                model="net@1" if n < 40 else "net@2",
            )
            for n in range(60)
        ),
    )
    found = judge(lake, database, Scope())
    odd = found.wafers["key"].str[1:4].astype(int).to_numpy() % 2 == 1
    assert ab_comparison(found, "net@1", "net@2").change[-1] == pytest.approx(1 - 40 / 60)
    assert ab_comparison(found, "net@1", "net@2", odd).change[-1] == 0
    assert ab_comparison(found, "net@1", "net@2", odd & (np.arange(60) < 50)) is None


def test_the_confusion_table_names_rows_and_columns(lake, database):
    keep(lake, database, case(all_failing(0), rows(edge=(0, 2)), rows(ring=(0, 2))))
    table = confusion_table(judge(lake, database, Scope())).set_index("true")
    assert table.loc["edge", "ring"] == 24
    assert table.to_numpy().sum() == 24
