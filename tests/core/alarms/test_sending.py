from datetime import timedelta
from email import message_from_string

import pytest
from sqlalchemy import select, update

from core.alarms import sending
from core.alarms.deliveries import (
    PAUSES,
    Channel,
    Delivery,
    DeliveryState,
    save_channel,
    send_to_all,
    try_again,
    waiting,
)
from core.alarms.sending import check_address, deliver_due, masked, send, send_test, shown
from core.alarms.store import Alarm, AlarmRule, AlarmWafer, RuleKind, save_rule
from core.database.schema import now
from data.errors import AppDatabaseError, LakeError
from tests.core.alarms.examples import keep, let_time_pass, severe


@pytest.fixture
def on_its_way(database, receiver, ana):
    """An alarm on its way to the receiver."""
    with database.writing() as session:
        rule = save_rule(session, AlarmRule(name="Severity", kind=RuleKind.SEVERITY, threshold=80.0), ana)
        save_channel(session, Channel(name="team", address=receiver.address), ana)
        alarm = Alarm(rule_id=rule.id, subject="lot L1", words="Lot L1 is bad", score=90.0, count=1, sequence=1)
        session.add(alarm)
        session.flush()
        assert send_to_all(session, alarm) == 1
    return alarm


def only(database) -> Delivery:
    with database.reading() as session:
        return session.scalars(select(Delivery)).one()


def test_an_alarm_reaches_a_webhook_once(database, lake, receiver, on_its_way):
    assert deliver_due(database, lake) == (1, 0)
    assert deliver_due(database, lake) == (0, 0)
    (message,) = receiver.received
    assert message["title"] == "Waferscope alarm"
    assert message["message"].startswith("Lot L1 is bad.")
    found = only(database)
    assert (found.state, found.tries, found.reason) == (DeliveryState.DELIVERED, 1, "")
    assert found.ended_at is not None


def test_a_message_says_what_makes_the_most_severe_wafer_severe(database, lake, receiver, on_its_way):
    result = severe(0, 90.0, "edge")
    keep(lake, result)
    with database.writing() as session:
        session.add(AlarmWafer(alarm_id=on_its_way.id, wafer_key=result.wafer.key, wafer_sequence=1, score=90.0))
    assert deliver_due(database, lake) == (1, 0)
    assert result.severity.main_reason
    said = f"The most severe, {result.wafer.key}: {result.severity.main_reason}."
    assert said in receiver.received[0]["message"].splitlines()


def test_an_alarm_goes_out_where_the_lake_cannot_say_why(database, lake, receiver, on_its_way, monkeypatch):
    def fail(*_):
        raise LakeError("lake", "no answer", "Try again.")

    with database.writing() as session:
        session.add(AlarmWafer(alarm_id=on_its_way.id, wafer_key="L:W", wafer_sequence=1, score=90.0))
    monkeypatch.setattr(sending, "main_reasons", fail)
    assert deliver_due(database, lake) == (1, 0)
    assert "The most severe" not in receiver.received[0]["message"]


def test_what_fails_is_kept_with_its_reason_and_tried_again_until_it_is_delivered(database, lake, receiver, on_its_way):
    receiver.status = 503
    assert deliver_due(database, lake) == (0, 1)
    found = only(database)
    assert (found.state, found.tries) == (DeliveryState.WAITING, 1)
    assert "503" in found.reason
    assert PAUSES[0] - timedelta(seconds=60) < found.due_at - now() <= PAUSES[0]
    assert deliver_due(database, lake) == (0, 0)  # not yet
    receiver.status = 200
    let_time_pass(database, PAUSES[0])
    assert deliver_due(database, lake) == (1, 0)
    assert len(receiver.received) == 1
    assert only(database).state is DeliveryState.DELIVERED


def test_after_the_last_pause_it_counts_as_failed_until_somebody_asks_again(database, lake, receiver, on_its_way, ana):
    receiver.status = 500
    for pause in PAUSES:
        assert deliver_due(database, lake) == (0, 1)
        let_time_pass(database, pause)
    assert deliver_due(database, lake) == (0, 1)
    assert (only(database).state, only(database).tries) == (DeliveryState.FAILED, len(PAUSES) + 1)
    let_time_pass(database, timedelta(days=9))
    assert deliver_due(database, lake) == (0, 0)
    receiver.status = 200
    with database.writing() as session:
        assert try_again(session, ana) == 1
    assert deliver_due(database, lake) == (1, 0)


def test_nobody_listening_is_a_failure_with_a_reason_that_holds_no_secret(database, lake, receiver, on_its_way):
    receiver.server_close()
    with database.writing() as session:
        session.execute(update(Channel).values(address="json://ana:s3cretpass@127.0.0.1:1/hook"))
    assert deliver_due(database, lake) == (0, 1)
    assert only(database).reason
    assert "s3cretpass" not in only(database).reason


def test_what_goes_to_a_channel_that_was_switched_off_waits_until_it_is_on_again(database, lake, receiver, on_its_way):
    for enabled, expected in ((False, (0, 0)), (True, (1, 0))):
        with database.writing() as session:
            session.execute(update(Channel).values(enabled=enabled))
            assert waiting(session) == int(enabled)
        assert deliver_due(database, lake) == expected


def test_a_test_message_says_how_it_went(receiver):
    channel = Channel(name="team", address=receiver.address)
    assert send_test(channel) == ""
    assert "alarms reach this channel" in receiver.received[0]["message"]
    receiver.status = 404
    assert "404" in send_test(channel)
    assert "s3cretpass" not in send_test(channel)


@pytest.mark.parametrize("address", ["", "hello", "nonsense://x", "http:/x", "https://example.com"])
def test_an_address_that_nothing_can_be_sent_to_is_refused(address):
    with pytest.raises(AppDatabaseError, match="expected an address that apprise understands"):
        check_address(address)


@pytest.mark.parametrize("address", ["json://127.0.0.1:8000/hook", "mailto://ana:word@example.com", "jsons://host"])
def test_addresses_that_apprise_knows_pass(address):
    check_address(address)
    assert shown(address) == f"{address.partition(':')[0]}://****"


def test_what_is_shown_of_an_address_is_its_kind():
    assert shown("mailto://ana:word@example.com") == "mailto://****"
    assert masked("no route to tokenA1 at host9", "slack://tokenA1/host9") == "no route to **** at ****"


def test_a_secret_that_the_address_writes_in_percent_signs_is_masked_as_people_read_it_too():
    address = "json://ana:p%40ssw%2Frd@host9/hook"
    assert masked("no p@ssw/rd, no p%40ssw%2Frd at host9", address) == "no ****, no **** at ****"


def test_a_name_in_a_mail_is_text_and_fetches_nothing(monkeypatch):
    sent = []

    class Mailbox:
        def __init__(self, *_, **__):
            pass

        def sendmail(self, _sender, _to, content, *_, **__):
            sent.append(message_from_string(content))

        def quit(self):
            pass

        def close(self):
            pass

        login = starttls = lambda self, *_, **__: None

    monkeypatch.setattr("smtplib.SMTP", Mailbox)
    assert send("mailto://ana:secret@127.0.0.1:9?from=a@b.example", "Alarm", "Lot <img src=http://x/p.png> **b**") == ""
    parts = {
        part.get_content_type(): part.get_payload(decode=True).decode()
        for part in sent[0].walk()
        if not part.is_multipart()
    }
    assert "<img src=http://x/p.png> **b**" in parts["text/plain"]
    assert "<img" not in parts.get("text/html", "")
