import pytest

from core.alarms.deliveries import Channel, save_channel
from core.batches import telling
from core.batches.notes import BatchSummary
from core.batches.telling import channels_named, message, tell_done
from data.errors import BatchError

SUMMARY = BatchSummary(25, 3, 1)


class Done:
    """A batch that is done, of which only what telling asks is known."""

    def __init__(self, wanted, told=None, summary=SUMMARY) -> None:
        self.request = type("Request", (), {"title": "lot7.zip", "channels": wanted})()
        self.told, self.summary, self.noted = dict(told or {}), summary, []

    def note_told(self, told) -> None:
        self.noted.append(dict(told))


@pytest.fixture
def numbers(database, ana):
    """Numbers of three channels by name."""
    with database.writing() as session:
        return {n: save_channel(session, Channel(name=n, address=f"json://{n}"), ana).id for n in ("a", "b", "c")}


@pytest.fixture
def sent(monkeypatch):
    """What is sent where; the channel b does not answer."""
    kept = []

    def send(address, title, text):
        kept.append(address)
        assert (title, text) == ("Waferscope batch", message("lot7.zip", SUMMARY))
        return "no answer" if address.endswith("b") else ""

    monkeypatch.setattr(telling, "send", send)
    return kept


def test_each_channel_of_the_request_is_told_once_and_noted_one_by_one(database, numbers, sent):
    batch = Done((numbers["a"], numbers["b"]))
    assert tell_done(batch, database) == {"a": "", "b": "no answer"}
    assert sent == ["json://a", "json://b"]
    assert batch.noted == [{"a": ""}, {"a": "", "b": "no answer"}]
    batch.told = batch.noted[-1]
    tell_done(batch, database)
    assert sent[2:] == ["json://b"]  # what failed is tried again, what was told is not


@pytest.mark.parametrize("summary", [None, SUMMARY])
def test_nobody_is_told_of_what_is_not_done_or_nobody_asked_for(database, numbers, sent, summary):
    assert tell_done(Done((numbers["a"],) if summary is None else (), summary=summary), database) == {}
    assert sent == []


def test_the_message_has_thousands_set_off_and_no_word_of_failures_where_there_were_none():
    assert message("x", BatchSummary(12345, 1000, 0)).startswith("x is done: 12,345 wafers, 1,000 with a pattern.\n")
    assert "; 2,000 gave no result." in message("x", BatchSummary(1, 0, 2000))


def test_channels_are_found_by_name_in_the_order_asked_and_an_unknown_one_is_said(database, numbers):
    assert channels_named(database, ["c", "a"]) == (numbers["c"], numbers["a"])
    assert channels_named(database, []) == ()
    with pytest.raises(BatchError, match="channel 'd': there is no such channel, only a, b, c"):
        channels_named(database, ["a", "d"])


def test_without_any_channel_that_is_said(database):
    with pytest.raises(BatchError, match="there is no such channel, only none"):
        channels_named(database, ["a"])
