import pytest

from core.identity import Person
from core.monitoring.changes import changes_by_labels, drops, weekly_changes, words
from core.monitoring.judging import Scope, judge, judgement
from tests.core.monitoring.examples import all_failing, case, keep, label, rows


def two_weeks(lake, database, *, before, now, count=10, product="TC38", key="edge", first=0):
    """So many wafers in each of two weeks; the class has two true rows, the results these."""
    keep(
        lake,
        database,
        *(
            case(
                all_failing(
                    7 * week + (6 if week else n % 7), lot_id=f"L{first + 100 * week + n:03d}", product=product
                ),
                rows(**{key: (0, 2)}),
                rows(**{key: (0, end)}),
            )
            for week, end in enumerate((before, now))
            for n in range(count)
        ),
    )


def test_the_newest_seven_days_are_held_against_the_seven_before(lake, database):
    two_weeks(lake, database, before=2, now=4)
    found = weekly_changes(judge(lake, database, Scope()))
    assert found["class"].tolist() == ["edge", "overall"]
    row = found.iloc[0].to_dict()
    assert (row["wafers_before"], row["before"], row["wafers_now"], row["now"]) == (10, 1.0, 10, 0.5)
    assert row["change"] == row["low"] == row["high"] == -0.5  # all wafers of a week are alike
    assert words(row) == (
        "Edge on TC38: IoU 0.50 on 10 labelled wafers of the newest week, 1.00 on 10 the week before, 50.0 points "
        "lower (95 %: 50.0 lower to 50.0 lower), more than chance"
    )
    assert drops(found)["class"].tolist() == ["edge", "overall"]


def test_nine_wafers_a_week_are_too_few(lake, database):
    two_weeks(lake, database, before=2, now=4, count=9)
    assert weekly_changes(judge(lake, database, Scope())).empty


def test_products_are_compared_by_themselves_and_together(lake, database):
    two_weeks(lake, database, before=2, now=4, product="A")
    two_weeks(lake, database, before=2, now=2, product="B", first=500)
    found = weekly_changes(judge(lake, database, Scope())).set_index(["product", "class"])
    assert found.loc[("A", "overall"), "change"] == -0.5
    assert found.loc[("B", "overall"), "change"] == 0
    assert found.loc[("", "overall"), "now"] == 480 / 720
    assert set(drops(found.reset_index())["product"]) == {"A", ""}


@pytest.mark.parametrize(
    ("change", "high", "key", "falls"),
    [
        (-0.05, 0.02, "overall", True),
        (-0.049, -0.01, "overall", False),
        (-0.3, 0.01, "edge", False),
        (-0.3, -0.01, "edge", True),
    ],
)
def test_five_points_are_a_drop_and_a_class_must_be_sure(lake, database, change, high, key, falls):
    two_weeks(lake, database, before=2, now=4)
    found = weekly_changes(judge(lake, database, Scope())).head(1)
    found = found.assign(**{"class": key, "change": change, "high": high})
    assert bool(len(drops(found))) is falls


def test_without_labels_nothing_changed(lake, database):
    assert weekly_changes(judge(lake, database, Scope())).empty


def test_two_weeks_are_compared_by_blind_labels_where_both_have_ten(lake, database):
    two_weeks(lake, database, before=2, now=4)
    every = changes_by_labels(judgement(lake, database, Scope()))
    assert set(every["labels"]) == {"all"}
    wafers = list(lake.wafers_by_keys(lake.query("SELECT key FROM wafers ORDER BY tested_at")["key"]).values())
    blind = Person("ben")
    label(database, *((wafer, rows(edge=(0, 4))) for wafer in wafers[:-1]), person=blind, blind=True)
    assert set(changes_by_labels(judgement(lake, database, Scope()))["labels"]) == {"all"}
    label(database, (wafers[-1], rows(edge=(0, 4))), person=blind, blind=True)
    found = changes_by_labels(judgement(lake, database, Scope()))
    assert set(found["labels"]) == {"blind"}
    # Blind labels have four rows: the week before found two of them, the newest all four.
    assert found[["before", "now"]].iloc[0].tolist() == [0.5, 1.0]
    assert "on 10 blindly labelled wafers of the newest week" in words(found.iloc[0].to_dict())
