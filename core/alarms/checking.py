"""Looking at what is new in the lake by every rule, and keeping what was found."""

from dataclasses import dataclass

import pandas as pd

from core.alarms.agreement_rule import falling
from core.alarms.deliveries import send_to_all, waiting
from core.alarms.rules import Look, find
from core.alarms.store import RuleKind, move_watermark, raise_or_add, rules, settled, watermark
from core.database import AppDatabase
from core.lake import Lake

READER = "alarms"
LATE_NS = 10 * 60 * 10**9
"""A result may appear after newer ones, while its writer still writes: so far back is looked again."""
_NEWEST = "SELECT max(segmentation_sequence) AS sequence, max(tested_at) AS tested FROM wafers"


@dataclass(frozen=True)
class Checked:
    """What a look at the lake did.

    Args:
        raised: alarms that are new.
        waiting: deliveries that are due.
    """

    raised: int
    waiting: int


def check(lake: Lake, database: AppDatabase, *, deliver: bool = True) -> Checked:
    """Look at the wafers that were segmented since the last look, by every enabled rule.

    Rules about agreement with people look every time, for labels come after results.
    What is found goes into the open alarm of the same rule and subject, or raises one. Nothing is sent here: deliveries
    are put on their way in the same transaction, and `core.alarms.sending` sends them.

    Args:
        lake: looked at.
        database: hold rules and alarms.
        deliver: put newly raised alarms on their way to the channels.

    Raises:
        LakeError: the lake cannot be read.
        AppDatabaseError: the database cannot be used.
    """
    row = lake.query(_NEWEST).iloc[0]
    with database.reading() as session:
        seen, wanted = watermark(session, READER), [rule for rule in rules(session) if rule.enabled]
        dealt_with = {rule.id: settled(session, rule.id) for rule in wanted}
        due = waiting(session)
    if pd.isna(row["sequence"]):
        return Checked(0, due)
    newest, tested = int(row["sequence"]), None if pd.isna(row["tested"]) else row["tested"].to_pydatetime()
    since = max(0, seen - LATE_NS)
    found = []
    for rule in wanted:
        if rule.kind is RuleKind.AGREEMENT:
            found.append((rule, falling(rule, lake, database, dealt_with[rule.id])))
        elif newest > seen:
            found.append((rule, find(rule, Look(lake, tested, seen, since, dealt_with[rule.id]))))
    if newest <= seen and not any(findings for _, findings in found):
        return Checked(0, due)
    raised = 0
    with database.writing() as session:
        for rule, findings in found:
            for finding in findings:
                alarm = raise_or_add(session, rule, finding.subject, finding.words, finding.wafers, newest)
                if alarm is not None:
                    raised += 1
                    if deliver:
                        send_to_all(session, alarm)
        move_watermark(session, READER, newest)
        session.flush()
        return Checked(raised, waiting(session))
