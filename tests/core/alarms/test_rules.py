from datetime import timedelta

import pytest

from core.alarms import Checked, check
from core.alarms.store import RuleKind
from tests.core.alarms.examples import close_all, days, keep, opened, rule, severe
from tests.core.lake_examples import START


def test_severity_raises_one_alarm_a_lot_with_exactly_the_wafers_above_the_limit(lake, database, ana):
    rule(database, ana, RuleKind.SEVERITY, threshold=80.0)
    keep(lake, *(severe(n, value) for n, value in enumerate((80.0, 80.1, 97.0, 12.0))), severe(30, 85.0))
    assert check(lake, database) == Checked(2, 0)
    first, second = opened(database)
    assert first.words == "Lot LOT000 (TC38): severity up to 97 on 2 wafers, above 80"
    assert second.words == "Lot LOT001 (TC38): severity up to 85 on 1 wafer, above 80"
    assert (first.score, second.score) == (97.0, 85.0)


def test_rules_that_are_off_or_of_another_product_or_class_say_nothing(lake, database, ana):
    rule(database, ana, RuleKind.SEVERITY, threshold=10.0, enabled=False)
    rule(database, ana, RuleKind.SEVERITY, threshold=10.0, product="TC49")
    rule(database, ana, RuleKind.SEVERITY, threshold=10.0, defect_class="ring")
    keep(lake, severe(0, 90.0, "edge"))
    assert check(lake, database).raised == 0


def test_an_archive_read_in_late_raises_nothing(lake, database, ana):
    rule(database, ana, RuleKind.SEVERITY, threshold=80.0)
    keep(lake, severe(0, 10.0), severe(25, 95.0, tested_at=START - timedelta(days=31)))
    assert check(lake, database).raised == 0


@pytest.mark.parametrize(("affected", "expected"), [(5, 0), (6, 1)])
def test_a_share_fires_strictly_above_its_limit(lake, database, ana, affected, expected):
    rule(database, ana, RuleKind.SHARE, threshold=25.0, days=7)
    keep(lake, *days(0, 1, affected=affected, wafers=20))
    assert check(lake, database).raised == expected
    if expected:
        assert opened(database)[0].words == "Edge on TC38: 6 of 20 wafers (30%) of the last 7 days, above 25 %"


def test_a_share_of_too_few_wafers_says_nothing(lake, database, ana):
    rule(database, ana, RuleKind.SHARE, threshold=25.0, days=7)
    keep(lake, *days(0, 1, affected=19, wafers=19))
    assert check(lake, database).raised == 0


def test_after_a_share_was_acknowledged_counting_starts_anew(lake, database, ana):
    rule(database, ana, RuleKind.SHARE, threshold=25.0, days=30)
    keep(lake, *days(0, 1, affected=20, wafers=20))
    assert check(lake, database).raised == 1
    close_all(database, ana)
    keep(lake, *days(1, 2, affected=1, wafers=8, lot="E"))
    assert check(lake, database).raised == 0  # 21 of 28 in all, but 1 of 8 since
    keep(lake, *days(2, 4, affected=9, wafers=9, lot="F"))
    assert check(lake, database).raised == 1
    assert opened(database)[0].words.startswith("Edge on TC38: 19 of 26 wafers")


def test_a_class_beyond_its_control_limits_fires_with_the_rule_in_words(lake, database, ana):
    rule(database, ana, RuleKind.SPC, days=90)
    calm = [result for day in range(16) for result in days(day, day + 1, affected=day % 2)]
    keep(lake, *calm)
    assert check(lake, database).raised == 0
    keep(lake, *days(16, 17, affected=4))
    assert check(lake, database).raised == 1
    (alarm,) = opened(database)
    assert alarm.words == (
        "Edge on TC38: Rule 1, above: one point beyond 3 sigma, in the daily share of wafers up to 2026-03-17"
    )
    assert alarm.count == 4
    close_all(database, ana)
    keep(lake, *days(17, 18, affected=1))
    assert check(lake, database).raised == 0


def test_a_class_new_to_a_product_fires_once(lake, database, ana):
    rule(database, ana, RuleKind.NEW)
    keep(lake, *days(0, 5))
    check(lake, database)
    keep(lake, *days(5, 6, affected=1))
    assert check(lake, database).raised == 1
    assert opened(database)[0].words == "Edge on TC38 for the first time: 1 wafer, none of 20 before"
    close_all(database, ana)
    keep(lake, *days(6, 7, affected=2))
    assert check(lake, database).raised == 0


def test_a_product_of_which_little_was_seen_has_no_new_classes(lake, database, ana):
    rule(database, ana, RuleKind.NEW)
    keep(lake, *days(0, 1, wafers=19))
    check(lake, database)
    keep(lake, *days(5, 6, affected=1))
    assert check(lake, database).raised == 0


def test_a_class_that_becomes_rarer_than_its_control_limits_raises_nothing(lake, database, ana):
    rule(database, ana, RuleKind.SPC, days=90)
    keep(lake, *(result for day in range(16) for result in days(day, day + 1, affected=3 + day % 2)))
    assert check(lake, database).raised == 0
    keep(lake, *days(16, 25, affected=1))
    assert check(lake, database).raised == 0
