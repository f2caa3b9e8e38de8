"""The rule that looks at how far the model agrees with people, week over week."""

from collections.abc import Mapping
from datetime import timedelta

import pandas as pd

from core.alarms.rules import MOST_WAFERS, Breach
from core.alarms.store import AlarmRule, FoundWafer
from core.database import AppDatabase
from core.labels.annotations import labelled_keys
from core.lake import Lake, WaferFilter
from core.monitoring.changes import BLIND, LABELS, WEEK, changes_by_labels, drops, words
from core.monitoring.judging import COLUMNS, Judged, Scope, judgement

_NEWEST = """
    SELECT max(tested_at) AS tested FROM wafers
    WHERE key IN (SELECT unnest(?)) AND severity IS NOT NULL AND (product = ? OR ? = '')
"""


def falling(rule: AlarmRule, lake: Lake, database: AppDatabase, settled: Mapping[str, int]) -> list[Breach]:
    """Return which products and classes lost agreement with people's labels in the newest week.

    Args:
        rule: whose threshold is points of IoU.
        lake: of results.
        database: of labels.
        settled: subjects that a person has dealt with, and up to which result of the lake: it takes newer ones to raise
            them again.

    Raises:
        LakeError: the lake cannot be read.
        AppDatabaseError: the database cannot be used.
    """
    with database.reading() as session:
        keys = labelled_keys(session)
    newest = lake.query(_NEWEST, [keys, rule.product, rule.product])["tested"].iloc[0]
    if pd.isna(newest):
        return []
    since = (newest.normalize() + timedelta(days=1) - 2 * WEEK).to_pydatetime()
    judged = judgement(lake, database, Scope(WaferFilter(product=rule.product, since=since)))
    fallen = drops(changes_by_labels(judged), rule.threshold)
    found = []
    for row in fallen[fallen["class"].isin([rule.defect_class] if rule.defect_class else COLUMNS)].to_dict("records"):
        subject = f"agreement on {row['class']} on {row['product'] or 'all products'}"
        by = judged.blind if row[LABELS] == BLIND else judged.every
        wafers = _least_agreed(by, row["product"], row["class"], since + WEEK, settled.get(subject, 0))
        if wafers:
            found.append(Breach(subject, words(row), wafers))
    return found


def _least_agreed(judged: Judged, product: str, key: str, since: pd.Timestamp, after: int) -> tuple[FoundWafer, ...]:
    """The wafers of the newest week whose result was newer than what was dealt with and has most dies wrong."""
    k = COLUMNS.index(key)
    facts = judged.wafers.assign(dies=(judged.counts.wrong + judged.counts.missed)[:, k])
    own = (facts["product"] == product) | (product == "")
    recent = facts[own & (facts["tested_at"] >= since) & (facts["segmentation_sequence"] > after) & (facts["dies"] > 0)]
    worst = recent.sort_values(["dies", "key"], ascending=[False, True]).head(MOST_WAFERS)
    rows = zip(worst["key"], worst["sequence"], worst["severity"], strict=True)
    return tuple(FoundWafer(str(key), int(sequence), float(severity)) for key, sequence, severity in rows)
