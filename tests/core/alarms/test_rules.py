from core.alarms import check
from core.alarms.store import RuleKind
from tests.core.alarms.examples import days, keep, rule


def test_a_class_that_becomes_rarer_than_its_control_limits_raises_nothing(lake, database, ana):
    rule(database, ana, RuleKind.SPC, days=90)
    keep(lake, *(result for day in range(16) for result in days(day, day + 1, affected=3 + day % 2)))
    assert check(lake, database).raised == 0
    keep(lake, *days(16, 25, affected=1))
    assert check(lake, database).raised == 0
