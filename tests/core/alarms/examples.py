"""Wafers as severe as a test wants them, and rules that look at them."""

from dataclasses import replace
from datetime import timedelta

from sqlalchemy import select

from core.alarms.deliveries import Delivery
from core.alarms.store import Alarm, AlarmRule, RuleKind, acknowledge, open_alarms, save_rule
from core.analysis.result import WaferResult
from core.database import AppDatabase
from core.identity import Person
from core.lake import Lake
from tests.core.lake_examples import START, drawn, found_on


def severe(number: int, value: float, *classes: str, **fields) -> WaferResult:
    """A result of a given severity."""
    result = found_on(drawn(number, **{"product": "TC38", **fields}), *classes)
    return replace(result, severity=replace(result.severity, score=value))


def keep(lake: Lake, *results: WaferResult) -> None:
    """Append wafers and results."""
    lake.append_wafers(result.wafer for result in results)
    lake.append_results(results)


def days(first: int, last: int, *, affected=0, wafers=4, product="TC38", lot="D") -> list[WaferResult]:
    """Results of some days, the first few wafers of each affected by edge."""
    return [
        severe(
            1000 + day * 10 + n,
            30.0,
            *(["edge"] if n < affected else []),
            product=product,
            lot_id=f"{lot}{day:03d}",
            tested_at=START + timedelta(days=day, minutes=n),
        )
        for day in range(first, last)
        for n in range(wafers)
    ]


def rule(database: AppDatabase, person: Person, kind: RuleKind, **fields) -> AlarmRule:
    """Save a rule named after its kind."""
    with database.writing() as session:
        return save_rule(session, AlarmRule(name=str(kind), kind=kind, **fields), person)


def opened(database: AppDatabase) -> list[Alarm]:
    """List the open alarms."""
    with database.reading() as session:
        return open_alarms(session)


def close_all(database: AppDatabase, person: Person) -> None:
    """Acknowledge every open alarm."""
    with database.writing() as session:
        for alarm in open_alarms(session):
            acknowledge(session, alarm.id, "seen to", person)


def let_time_pass(database: AppDatabase, pause: timedelta) -> None:
    """Make every delivery due so much earlier."""
    with database.writing() as session:
        for delivery in session.scalars(select(Delivery)):
            delivery.due_at -= pause
