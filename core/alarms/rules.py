"""What each kind of rule looks for among the wafers that are new in the lake."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import pandas as pd

from core.alarms.store import AlarmRule, FoundWafer, RuleKind
from core.lake import Lake, WaferFilter
from core.statistics.spc import western_electric
from core.trends.series import (
    LEAST_POINTS,
    ChartKind,
    Measure,
    Period,
    Subject,
    baseline_of,
    controlled,
    series,
    with_value,
)
from data.classes import CLASS_KEYS, CLASSES

RECENT_DAYS = 30
"""Wafers tested longer before the newest one raise nothing: an archive read in late is no news."""
LEAST_WAFERS = 20
"""A share of fewer wafers is chance, and a class is not new to a product of which fewer were seen."""
LEAST_AFFECTED = 3
"""Fewer wafers than these do not make a day stand out, whatever its share."""
MOST_WAFERS = 50
"""As many of the worst wafers stand for an alarm about a share."""
NAMES = {c.key: c.name for c in CLASSES}

_RECENT = "severity IS NOT NULL AND (tested_at IS NULL OR tested_at >= ?)"
_SEVERE = f"""
    SELECT product, lot_id, key, sequence, severity FROM wafers
    WHERE segmentation_sequence > ? AND severity > ? AND {_RECENT} {{narrowed}} ORDER BY severity DESC, key
"""
_COUNTS = f"""
    SELECT count(*) AS wafers, count(*) FILTER (affected_{{key}} > 0) AS affected
    FROM wafers WHERE product = ? AND segmentation_sequence > ? AND {_RECENT}
"""
_BEFORE = """
    SELECT count(*) AS wafers, count(*) FILTER (affected_{key} > 0) AS affected
    FROM wafers WHERE product = ? AND severity IS NOT NULL AND segmentation_sequence <= ?
"""
_WORST = f"""
    SELECT key, sequence, severity FROM wafers
    WHERE product = ? AND affected_{{key}} > 0 AND segmentation_sequence > ? AND {_RECENT} {{narrowed}}
    ORDER BY severity DESC, key LIMIT {MOST_WAFERS}
"""
_FRESH_DAYS = f"""
    SELECT DISTINCT CAST(tested_at AS DATE) AS day FROM wafers
    WHERE product = ? AND segmentation_sequence > ? AND {_RECENT}
"""
_FRESH = f"""
    SELECT product, {", ".join(f"count(*) FILTER (affected_{key} > 0) AS {key}" for key in CLASS_KEYS)}
    FROM wafers WHERE segmentation_sequence > ? AND product != '' AND {_RECENT} GROUP BY product ORDER BY product
"""


@dataclass(frozen=True)
class Breach:
    """What a rule found: the subject, in words, and the wafers that speak for it."""

    subject: str
    words: str
    wafers: tuple[FoundWafer, ...]


@dataclass(frozen=True)
class Look:
    """One look at the lake.

    Args:
        lake: what is looked at.
        newest: time of the newest test, UTC without a zone; None where no wafer says when it was tested.
        seen: newest result that was looked at before; 0 for the first look.
        since: results up to this one are not looked at again; a little before `seen`, for those that appear late.
        settled: subjects that a person has dealt with, and up to which result.
    """

    lake: Lake
    newest: datetime | None
    seen: int
    since: int
    settled: Mapping[str, int]

    def fresh_after(self, subject: str) -> int:
        """Sequence after which results are news for a subject."""
        return max(self.since, self.settled.get(subject, 0))

    def back(self, days: int) -> datetime:
        """A time so many days before the newest test."""
        return (self.newest or datetime(1970, 1, 1)) - timedelta(days=days)


def find(rule: AlarmRule, look: Look) -> list[Breach]:
    """Return what a rule finds among the wafers that are new since the last look.

    Args:
        rule: what to look for.
        look: at which lake, from where on.

    Raises:
        LakeError: the lake cannot be read.
    """
    return list(_KINDS[rule.kind](rule, look))


def _severe(rule: AlarmRule, look: Look) -> Iterator[Breach]:
    """Lots with wafers above the severity; a lot is one subject, for what befell it befell its wafers together."""
    narrowed, values = "", list[object]()
    if rule.product:
        narrowed, values = " AND product = ?", [rule.product]
    if rule.defect_class:
        narrowed += f" AND affected_{rule.defect_class} > 0"
    parameters = [look.since, rule.threshold, look.back(RECENT_DAYS), *values]
    found = look.lake.query(_SEVERE.format(narrowed=narrowed), parameters)
    for (product, lot), wafers in found.groupby(["product", "lot_id"], dropna=False):
        of = f" ({product})" if product else ""
        count = f"{len(wafers)} wafers" if len(wafers) > 1 else "1 wafer"
        words = f"Lot {lot}{of}: severity up to {wafers['severity'].max():.0f} on {count}, above {rule.threshold:g}"
        yield Breach(f"lot {lot} {product}", words, _wafers(wafers))


def _shares(rule: AlarmRule, look: Look) -> Iterator[Breach]:
    """Classes whose share of the recent wafers of a product is above the limit."""
    for product, key in _subjects(rule, look):
        subject = f"{key} on {product}"
        settled = look.settled.get(subject, 0)
        back = look.back(rule.days)
        counts = look.lake.query(_COUNTS.format(key=key), [product, settled, back]).iloc[0]
        wafers, affected = int(counts["wafers"]), int(counts["affected"])
        if wafers >= LEAST_WAFERS and affected * 100 > rule.threshold * wafers:
            words = (
                f"{NAMES[key]} on {product}: {affected} of {wafers} wafers ({affected / wafers:.0%}) of the last "
                f"{rule.days} days, above {rule.threshold:g} %"
            )
            yield Breach(subject, words, _worst(look, product, key, settled, back))


def _out_of_control(rule: AlarmRule, look: Look) -> Iterator[Breach]:
    """Classes whose daily share breaks a Western Electric rule upwards on a day that has new wafers.

    The chart is of individual values: its limits come from how much days differ, which a p-chart's do not know where
    the wafers of a lot share their fate.
    """
    for product, key in _subjects(rule, look):
        subject = f"{key} on {product}"
        fresh = look.lake.query(_FRESH_DAYS, [product, look.fresh_after(subject), look.back(RECENT_DAYS)])
        days = set(pd.to_datetime(fresh["day"].dropna()))
        where = WaferFilter(product=product, since=look.back(rule.days).replace(tzinfo=UTC))
        table = with_value(series(look.lake, where, Subject((key,)), Period.DAY), Measure.SHARE)
        if len(table) < 2 * LEAST_POINTS:  # too few days to know what is normal
            continue
        chart = controlled(table, Measure.SHARE, ChartKind.INDIVIDUALS, baseline_of(table))
        for fired in reversed(western_electric(chart)):
            ran = table.iloc[fired.first : fired.last + 1]
            if fired.high and table["period"].iloc[fired.last] in days and ran["affected"].sum() >= LEAST_AFFECTED:
                last = table["period"].iloc[fired.last]
                words = (
                    f"{NAMES[key]} on {product}: {fired.words()}, in the daily share of wafers up to {last:%Y-%m-%d}"
                )
                back, ran_days = look.back(rule.days), list(ran["period"].dt.date)
                yield Breach(subject, words, _worst(look, product, key, 0, back, ran_days))
                break


def _new(rule: AlarmRule, look: Look) -> Iterator[Breach]:
    """Classes seen on a product for the first time."""
    for product, key in _subjects(rule, look):
        subject = f"{key} on {product}"
        after = max(look.seen, look.settled.get(subject, 0))
        before = look.lake.query(_BEFORE.format(key=key), [product, after]).iloc[0]
        if before["wafers"] >= LEAST_WAFERS and not before["affected"]:
            wafers = _worst(look, product, key, after, look.back(RECENT_DAYS))
            count = f"{len(wafers)} wafers" if len(wafers) > 1 else "1 wafer"
            words = f"{NAMES[key]} on {product} for the first time: {count}, none of {before['wafers']:,} before"
            yield Breach(subject, words, wafers)


_KINDS: Mapping[RuleKind, Callable[[AlarmRule, Look], Iterator[Breach]]] = {
    RuleKind.SEVERITY: _severe,
    RuleKind.SHARE: _shares,
    RuleKind.SPC: _out_of_control,
    RuleKind.NEW: _new,
}


def _subjects(rule: AlarmRule, look: Look) -> Iterator[tuple[str, str]]:
    """Each product and class that a rule looks at and that new wafers show."""
    for row in look.lake.query(_FRESH, [look.since, look.back(RECENT_DAYS)]).to_dict("records"):
        if rule.product in ("", row["product"]):
            keys = [rule.defect_class] if rule.defect_class else CLASS_KEYS
            yield from ((str(row["product"]), key) for key in keys if row[key])


def _worst(
    look: Look, product: str, key: str, after: int, back: datetime, days: Sequence[date] | None = None
) -> tuple[FoundWafer, ...]:
    """The most severe recent wafers of a product that show a class, of some days when they are named."""
    narrowed = "" if days is None else " AND CAST(tested_at AS DATE) IN (SELECT unnest(?))"
    parameters = [product, after, back, *([] if days is None else [list(days)])]
    return _wafers(look.lake.query(_WORST.format(key=key, narrowed=narrowed), parameters))


def _wafers(table: pd.DataFrame) -> tuple[FoundWafer, ...]:
    rows = zip(table["key"], table["sequence"], table["severity"], strict=True)
    return tuple(FoundWafer(str(key), int(sequence), float(severity)) for key, sequence, severity in rows)
