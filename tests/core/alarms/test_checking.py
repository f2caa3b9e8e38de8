import time
from datetime import timedelta

import pytest

from core.alarms import Checked, check
from core.alarms.deliveries import Channel, newest_deliveries, save_channel
from core.alarms.store import AlarmRule, RuleKind, acknowledge, open_alarms, past_alarms, rules, save_rule, wafers_of
from core.database import AppDatabase
from core.lake import Lake
from tests.core.alarms.examples import keep, severe
from tests.core.lake_examples import START


def rule(database, ana, kind, **fields) -> AlarmRule:
    with database.writing() as session:
        return save_rule(session, AlarmRule(name=str(kind), kind=kind, **fields), ana)


def opened(database):
    with database.reading() as session:
        return open_alarms(session)


def close_all(database, ana):
    with database.writing() as session:
        for alarm in open_alarms(session):
            acknowledge(session, alarm.id, "seen to", ana)


def days(first, last, *, affected=0, wafers=4, product="TC38", lot="D"):
    """Results of some days, the first few wafers of each affected by edge."""
    return [
        severe(
            1000 + day * 10 + n,
            30.0,
            *(["edge"] if n < affected else []),
            product=product,
            lot_id=f"{lot}{day:03d}",
            tested_at=START + timedelta(days=day, minutes=n),
        )
        for day in range(first, last)
        for n in range(wafers)
    ]


def test_a_new_database_begins_with_severity_above_80(tmp_path):
    with AppDatabase(tmp_path / "decisions.db").reading() as session:
        first = rules(session)[0]
    assert (first.kind, first.threshold, first.enabled, first.product) == (RuleKind.SEVERITY, 80.0, True, "")


def test_severity_raises_one_alarm_a_lot_with_exactly_the_wafers_above_the_limit(lake, database, ana):
    rule(database, ana, RuleKind.SEVERITY, threshold=80.0)
    keep(lake, *(severe(n, value) for n, value in enumerate((80.0, 80.1, 97.0, 12.0))), severe(30, 85.0))
    assert check(lake, database) == Checked(2, 0)
    first, second = opened(database)
    assert first.words == "Lot LOT000 (TC38): severity up to 97 on 2 wafers, above 80"
    assert second.words == "Lot LOT001 (TC38): severity up to 85 on 1 wafer, above 80"
    assert (first.score, second.score) == (97.0, 85.0)


@pytest.mark.slow
def test_a_second_look_at_the_same_wafers_changes_nothing(lake, database, ana):
    rule(database, ana, RuleKind.SEVERITY, threshold=80.0)
    keep(lake, severe(0, 90.0))
    assert check(lake, database).raised == 1
    keep(lake, severe(60, 10.0))  # so that there is something to look at
    assert check(lake, database).raised == 0
    (alarm,) = opened(database)
    assert alarm.count == 1


@pytest.mark.slow
def test_more_of_the_same_goes_into_the_open_alarm(lake, database, ana):
    rule(database, ana, RuleKind.SEVERITY, threshold=80.0)
    keep(lake, severe(0, 90.0))
    check(lake, database)
    keep(lake, severe(3, 99.0))
    assert check(lake, database).raised == 0
    (alarm,) = opened(database)
    assert (alarm.count, alarm.score) == (2, 99.0)
    with database.reading() as session:
        assert wafers_of(session, alarm.id) == ["LOT000:W04", "LOT000:W01"]


@pytest.mark.slow
def test_an_acknowledged_alarm_stays_closed_until_a_new_wafer_speaks(lake, database, ana):
    rule(database, ana, RuleKind.SEVERITY, threshold=80.0)
    keep(lake, severe(0, 90.0))
    check(lake, database)
    close_all(database, ana)
    keep(lake, severe(0, 91.0))  # the same test, segmented anew
    assert check(lake, database).raised == 0
    keep(lake, severe(3, 85.0))
    assert check(lake, database).raised == 1
    with database.reading() as session:
        assert [(alarm.acknowledged_by, alarm.comment) for alarm in past_alarms(session)] == [("ana", "seen to")]
        assert wafers_of(session, open_alarms(session)[0].id) == ["LOT000:W04"]


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


@pytest.mark.slow
def test_a_result_that_appears_after_newer_ones_is_not_overlooked(lake, database, ana, monkeypatch):
    rule(database, ana, RuleKind.SEVERITY, threshold=80.0)
    slow = Lake(lake.root)
    long_ago = time.time_ns() - 60 * 10**9
    monkeypatch.setattr(slow._appender, "_reserve", lambda _table, _count: long_ago)
    keep(lake, severe(30, 10.0))
    check(lake, database)
    keep(slow, severe(0, 90.0))
    assert check(lake, database).raised == 0  # nothing is newer than what was looked at
    keep(lake, severe(31, 10.0))
    assert check(lake, database).raised == 1


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


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.slow
def test_a_few_wafers_after_a_baseline_without_any_are_chance_and_many_are_not(lake, database, ana):
    rule(database, ana, RuleKind.SPC, days=90)
    keep(lake, *days(0, 16))
    keep(lake, *days(16, 17, affected=3, wafers=40))
    assert check(lake, database).raised == 0  # none of 36 before: 3 of 40 happen in one of twelve draws
    keep(lake, *days(30, 31, affected=25, wafers=40))
    assert check(lake, database).raised == 1
    assert "one point beyond 3 sigma" in opened(database)[0].words


@pytest.mark.slow
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


def test_only_newly_raised_alarms_are_put_on_their_way(lake, database, ana):
    rule(database, ana, RuleKind.SEVERITY, threshold=80.0)
    with database.writing() as session:
        save_channel(session, Channel(name="team", address="json://127.0.0.1:1"), ana)
        save_channel(session, Channel(name="off", address="json://127.0.0.1:1", enabled=False), ana)
    keep(lake, severe(0, 90.0))
    assert check(lake, database) == Checked(1, 1)
    keep(lake, severe(3, 95.0))
    assert check(lake, database) == Checked(0, 1)
    with database.reading() as session:
        assert [channel.name for _, channel, _ in newest_deliveries(session)] == ["team"]


def test_without_delivery_alarms_are_kept_and_nothing_is_put_on_its_way(lake, database, ana):
    rule(database, ana, RuleKind.SEVERITY, threshold=80.0)
    with database.writing() as session:
        save_channel(session, Channel(name="team", address="json://127.0.0.1:1"), ana)
    keep(lake, severe(0, 90.0))
    assert check(lake, database, deliver=False) == Checked(1, 0)


def test_an_empty_lake_raises_nothing(lake, database, ana):
    rule(database, ana, RuleKind.SEVERITY, threshold=0.0)
    assert check(lake, database) == Checked(0, 0)
