import time

from core.alarms import Checked, check
from core.alarms.deliveries import Channel, newest_deliveries, save_channel
from core.alarms.store import RuleKind, open_alarms, past_alarms, rules, wafers_of
from core.database import AppDatabase
from core.lake import Lake
from tests.core.alarms.examples import close_all, keep, opened, rule, severe


def test_a_new_database_begins_with_severity_above_80(tmp_path):
    with AppDatabase(tmp_path / "decisions.db").reading() as session:
        first = rules(session)[0]
    assert (first.kind, first.threshold, first.enabled, first.product) == (RuleKind.SEVERITY, 80.0, True, "")


def test_a_second_look_at_the_same_wafers_changes_nothing(lake, database, ana):
    rule(database, ana, RuleKind.SEVERITY, threshold=80.0)
    keep(lake, severe(0, 90.0))
    assert check(lake, database).raised == 1
    keep(lake, severe(60, 10.0))  # so that there is something to look at
    assert check(lake, database).raised == 0
    (alarm,) = opened(database)
    assert alarm.count == 1


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


def test_a_result_that_appears_after_newer_ones_is_not_overlooked(lake, database, ana, monkeypatch):
    rule(database, ana, RuleKind.SEVERITY, threshold=80.0)
    slow = Lake(lake.root)
    long_ago = time.time_ns() - 60 * 10**9
    monkeypatch.setattr(slow, "_reserve", lambda _table, _count: long_ago)
    keep(lake, severe(30, 10.0))
    check(lake, database)
    keep(slow, severe(0, 90.0))
    assert check(lake, database).raised == 0  # nothing is newer than what was looked at
    keep(lake, severe(31, 10.0))
    assert check(lake, database).raised == 1


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
