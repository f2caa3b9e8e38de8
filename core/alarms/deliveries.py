"""Where alarms are sent, and what became of each sending."""

from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, ForeignKey, String, Text, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from core.alarms.store import Alarm
from core.database import audit
from core.database.schema import NAME_LENGTH, Base, Choice, now, row_by_id
from core.identity import Person
from core.people.roles import Permission, permit
from data.errors import AppDatabaseError

LEASE = timedelta(minutes=2)
"""How long one who sends has for it before another may think it died."""
PAUSES = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 30, 120, 480))
"""After each failed try; after the last one it counts as failed until somebody asks again."""


class DeliveryState(StrEnum):
    """What became of a sending."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    FAILED = "failed"


class Channel(Base):
    """Where alarms are sent.

    Args:
        name: for people.
        address: URL as apprise knows it. It holds passwords: it is never shown, logged or audited.
        enabled: whether new alarms go there.
        changed_by: who wrote it last.
    """

    __tablename__ = "alarm_channels"

    id: Mapped[int] = mapped_column(init=False, primary_key=True)
    name: Mapped[str] = mapped_column(String(NAME_LENGTH))
    address: Mapped[str] = mapped_column(Text, repr=False)
    enabled: Mapped[bool] = mapped_column(default=True)
    changed_by: Mapped[str] = mapped_column(String(NAME_LENGTH), default="")


class Delivery(Base):
    """One alarm on its way to one channel.

    Args:
        alarm_id: the alarm.
        channel_id: where to.
        state: what became of it.
        tries: how often it was tried.
        due_at: when it is to be tried next.
        reason: why the last try failed, "" for none.
        ended_at: when it was delivered or given up.
    """

    __tablename__ = "alarm_deliveries"

    id: Mapped[int] = mapped_column(init=False, primary_key=True)
    alarm_id: Mapped[int] = mapped_column(ForeignKey("alarms.id"), index=True)
    channel_id: Mapped[int] = mapped_column(ForeignKey("alarm_channels.id"))
    state: Mapped[DeliveryState] = mapped_column(Choice(DeliveryState), default=DeliveryState.WAITING, index=True)
    tries: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime] = mapped_column(default_factory=now)
    reason: Mapped[str] = mapped_column(Text, default="")
    ended_at: Mapped[datetime | None] = mapped_column(default=None)


def channels(session: Session) -> list[Channel]:
    """List the channels in the order they were made."""
    return list(session.scalars(select(Channel).order_by(Channel.id)))


def save_channel(session: Session, channel: Channel, person: Person) -> Channel:
    """Keep a channel, new or changed; its address stands in no audit row.

    Raises:
        NotAllowedError: the acting person may not.
        AppDatabaseError: it has no name.
    """
    permit(person, Permission.ALARM_CONFIG)
    channel.name = channel.name.strip()
    if not 0 < len(channel.name) <= NAME_LENGTH:
        raise AppDatabaseError("channel", f"expected a name of 1 to {NAME_LENGTH} characters", "Give it one.")
    channel.changed_by = person.name
    session.add(channel)
    session.flush()
    audit.record(
        session, person, "alarm.channel", f"channel {channel.id}", {"name": channel.name, "enabled": channel.enabled}
    )
    return channel


def channel_by_id(session: Session, number: int) -> Channel:
    """Return a channel.

    Raises:
        AppDatabaseError: there is none of that number.
    """
    return row_by_id(session, Channel, number, "channel", "Look at the list of channels.")


def send_to_all(session: Session, alarm: Alarm) -> int:
    """Put an alarm on its way to every enabled channel; give how many there are."""
    enabled = [channel for channel in channels(session) if channel.enabled]
    session.add_all(Delivery(alarm_id=alarm.id, channel_id=channel.id) for channel in enabled)
    return len(enabled)


def claim_due(session: Session) -> tuple[Delivery, Channel, Alarm] | None:
    """Take the delivery that is due longest, so that nobody else tries it now; None where none is.

    What goes to a channel that was switched off waits until it is on again.
    """
    wanted = (
        select(Delivery, Channel, Alarm)
        .join(Channel, Delivery.channel_id == Channel.id)
        .join(Alarm, Delivery.alarm_id == Alarm.id)
        .where(*_is_due())
        .order_by(Delivery.due_at, Delivery.id)
        .limit(1)
    )
    row = session.execute(wanted).one_or_none()
    if row is None:
        return None
    delivery, channel, alarm = row
    delivery.tries, delivery.due_at = delivery.tries + 1, now() + LEASE
    return delivery, channel, alarm


def note_outcome(session: Session, number: int, problem: str) -> None:
    """Note how a try went: `problem` is empty when it was delivered."""
    delivery = session.get_one(Delivery, number)
    delivery.reason = problem
    if not problem or delivery.tries > len(PAUSES):
        delivery.state = DeliveryState.FAILED if problem else DeliveryState.DELIVERED
        delivery.ended_at = now()
    else:
        delivery.due_at = now() + PAUSES[delivery.tries - 1]


def try_again(session: Session, person: Person) -> int:
    """Put all that failed or waits for its next try on its way again, now; give how many.

    Raises:
        NotAllowedError: the acting person may not.
    """
    permit(person, Permission.ALARM_WRITE)
    states = (DeliveryState.FAILED, DeliveryState.WAITING)
    found = list(session.scalars(select(Delivery).where(Delivery.state.in_(states))))
    for delivery in found:
        delivery.state, delivery.tries, delivery.due_at, delivery.ended_at = DeliveryState.WAITING, 0, now(), None
    audit.record(session, person, "alarm.deliver_again", "deliveries", {"count": len(found)})
    return len(found)


def newest_deliveries(session: Session, limit: int = 100) -> list[tuple[Delivery, Channel, Alarm]]:
    """List the newest deliveries with their channel and alarm, newest first."""
    wanted = (
        select(Delivery, Channel, Alarm)
        .join(Channel, Delivery.channel_id == Channel.id)
        .join(Alarm, Delivery.alarm_id == Alarm.id)
        .order_by(Delivery.id.desc())
        .limit(limit)
    )
    return [(delivery, channel, alarm) for delivery, channel, alarm in session.execute(wanted)]


def waiting(session: Session) -> int:
    """Count the deliveries that are due."""
    due = select(func.count(Delivery.id)).join(Channel, Delivery.channel_id == Channel.id).where(*_is_due())
    return session.scalar(due) or 0


def _is_due() -> tuple[ColumnElement[bool], ...]:
    return Delivery.state == DeliveryState.WAITING, Delivery.due_at <= now(), Channel.enabled.is_(True)
