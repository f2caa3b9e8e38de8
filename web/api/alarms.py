"""`/alarms` and `/findings`: what needs somebody's eyes, the rules that say so, and what people found out."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from core.alarms.sight import alarms_seen, rules_seen
from core.alarms.store import (
    LONGEST_COMMENT,
    Alarm,
    AlarmRule,
    RuleKind,
    acknowledge,
    open_alarms,
    past_alarms,
    rule_by_id,
    rules,
    save_rule,
    wafers_of,
)
from core.identity import Person
from core.people.roles import Permission
from core.root_causes import LONGEST_TEXT, finding_history, write_finding
from data.classes import CLASS_KEYS
from data.errors import AppDatabaseError
from web.api import stores
from web.api.acting import Acting, needs
from web.api.envelope import Answer
from web.api.errors import ConflictError, NotFoundError, RequestError
from web.api.filters import Limit
from web.api.turns import in_turn
from web.api.wafers import wafer_by_key

ROUTER = APIRouter(tags=["alarms"], dependencies=[needs(Permission.INFERENCE_READ)])
OUT_OF_RANGE = 2**31


class _Row(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class AlarmRow(_Row):
    """An alarm."""

    id: int
    rule_id: int
    subject: str = Field(description='What it is about, as "lot L1".')
    words: str
    score: float = Field(description="Highest severity of its wafers, 0 to 100.")
    count: int = Field(description="Wafers behind it.")
    raised_at: datetime
    found_at: datetime
    acknowledged_by: str | None
    acknowledged_at: datetime | None
    comment: str


class AlarmDetail(AlarmRow):
    """An alarm with the wafers behind it."""

    wafers: list[str]


class RuleAsked(_Row):
    """A rule for alarms."""

    name: str = Field(min_length=1, max_length=200)
    kind: RuleKind
    product: str = Field(default="", max_length=200, description="Empty: each product by itself.")
    defect_class: str = Field(default="", description="Empty: each class by itself.")
    threshold: float = Field(default=0.0, ge=0, le=100)
    days: int = Field(default=30, ge=1, le=365)
    enabled: bool = True


class RuleRow(RuleAsked):
    """A rule as it is kept."""

    id: int
    changed_by: str
    changed_at: datetime


class Comment(BaseModel):
    """What was done about an alarm."""

    comment: str = Field(min_length=1, max_length=LONGEST_COMMENT)


class FindingAsked(BaseModel):
    """What is known about a wafer; both empty takes it back."""

    root_cause: str = Field(default="", max_length=LONGEST_TEXT)
    fa_finding: str = Field(default="", max_length=LONGEST_TEXT, description="What failure analysis saw.")


class FindingRow(_Row):
    """One version of what is known about a wafer."""

    wafer_key: str
    root_cause: str
    fa_finding: str
    written_by: str
    written_at: datetime


@ROUTER.get("/alarms", summary="Alarms, newest first")
@in_turn
def list_alarms(
    person: Acting,
    state: Annotated[str, Query(pattern="^(open|acknowledged)$")] = "open",
    limit: Limit = 50,
) -> Answer[list[AlarmRow]]:
    """Return open alarms, or those that somebody has seen to."""
    with stores.database().reading() as session:
        found = open_alarms(session) if state == "open" else past_alarms(session, limit)
        seen = alarms_seen(session, found, stores.lake(person))[:limit]
        return Answer(data=[AlarmRow.model_validate(alarm) for alarm in seen])


@ROUTER.get("/alarms/rules", summary="Rules for alarms")
@in_turn
def list_rules(person: Acting) -> Answer[list[RuleRow]]:
    """Return the rules in the order they were made."""
    with stores.database().reading() as session:
        seen = rules_seen(rules(session), stores.lake(person))
        return Answer(data=[RuleRow.model_validate(rule) for rule in seen])


@ROUTER.post("/alarms/rules", status_code=201, summary="Add a rule for alarms")
@in_turn
def add_rule(asked: RuleAsked, person: Acting) -> Answer[RuleRow]:
    """Keep a new rule; wafers are looked at by it from now on."""
    _check_class(asked)
    with stores.database().writing() as session:
        return Answer(data=RuleRow.model_validate(save_rule(session, AlarmRule(**asked.model_dump()), person)))


@ROUTER.put("/alarms/rules/{number}", summary="Change a rule for alarms")
@in_turn
def change_rule(number: int, asked: RuleAsked, person: Acting) -> Answer[RuleRow]:
    """Put another rule in the place of one."""
    _check_class(asked)
    with stores.database().writing() as session:
        try:
            rule = rule_by_id(session, number) if 0 < number < OUT_OF_RANGE else None
        except AppDatabaseError:
            rule = None
        if rule is None or not rules_seen([rule], stores.lake(person)):
            raise NotFoundError("number", f"there is no rule {number}", "See /alarms/rules.")
        for name, value in asked.model_dump().items():
            setattr(rule, name, value)
        return Answer(data=RuleRow.model_validate(save_rule(session, rule, person)))


@ROUTER.get("/alarms/{number}", summary="One alarm with its wafers")
@in_turn
def one_alarm(number: int, person: Acting) -> Answer[AlarmDetail]:
    """Return an alarm and the keys of the wafers behind it."""
    with stores.database().reading() as session:
        alarm = AlarmRow.model_validate(_alarm(session, number, person))
        return Answer(data=AlarmDetail(**alarm.model_dump(), wafers=wafers_of(session, number)))


@ROUTER.post("/alarms/{number}/acknowledge", summary="Say what was done about an alarm")
@in_turn
def acknowledge_alarm(number: int, asked: Comment, person: Acting) -> Answer[AlarmRow]:
    """Close an alarm; one that somebody has closed meanwhile stays as it is."""
    with stores.database().writing() as session:
        if _alarm(session, number, person).acknowledged_by is not None:
            raise ConflictError("number", f"alarm {number} is acknowledged already", "See who did, and what was said.")
        return Answer(data=AlarmRow.model_validate(acknowledge(session, number, asked.comment, person)))


@ROUTER.get("/findings/{key}", summary="What people found out about a wafer")
@in_turn
def findings_of(key: str, person: Acting) -> Answer[list[FindingRow]]:
    """Return every version, newest first."""
    wafer_by_key(key, person)
    with stores.database().reading() as session:
        return Answer(data=[FindingRow.model_validate(one) for one in finding_history(session, key)])


@ROUTER.put("/findings/{key}", summary="Write down what was found out about a wafer")
@in_turn
def put_finding(key: str, asked: FindingAsked, person: Acting) -> Answer[FindingRow]:
    """Keep root cause and finding as the newest version."""
    wafer_by_key(key, person)
    with stores.database().writing() as session:
        written = write_finding(session, key, asked.root_cause, asked.fa_finding, person)
        session.flush()
        return Answer(data=FindingRow.model_validate(written))


def _alarm(session: Session, number: int, person: Person) -> Alarm:
    alarm = session.get(Alarm, number) if 0 < number < OUT_OF_RANGE else None
    if alarm is None or not alarms_seen(session, [alarm], stores.lake(person)):
        raise NotFoundError("number", f"there is no alarm {number}", "See /alarms.")
    return alarm


def _check_class(asked: RuleAsked) -> None:
    if asked.defect_class not in ("", *CLASS_KEYS):
        raise RequestError("defect_class", f"there is no class {asked.defect_class[:100]!r}", "See /wafers.")
