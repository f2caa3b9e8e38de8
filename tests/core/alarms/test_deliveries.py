from datetime import timedelta

import pytest
from sqlalchemy import select

from core.alarms.deliveries import (
    LEASE,
    PAUSES,
    Channel,
    Delivery,
    DeliveryState,
    channel_by_id,
    channels,
    claim_due,
    newest_deliveries,
    note_outcome,
    save_channel,
    send_to_all,
    try_again,
    waiting,
)
from core.alarms.store import Alarm, AlarmRule, RuleKind, save_rule
from core.database.audit import AuditEntry, entries
from core.database.schema import NAME_LENGTH, now
from data.errors import AppDatabaseError
from tests.core.alarms.examples import let_time_pass

ADDRESS = "json://ana:s3cretpass@127.0.0.1:1/hook"


def channel(session, ana, name="team", **fields) -> Channel:
    return save_channel(session, Channel(name=name, address=ADDRESS, **fields), ana)


def alarm(session, ana, subject="lot L1") -> Alarm:
    rule = save_rule(session, AlarmRule(name="Severity", kind=RuleKind.SEVERITY, threshold=80.0), ana)
    made = Alarm(rule_id=rule.id, subject=subject, words=f"{subject} is bad", score=90.0, count=1, sequence=1)
    session.add(made)
    session.flush()
    return made


@pytest.fixture
def on_its_way(database, ana):
    """An alarm on its way to one channel."""
    with database.writing() as session:
        channel(session, ana)
        assert send_to_all(session, alarm(session, ana)) == 1


def only(session) -> Delivery:
    return session.scalars(select(Delivery)).one()


@pytest.mark.parametrize("name", ["", " \t", "x" * (NAME_LENGTH + 1)])
def test_a_channel_without_a_usable_name_is_refused(database, ana, name):
    with database.writing() as session:
        with pytest.raises(AppDatabaseError, match=f"channel: expected a name of 1 to {NAME_LENGTH} characters"):
            channel(session, ana, name)
        assert channels(session) == []


def test_channels_are_listed_in_the_order_they_were_made_and_found_by_number(database, ana):
    with database.writing() as session:
        made = [channel(session, ana, f" {name} ", enabled=name != "b") for name in "cab"]
        assert [one.name for one in channels(session)] == ["c", "a", "b"]
        assert channel_by_id(session, made[1].id) is made[1]
        with pytest.raises(AppDatabaseError, match="channel 99: there is no such channel"):
            channel_by_id(session, 99)
        (entry,) = entries(session, f"channel {made[2].id}")
    assert (entry.action, entry.details) == ("alarm.channel", {"name": "b", "enabled": False})


def test_addresses_stand_in_no_audit_row_and_no_repr(database, ana, on_its_way):
    with database.reading() as session:
        audited = [str(entry.details) for entry in session.scalars(select(AuditEntry))]
        said = [repr(one) for one in channels(session)]
    assert audited
    assert said
    assert not [text for text in audited + said if "s3cretpass" in text]


def test_an_alarm_goes_to_every_enabled_channel_and_to_no_other(database, ana):
    with database.writing() as session:
        assert send_to_all(session, alarm(session, ana)) == 0
        for name, enabled in (("one", True), ("off", False), ("two", True)):
            channel(session, ana, name, enabled=enabled)
        assert send_to_all(session, alarm(session, ana)) == 2
        session.flush()
        assert waiting(session) == 2
        assert [where.name for _, where, _ in newest_deliveries(session)] == ["two", "one"]


def test_the_newest_deliveries_come_first_with_their_alarm_up_to_a_limit(database, ana):
    with database.writing() as session:
        channel(session, ana)
        for subject in "abc":
            send_to_all(session, alarm(session, ana, subject))
            session.flush()
        assert [what.subject for _, _, what in newest_deliveries(session, limit=2)] == ["c", "b"]


def test_what_is_due_longest_is_claimed_first(database, ana):
    with database.writing() as session:
        channel(session, ana)
        for subject in "abc":
            send_to_all(session, alarm(session, ana, subject))
            session.flush()
        late = session.scalars(select(Delivery).order_by(Delivery.id)).all()[1]
        late.due_at -= timedelta(minutes=1)
    claimed = []
    for _ in range(4):
        with database.writing() as session:
            found = claim_due(session)
            claimed.append(found and found[2].subject)
    assert claimed == ["b", "a", "c", None]


def test_a_claimed_delivery_is_nobody_elses_until_its_lease_ends(database, on_its_way):
    with database.writing() as session:
        claimed, _, _ = claim_due(session)
        assert LEASE - timedelta(minutes=1) < claimed.due_at - now() <= LEASE
    with database.writing() as session:
        assert claim_due(session) is None
        assert waiting(session) == 0
    let_time_pass(database, LEASE)  # the one who claimed it died
    with database.writing() as session:
        assert waiting(session) == 1
        assert claim_due(session)[0].tries == 2


def test_what_goes_to_a_channel_that_is_off_is_neither_due_nor_claimed(database, on_its_way):
    with database.writing() as session:
        channels(session)[0].enabled = False
        session.flush()
        assert waiting(session) == 0
        assert claim_due(session) is None


def test_each_failed_try_waits_for_its_own_pause_and_the_last_counts_as_failed(database, on_its_way):
    for tries, pause in enumerate(PAUSES, 1):
        with database.writing() as session:
            delivery, _, _ = claim_due(session)
            note_outcome(session, delivery.id, f"no route, try {tries}")
            assert (delivery.state, delivery.tries, delivery.reason) == (
                DeliveryState.WAITING,
                tries,
                f"no route, try {tries}",
            )
            assert pause - timedelta(seconds=30) < delivery.due_at - now() <= pause
        let_time_pass(database, pause)
    with database.writing() as session:
        delivery, _, _ = claim_due(session)
        note_outcome(session, delivery.id, "no route")
        assert (delivery.state, delivery.ended_at is not None) == (DeliveryState.FAILED, True)
        assert waiting(session) == 0


def test_what_was_delivered_is_at_its_end_and_its_earlier_reason_is_gone(database, on_its_way):
    with database.writing() as session:
        number = claim_due(session)[0].id
        note_outcome(session, number, "no route")
        note_outcome(session, number, "")
        found = only(session)
        assert (found.state, found.reason, found.ended_at is not None) == (DeliveryState.DELIVERED, "", True)


@pytest.mark.parametrize("delivered", [False, True])
def test_asking_again_starts_over_what_is_not_delivered_and_nothing_else(database, ana, on_its_way, delivered):
    with database.writing() as session:
        number = claim_due(session)[0].id
        note_outcome(session, number, "" if delivered else "no route")
        assert try_again(session, ana) == int(not delivered)
        found = only(session)
        assert (found.tries, waiting(session)) == ((1, 0) if delivered else (0, 1))
        assert entries(session, "deliveries")[0].details == {"count": int(not delivered)}
