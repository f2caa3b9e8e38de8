"""Acknowledging where two people may do so at once: the first closes the alarm, what the second says is kept too."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from core.alarms.store import Alarm, acknowledge, usable_comment
from core.database import audit
from core.database.schema import now, row_by_id
from core.identity import Person
from core.people.roles import Permission, permit


@dataclass(frozen=True)
class Acknowledged:
    """What became of an acknowledgement.

    Args:
        alarm: now closed.
        by: who had closed it before, "" where nobody had.
        at: when that was.
        said: what that person had said.
    """

    alarm: Alarm
    by: str = ""
    at: datetime | None = None
    said: str = ""


def acknowledge_or_add(session: Session, number: int, comment: str, person: Person) -> Acknowledged:
    """Close an alarm, or where somebody was faster, add what this person says to what was said.

    Raises:
        NotAllowedError: the acting person may not.
        AppDatabaseError: there is no such alarm, or the comment is empty or too long.
    """
    permit(person, Permission.ALARM_WRITE)
    alarm = row_by_id(session, Alarm, number, "alarm", "Look at the list of alarms.")
    if alarm.acknowledged_by is None or alarm.acknowledged_at is None:
        acknowledge(session, number, comment, person)
        return Acknowledged(alarm)
    said, first, at = usable_comment(number, comment), alarm.comment, alarm.acknowledged_at
    alarm.comment = f"{first}\n{person.name}, {now():%Y-%m-%d %H:%M} UTC: {said}"
    audit.record(session, person, "alarm.comment", f"alarm {number}", {"comment": said})
    return Acknowledged(alarm, alarm.acknowledged_by, at, first)
