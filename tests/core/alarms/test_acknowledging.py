import pytest

from core.alarms.acknowledging import Acknowledged, acknowledge_or_add
from core.alarms.store import AlarmRule, FoundWafer, RuleKind, raise_or_add, save_rule
from core.database.audit import entries
from core.identity import Person
from data.errors import AppDatabaseError


@pytest.fixture
def session(database):
    with database.writing() as opened:
        yield opened


def test_whoever_is_second_adds_to_what_was_said_and_learns_who_was_first(session, ana):
    rule = save_rule(session, AlarmRule(name="Severe", kind=RuleKind.SEVERITY, threshold=80.0), ana)
    alarm = raise_or_add(session, rule, "lot L", "bad", [FoundWafer("L:W1", 1, 90.0)], 1)
    assert acknowledge_or_add(session, alarm.id, "pump changed", Person("bea")) == Acknowledged(alarm)
    at = alarm.acknowledged_at
    done = acknowledge_or_add(session, alarm.id, " valve too ", ana)
    assert (done.by, done.at, done.said) == ("bea", at, "pump changed")
    assert (alarm.acknowledged_by, alarm.acknowledged_at) == ("bea", at)
    first, second = alarm.comment.splitlines()
    assert first == "pump changed"
    assert second.startswith("ana, ")
    assert second.endswith("UTC: valve too")
    assert [entry.person for entry in entries(session, f"alarm {alarm.id}")] == ["ana", "bea"]
    with pytest.raises(AppDatabaseError, match="expected a comment of 1 to 4,000 characters"):
        acknowledge_or_add(session, alarm.id, " ", ana)
    assert alarm.comment == f"{first}\n{second}"
