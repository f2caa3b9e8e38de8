"""Telling people about alarms through apprise: e-mail, Slack, Teams, webhooks and what else it knows."""

import logging
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from core.alarms.checking import check
from core.alarms.deliveries import Channel, claim_due, note_outcome
from core.alarms.store import Alarm, wafers_of
from core.database import AppDatabase
from core.identity import Person
from core.jobs.launch import start
from core.lake import Lake
from core.lake.scoring import main_reasons
from core.settings import Settings
from data.errors import AppDatabaseError, LakeError
from data.masking import HIDDEN

TITLE = "Waferscope alarm"
SCHEME = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*://")

Send = Callable[[AppDatabase, Lake], tuple[int, int]]
"""Sends what is due, and returns how many deliveries it made and how many failed: `deliver_due`, `sending_job`."""


@dataclass(frozen=True)
class Outcome:
    """What looking for alarms and sending them did.

    Args:
        raised: alarms that are new.
        delivered: messages that arrived.
        failed: messages that did not, and are tried again later.
    """

    raised: int
    delivered: int
    failed: int


def check_and_send(lake: Lake, database: AppDatabase, send: Send | None) -> Outcome:
    """Look at what is new in the lake by the rules, and send what is due.

    Args:
        lake: looked at.
        database: hold rules and alarms.
        send: sends; None to raise alarms and put nothing on its way.

    Raises:
        LakeError: the lake cannot be read.
        AppDatabaseError: the database cannot be used.
        OSError: the machine has no room for a job that sends.
    """
    found = check(lake, database, deliver=send is not None)
    delivered, failed = send(database, lake) if send is not None and found.waiting else (0, 0)
    return Outcome(found.raised, delivered, failed)


def sending_job(at: Settings, person: Person) -> Send:
    """Return what has a job send alarms, for pages, which never wait for a message to be delivered."""

    def begin(database: AppDatabase, lake: Lake) -> tuple[int, int]:
        start(database, at, "check_alarms", [], person, title="Send alarms")
        return 0, 0

    return begin


def deliver_due(database: AppDatabase, lake: Lake) -> tuple[int, int]:
    """Send every delivery that is due; what fails is tried again later and says why.

    Any number of processes may do this at once: each delivery is taken by one.

    Args:
        database: hold alarms and deliveries.
        lake: says what makes the most severe wafer of an alarm severe.

    Returns:
        How many were delivered, and how many failed.
    """
    delivered = failed = 0
    while True:
        with database.writing() as session:
            claimed = claim_due(session)
            keys = wafers_of(session, claimed[2].id) if claimed else []
        if claimed is None:
            return delivered, failed
        delivery, channel, alarm = claimed
        problem = send(channel.address, TITLE, message(alarm, _most_severe(lake, keys)))
        with database.writing() as session:
            note_outcome(session, delivery.id, problem)
        delivered, failed = delivered + (not problem), failed + bool(problem)


def message(alarm: Alarm, most_severe: str = "") -> str:
    """Return the text of an alarm as it is sent.

    Args:
        alarm: the alarm.
        most_severe: its most severe wafer and why it is, without a stop; "" where that is not known.
    """
    severe = f"The most severe, {most_severe}.\n" if most_severe else ""
    return f"{alarm.words}.\n{severe}Open the page Alarms (number {alarm.id}) to see the wafers and to acknowledge it."


def _most_severe(lake: Lake, keys: Sequence[str]) -> str:
    """The first wafer of an alarm with what makes it severe; "" where the lake does not say, as the alarm goes out."""
    try:
        reason = main_reasons(lake, keys[:1]).get(keys[0], "") if keys else ""
    except LakeError:
        return ""
    return f"{keys[0]}: {reason}" if reason else ""


def send_test(channel: Channel) -> str:
    """Send a test message.

    Returns:
        Why it failed, "" when it was delivered.
    """
    return send(channel.address, TITLE, "This is a test: alarms reach this channel.")


def send(address: str, title: str, text: str) -> str:
    """Send a message.

    Args:
        address: URL as apprise knows it.
        title: in one line.
        text: what to say.

    Returns:
        Why it failed, without the address; "" when it was delivered.
    """
    import apprise

    sender = apprise.Apprise()
    if not sender.add(address):
        return "the address is not one that apprise understands"
    with apprise.LogCapture(level=logging.WARNING, fmt="%(message)s") as log:  # type: ignore[no-untyped-call]
        try:
            # Said to be plain text: apprise would hand names from files on as HTML and markdown, pictures included.
            sent = sender.notify(body=text, title=title, body_format=apprise.NotifyFormat.TEXT)
        except Exception as error:  # whatever a plugin raises, the alarm is kept and tried again
            return masked(f"{type(error).__name__}: {error}", address)
        said = " ".join(log.getvalue().split())
    return "" if sent else masked(said or "the receiver did not take it", address)


def check_address(address: str) -> None:
    """Refuse an address that nothing could be sent to.

    Raises:
        AppDatabaseError: apprise does not understand it.
    """
    import apprise

    if not SCHEME.match(address) or apprise.Apprise.instantiate(address) is None:
        raise AppDatabaseError(
            "channel",
            "expected an address that apprise understands",
            "Write mailto://USER:PASSWORD@HOST, slack://TOKENS, msteams://..., or json://HOST/PATH for a webhook.",
        )


def shown(address: str) -> str:
    """Return an address as it may be shown: its kind, nothing that could be used.

    Example:
        >>> shown("slack://xoxb-1/T2/C3")
        'slack://****'
    """
    return f"{address.partition('://')[0]}://{HIDDEN}"


def masked(text: str, address: str) -> str:
    """Take out of a text every part of an address that could be a secret, as written and without percent signs."""
    written = {address, *re.split(r"[/:@?&=#]+", address.partition("://")[2])}
    parts = written | {unquote(part) for part in written}
    for part in sorted(parts, key=len, reverse=True):
        if len(part) > 3:
            text = text.replace(part, HIDDEN)
    return text
