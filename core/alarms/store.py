"""Alarms: the rules that raise them, those that are open or were acknowledged, and how far the lake was looked at."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, ForeignKey, String, Text, UniqueConstraint, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from core.database import audit
from core.database.schema import NAME_LENGTH, Base, Choice, now, row_by_id
from core.identity import Person
from core.people.roles import Permission, permit
from data.errors import AppDatabaseError

LONGEST_COMMENT = 4000


class RuleKind(StrEnum):
    """What a rule looks at."""

    SEVERITY = "severity"
    SHARE = "share"
    SPC = "spc"
    NEW = "new"
    AGREEMENT = "agreement"


class AlarmRule(Base):
    """When to raise an alarm.

    Args:
        name: for people.
        kind: what it looks at.
        product: only wafers of this product, "" for each product by itself.
        defect_class: only this class, "" for each class by itself (for severity: whatever the class).
        threshold: severity (0 to 100) or share in percent above which it fires, or points of IoU lost from which it
            does; the other kinds have none.
        days: how many days, up to the newest test, it looks back on.
        enabled: whether it is looked at.
        changed_by: who wrote it last.
        changed_at: when.
    """

    __tablename__ = "alarm_rules"

    id: Mapped[int] = mapped_column(init=False, primary_key=True)
    name: Mapped[str] = mapped_column(String(NAME_LENGTH))
    kind: Mapped[RuleKind] = mapped_column(Choice(RuleKind))
    product: Mapped[str] = mapped_column(String(NAME_LENGTH), default="")
    defect_class: Mapped[str] = mapped_column(String(NAME_LENGTH), default="")
    threshold: Mapped[float] = mapped_column(default=0.0)
    days: Mapped[int] = mapped_column(default=30)
    enabled: Mapped[bool] = mapped_column(default=True)
    changed_by: Mapped[str] = mapped_column(String(NAME_LENGTH), default="")
    changed_at: Mapped[datetime] = mapped_column(default_factory=now)


class Alarm(Base):
    """Something that needs somebody's eyes. While it is open, what is found of the same goes into it.

    Args:
        rule_id: the rule that raised it.
        subject: what it is about, the same for the same thing, as "lot L1".
        words: what was found, a sentence without a stop.
        score: highest severity of its wafers, 0 to 100.
        count: wafers behind it.
        sequence: newest result of the lake that it knows of.
        raised_at: when it was raised.
        found_at: when something was last found for it.
        acknowledged_by: who dealt with it, None while it is open.
        acknowledged_at: when.
        comment: what that person said.
    """

    __tablename__ = "alarms"

    id: Mapped[int] = mapped_column(init=False, primary_key=True)
    rule_id: Mapped[int] = mapped_column(ForeignKey("alarm_rules.id"), index=True)
    subject: Mapped[str] = mapped_column(String(NAME_LENGTH))
    words: Mapped[str] = mapped_column(Text)
    score: Mapped[float]
    count: Mapped[int]
    sequence: Mapped[int] = mapped_column(BigInteger)
    raised_at: Mapped[datetime] = mapped_column(default_factory=now)
    found_at: Mapped[datetime] = mapped_column(default_factory=now)
    acknowledged_by: Mapped[str | None] = mapped_column(String(NAME_LENGTH), default=None, index=True)
    acknowledged_at: Mapped[datetime | None] = mapped_column(default=None)
    comment: Mapped[str] = mapped_column(Text, default="")


class AlarmWafer(Base):
    """A wafer behind an alarm, as it was tested then.

    Args:
        alarm_id: the alarm.
        wafer_key: the wafer.
        wafer_sequence: which test of it; tested anew it can raise the alarm again.
        score: its severity.
    """

    __tablename__ = "alarm_wafers"
    __table_args__ = (UniqueConstraint("alarm_id", "wafer_key", "wafer_sequence"),)

    id: Mapped[int] = mapped_column(init=False, primary_key=True)
    alarm_id: Mapped[int] = mapped_column(ForeignKey("alarms.id"))
    wafer_key: Mapped[str] = mapped_column(String(NAME_LENGTH), index=True)
    wafer_sequence: Mapped[int] = mapped_column(BigInteger)
    score: Mapped[float]


class Watermark(Base):
    """How far somebody has looked at the lake.

    Args:
        reader: who looks, as "alarms".
        sequence: of the newest result looked at.
    """

    __tablename__ = "watermarks"

    reader: Mapped[str] = mapped_column(String(NAME_LENGTH), primary_key=True)
    sequence: Mapped[int] = mapped_column(BigInteger)


@dataclass(frozen=True)
class FoundWafer:
    """A wafer that speaks for an alarm: its key, which test of it, and its severity."""

    key: str
    sequence: int
    severity: float


def rules(session: Session) -> list[AlarmRule]:
    """List the rules in the order they were made."""
    return list(session.scalars(select(AlarmRule).order_by(AlarmRule.id)))


def save_rule(session: Session, rule: AlarmRule, person: Person) -> AlarmRule:
    """Keep a rule, new or changed.

    Raises:
        NotAllowedError: the acting person may not.
        AppDatabaseError: it has no name, or a number out of its range.
    """
    permit(person, Permission.ALARM_CONFIG)
    rule.name = rule.name.strip()
    if not 0 < len(rule.name) <= NAME_LENGTH:
        raise AppDatabaseError("rule", f"expected a name of 1 to {NAME_LENGTH} characters", "Give it one.")
    if not (0 <= rule.threshold <= 100 and 1 <= rule.days <= 365):
        raise AppDatabaseError(
            f"rule {rule.name!r}",
            f"expected a limit from 0 to 100 and 1 to 365 days, found {rule.threshold:g} and {rule.days}",
            "Correct them.",
        )
    rule.changed_by, rule.changed_at = person.name, now()
    session.add(rule)
    session.flush()
    names = ("name", "kind", "product", "defect_class", "threshold", "days", "enabled")
    audit.record(session, person, "alarm.rule", f"rule {rule.id}", {name: getattr(rule, name) for name in names})
    return rule


def rule_by_id(session: Session, number: int) -> AlarmRule:
    """Return a rule.

    Raises:
        AppDatabaseError: there is none of that number.
    """
    return row_by_id(session, AlarmRule, number, "rule", "Look at the list of rules.")


def open_alarms(session: Session) -> list[Alarm]:
    """List the open alarms, worst first, newer before older."""
    return list(
        session.scalars(
            select(Alarm).where(Alarm.acknowledged_by.is_(None)).order_by(Alarm.score.desc(), Alarm.id.desc())
        )
    )


def past_alarms(session: Session, limit: int = 200) -> list[Alarm]:
    """List the newest acknowledged alarms, the last acknowledged first."""
    wanted = select(Alarm).where(Alarm.acknowledged_by.is_not(None)).order_by(Alarm.acknowledged_at.desc())
    return list(session.scalars(wanted.limit(limit)))


def wafers_of(session: Session, alarm_id: int) -> list[str]:
    """List the keys of the wafers behind an alarm, worst first."""
    worst = func.max(AlarmWafer.score).desc()
    wanted = select(AlarmWafer.wafer_key).where(AlarmWafer.alarm_id == alarm_id).group_by(AlarmWafer.wafer_key)
    return list(session.scalars(wanted.order_by(worst, AlarmWafer.wafer_key)))


def acknowledge(session: Session, number: int, comment: str, person: Person) -> Alarm:
    """Close an alarm: somebody has seen to it, and says what.

    Raises:
        NotAllowedError: the acting person may not.
        AppDatabaseError: there is no such alarm, it is closed already, or the comment is empty or too long.
    """
    permit(person, Permission.ALARM_WRITE)
    alarm = row_by_id(session, Alarm, number, "alarm", "Look at the list of alarms.")
    if alarm.acknowledged_by is not None:
        raise AppDatabaseError(
            f"alarm {number}", f"{alarm.acknowledged_by} acknowledged it already", "See its history."
        )
    alarm.comment = usable_comment(number, comment)
    alarm.acknowledged_by, alarm.acknowledged_at = person.name, now()
    audit.record(session, person, "alarm.acknowledge", f"alarm {number}", {"comment": alarm.comment})
    return alarm


def usable_comment(number: int, comment: str) -> str:
    """Return what is said of an alarm, without blanks around it.

    Raises:
        AppDatabaseError: it is empty or too long.
    """
    if not 0 < len(comment.strip()) <= LONGEST_COMMENT:
        raise AppDatabaseError(
            f"alarm {number}",
            f"expected a comment of 1 to {LONGEST_COMMENT:,} characters",
            "Say what was done about it.",
        )
    return comment.strip()


def settled(session: Session, rule_id: int) -> dict[str, int]:
    """Return the newest result that people knew of when they acknowledged a rule's alarms, by subject."""
    wanted = select(Alarm.subject, func.max(Alarm.sequence)).where(
        Alarm.rule_id == rule_id, Alarm.acknowledged_by.is_not(None)
    )
    return {row[0]: row[1] for row in session.execute(wanted.group_by(Alarm.subject))}


def raise_or_add(
    session: Session, rule: AlarmRule, subject: str, words: str, wafers: Sequence[FoundWafer], sequence: int
) -> Alarm | None:
    """Raise an alarm, or add to the open one of the same rule and subject.

    Args:
        session: of a writing transaction.
        rule: what fired.
        subject: what on.
        words: what was found.
        wafers: that speak for it; those that spoke for the same before say nothing new.
        sequence: newest result of the lake that was looked at.

    Returns:
        The alarm when it is newly raised, else None.
    """
    same = (Alarm.rule_id == rule.id, Alarm.subject == subject)
    told = select(AlarmWafer.wafer_key, AlarmWafer.wafer_sequence).join(Alarm).where(*same)
    known = {(key, test) for key, test in session.execute(told)}
    new = [wafer for wafer in wafers if (wafer.key, wafer.sequence) not in known]
    if not new:
        return None
    alarm = session.scalar(select(Alarm).where(*same, Alarm.acknowledged_by.is_(None)))
    raised = alarm is None
    if alarm is None:
        alarm = Alarm(rule_id=rule.id, subject=subject, words=words, score=0.0, count=0, sequence=sequence)
        session.add(alarm)
        session.flush()
    alarm.words, alarm.found_at, alarm.sequence = words, now(), sequence
    alarm.count += len(new)
    alarm.score = max(alarm.score, *(wafer.severity for wafer in new))
    session.add_all(
        AlarmWafer(alarm_id=alarm.id, wafer_key=w.key, wafer_sequence=w.sequence, score=w.severity) for w in new
    )
    return alarm if raised else None


def watermark(session: Session, reader: str) -> int:
    """Return how far a reader has looked at the lake, 0 before it did."""
    found = session.get(Watermark, reader)
    return found.sequence if found else 0


def move_watermark(session: Session, reader: str, sequence: int) -> None:
    """Note how far a reader has looked at the lake; it never goes back."""
    found = session.get(Watermark, reader)
    if found is None:
        session.add(Watermark(reader=reader, sequence=sequence))
    else:
        found.sequence = max(found.sequence, sequence)
