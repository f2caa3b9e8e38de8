from datetime import timedelta

import pytest

from core.alarms.store import (
    LONGEST_COMMENT,
    Alarm,
    AlarmRule,
    FoundWafer,
    RuleKind,
    acknowledge,
    move_watermark,
    open_alarms,
    past_alarms,
    raise_or_add,
    rule_by_id,
    rules,
    save_rule,
    settled,
    wafers_of,
    watermark,
)
from core.database.audit import entries
from core.database.schema import NAME_LENGTH
from data.errors import AppDatabaseError


@pytest.fixture
def session(database):
    with database.writing() as opened:
        yield opened


@pytest.fixture
def rule(session, ana):
    return save_rule(session, AlarmRule(name="Severe", kind=RuleKind.SEVERITY, threshold=80.0), ana)


def fired(session, rule, subject, *severities, sequence=1, first=0) -> Alarm | None:
    """Raise or add to an alarm: a wafer a severity, numbered from `first`."""
    wafers = [FoundWafer(f"L:W{first + n:02d}", 1, value) for n, value in enumerate(severities)]
    return raise_or_add(session, rule, subject, f"{len(wafers)} on {subject}", wafers, sequence)


@pytest.mark.parametrize("name", ["", "  ", "x" * (NAME_LENGTH + 1)])
def test_a_rule_without_a_usable_name_is_refused(session, ana, name):
    with pytest.raises(AppDatabaseError, match=f"expected a name of 1 to {NAME_LENGTH} characters"):
        save_rule(session, AlarmRule(name=name, kind=RuleKind.NEW), ana)
    assert rules(session) == []


@pytest.mark.parametrize(
    ("threshold", "days", "found"),
    [
        (-0.1, 30, "-0.1 and 30"),
        (100.5, 30, "100.5 and 30"),
        (float("nan"), 30, "nan"),
        (5, 0, "5 and 0"),
        (5, 366, "366"),
    ],
)
def test_a_limit_or_time_out_of_range_is_refused_with_what_was_found(session, ana, threshold, days, found):
    with pytest.raises(AppDatabaseError, match=f"rule 'Odd': expected a limit from 0 to 100 and 1 to 365 .*{found}"):
        save_rule(session, AlarmRule(name="Odd", kind=RuleKind.SHARE, threshold=threshold, days=days), ana)


@pytest.mark.parametrize(("threshold", "days"), [(0, 1), (100, 365)])
def test_the_ends_of_both_ranges_are_allowed(session, ana, threshold, days):
    kept = save_rule(session, AlarmRule(name=" Wide ", kind=RuleKind.SHARE, threshold=threshold, days=days), ana)
    found = rule_by_id(session, kept.id)
    assert (found.name, found.threshold, found.days, found.changed_by) == ("Wide", threshold, days, "ana")


def test_a_changed_rule_stays_the_same_rule_and_both_versions_stand_in_the_trail(session, rule, ana):
    rule.threshold = 60.0
    save_rule(session, rule, ana)
    assert [(one.id, one.threshold) for one in rules(session)] == [(rule.id, 60.0)]
    assert [entry.details["threshold"] for entry in entries(session, f"rule {rule.id}")] == [60.0, 80.0]


def test_an_unknown_rule_is_said(session):
    with pytest.raises(AppDatabaseError, match=r"rule 7: there is no such rule\. Look at the list"):
        rule_by_id(session, 7)


def test_open_alarms_are_listed_worst_first_and_the_newer_of_equals_first(session, rule):
    for subject, severity in (("a", 85.0), ("b", 97.0), ("c", 85.0)):
        fired(session, rule, subject, severity)
    assert [alarm.subject for alarm in open_alarms(session)] == ["b", "c", "a"]


def test_past_alarms_are_listed_in_the_order_of_acknowledging_up_to_a_limit(session, rule, ana):
    raised = [fired(session, rule, subject, 90.0) for subject in "abc"]
    for hours, alarm in zip((2, 3, 1), raised, strict=True):
        acknowledge(session, alarm.id, "seen", ana).acknowledged_at += timedelta(hours=hours)
    assert [alarm.subject for alarm in past_alarms(session)] == ["b", "a", "c"]
    assert [alarm.subject for alarm in past_alarms(session, limit=1)] == ["b"]
    assert open_alarms(session) == []


def test_a_wafer_that_was_tested_twice_stands_once_behind_its_alarm_at_its_worst(session, rule):
    tests = [FoundWafer("L:W1", 1, 81.0), FoundWafer("L:W2", 1, 90.0), FoundWafer("L:W1", 2, 95.0)]
    alarm = raise_or_add(session, rule, "lot L", "bad", tests, 1)
    assert wafers_of(session, alarm.id) == ["L:W1", "L:W2"]
    assert (alarm.count, alarm.score) == (3, 95.0)


def test_an_acknowledged_alarm_keeps_who_and_what_and_stands_in_the_trail(session, rule, ana):
    alarm = fired(session, rule, "lot L", 90.0)
    closed = acknowledge(session, alarm.id, "  pump changed\n", ana)
    assert (closed.acknowledged_by, closed.comment) == ("ana", "pump changed")
    assert closed.acknowledged_at >= closed.raised_at
    (entry,) = entries(session, f"alarm {alarm.id}")
    assert (entry.action, entry.person, entry.details) == ("alarm.acknowledge", "ana", {"comment": "pump changed"})


@pytest.mark.parametrize("comment", ["", " \n", "x" * (LONGEST_COMMENT + 1)])
def test_an_alarm_is_not_closed_without_a_usable_comment(session, rule, ana, comment):
    alarm = fired(session, rule, "lot L", 90.0)
    with pytest.raises(AppDatabaseError, match="expected a comment of 1 to 4,000 characters"):
        acknowledge(session, alarm.id, comment, ana)
    assert open_alarms(session) == [alarm]


def test_an_alarm_is_closed_once_and_an_unknown_one_is_said(session, rule, ana):
    alarm = fired(session, rule, "lot L", 90.0)
    acknowledge(session, alarm.id, "x" * LONGEST_COMMENT, ana)
    with pytest.raises(AppDatabaseError, match="ana acknowledged it already"):
        acknowledge(session, alarm.id, "again", ana)
    with pytest.raises(AppDatabaseError, match="alarm 99: there is no such alarm"):
        acknowledge(session, 99, "seen", ana)


def test_settled_is_the_newest_acknowledged_result_of_each_subject_of_one_rule(session, rule, ana):
    other = save_rule(session, AlarmRule(name="New", kind=RuleKind.NEW), ana)
    for whose, subject, sequence in ((rule, "a", 5), (rule, "a", 9), (rule, "b", 3), (other, "a", 20)):
        acknowledge(session, fired(session, whose, subject, 90.0, sequence=sequence, first=sequence).id, "seen", ana)
    fired(session, rule, "b", 90.0, sequence=30, first=30)  # open: nobody has dealt with it
    assert settled(session, rule.id) == {"a": 9, "b": 3}
    assert settled(session, other.id) == {"a": 20}


def test_only_a_first_finding_is_a_new_alarm_and_wafers_that_spoke_before_say_nothing(session, rule, ana):
    alarm = fired(session, rule, "lot L", 90.0, 85.0, sequence=1)
    assert fired(session, rule, "lot L", 90.0, 85.0, sequence=2) is None
    assert (alarm.count, alarm.sequence, alarm.words) == (2, 1, "2 on lot L")
    assert fired(session, rule, "lot L", 90.0, 85.0, 99.0, sequence=3) is None
    assert (alarm.count, alarm.sequence, alarm.score, alarm.words) == (3, 3, 99.0, "3 on lot L")
    acknowledge(session, alarm.id, "seen", ana)
    assert fired(session, rule, "lot L", 90.0, 85.0, 99.0, sequence=4) is None
    again = fired(session, rule, "lot L", 82.0, sequence=5, first=9)
    assert again.id != alarm.id
    assert wafers_of(session, again.id) == ["L:W09"]


def test_the_same_wafers_speak_for_another_rule_and_another_subject(session, rule, ana):
    other = save_rule(session, AlarmRule(name="New", kind=RuleKind.NEW), ana)
    assert all(fired(session, *said, 90.0) for said in ((rule, "a"), (rule, "b"), (other, "a")))


def test_a_watermark_begins_at_0_never_goes_back_and_each_reader_has_its_own(session):
    assert watermark(session, "alarms") == 0
    for sequence, expected in ((5, 5), (3, 5), (2**62, 2**62)):
        move_watermark(session, "alarms", sequence)
        assert watermark(session, "alarms") == expected
    assert watermark(session, "drift") == 0
