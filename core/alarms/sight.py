"""Which alarms and rules somebody sees who sees the wafers of some products alone."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.alarms.store import Alarm, AlarmRule, AlarmWafer
from core.lake import Lake


def alarms_seen(session: Session, alarms: Sequence[Alarm], lake: Lake) -> list[Alarm]:
    """Return the alarms of which every wafer is in a lake that may be narrowed: their words name no other.

    Args:
        session: of a transaction.
        alarms: to choose from.
        lake: as the person sees it.
    """
    if lake.products is None:
        return list(alarms)
    wanted = select(AlarmWafer.alarm_id, AlarmWafer.wafer_key).where(AlarmWafer.alarm_id.in_([a.id for a in alarms]))
    behind = [(number, key) for number, key in session.execute(wanted)]
    visible = lake.seen({key for _, key in behind})
    there = {number for number, _ in behind}
    hidden = {number for number, key in behind if key not in visible}
    return [alarm for alarm in alarms if alarm.id in there - hidden]


def rules_seen(rules: Sequence[AlarmRule], lake: Lake) -> list[AlarmRule]:
    """Return the rules that name no product that a lake was narrowed from."""
    return [rule for rule in rules if lake.products is None or rule.product in ("", *lake.products)]
