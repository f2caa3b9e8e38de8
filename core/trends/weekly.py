"""What changed this week: every class and product of the newest seven days against the seven days before."""

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd

from core.lake import Lake, WaferFilter
from core.statistics.significance import benjamini_hochberg, mean_change, share_change
from core.trends.overview import newest_day, start_of
from data.classes import CLASS_KEYS, CLASSES

FALSE_SHARE = 0.05
ALL_PRODUCTS = ""
COLUMNS = (
    "product",
    "class",
    "wafers_before",
    "affected_before",
    "before",
    "wafers_now",
    "affected_now",
    "now",
    "change",
    "low",
    "high",
    "p",
    "q",
)
_NAMES = {c.key: c.name for c in CLASSES}
_WEEKS = """
    SELECT tested_at >= ? AS now, coalesce(product, '') AS product, grouping(product) AS whole, count(*) AS wafers,
           avg(severity) AS severity_mean, stddev_samp(severity) AS severity_sd, {classes}
    FROM wafers WHERE {where} AND severity IS NOT NULL AND tested_at >= ? AND tested_at < ?
    GROUP BY GROUPING SETS ((now, product), (now))
"""
_CLASSES = ", ".join(f"count(*) FILTER (affected_{key} > 0) AS {key}" for key in CLASS_KEYS)


@dataclass(frozen=True)
class Weeks:
    """Two weeks in a row, seven days each.

    Args:
        before: first day of the earlier one.
        now: first day of the later one.
        last: last day of the later one.
    """

    before: date
    now: date
    last: date


def newest_weeks(lake: Lake, where: WaferFilter) -> Weeks | None:
    """Return the seven days that end with the newest test of these wafers, and the seven before; None without a date.

    Seven days and not a calendar week, so that Monday morning compares as much as Friday.
    """
    last = newest_day(lake, where)
    return None if last is None else Weeks(last - timedelta(days=13), last - timedelta(days=6), last)


def changes(lake: Lake, where: WaferFilter, weeks: Weeks) -> pd.DataFrame:
    """Compare the share of wafers that show each class, and the mean severity, of all products and of each.

    Shares by Newcombe's interval and Fisher's exact test, severity by Welch's t; `q` is p corrected by Benjamini and
    Hochberg over all rows. What neither week has is left out. Wafers count as independent: where whole lots are hit, p
    is too small.

    Args:
        lake: the lake.
        where: which wafers; its own times are set aside.
        weeks: which weeks.

    Returns:
        Rows with COLUMNS, surest first. `class` is empty for severity, `product` for all products; shares are 0 to 1.
    """
    condition, parameters = WaferFilter(product=where.product, lot=where.lot).where()
    sql = _WEEKS.format(classes=_CLASSES, where=condition)
    times = [start_of(day).replace(tzinfo=None) for day in (weeks.now, weeks.before, weeks.last + timedelta(days=1))]
    table = lake.query(sql, [times[0], *parameters, *times[1:]])
    rows = [row for _, group in _compared(table) for row in _rows(group)]
    found = pd.DataFrame(rows, columns=COLUMNS[:-1])
    found["q"] = benjamini_hochberg(found["p"])
    return found.sort_values(["q", "p", "product", "class"], ignore_index=True)


def significant(found: pd.DataFrame) -> pd.DataFrame:
    """Keep the changes of which at most one in twenty is expected to be chance."""
    return found[found["q"] < FALSE_SHARE].reset_index(drop=True)


def words(row: Mapping[Hashable, Any]) -> str:
    """Return a sentence on one change, a row of `changes` as a dict, in a sentence; the interval is that of 95 %.

    Example:
        >>> values = ("Heron", "scratch", 70, 1, 1 / 70, 75, 12, 0.16, 0.1457, 0.052, 0.246, 0.002, 0.01)
        >>> words(dict(zip(COLUMNS, values)))
        'Scratch on Heron: 12 of 75 wafers (16.0 %), 1 of 70 (1.4 %) the week before; up by 14.6 points (5.2 to 24.6)'
    """
    on = f" on {row['product']}" if row["product"] else ""
    sign, name = (1, "up") if row["change"] > 0 else (-1, "down")
    scale, unit = (100, " points") if row["class"] else (1, "")
    low, high = sorted((sign * row["low"] * scale, sign * row["high"] * scale))
    moved = f"{name} by {abs(row['change']) * scale:.1f}{unit} ({low:.1f} to {high:.1f})"
    if not row["class"]:
        return f"Mean severity{on}: {row['now']:.1f}, {row['before']:.1f} the week before; {moved}"
    return (
        f"{_NAMES[row['class']]}{on}: {row['affected_now']} of {row['wafers_now']} wafers ({row['now'] * 100:.1f} %), "
        f"{row['affected_before']} of {row['wafers_before']} ({row['before'] * 100:.1f} %) the week before; {moved}"
    )


def _compared(table: pd.DataFrame) -> Iterator[tuple[str, dict[bool, dict[Hashable, Any]]]]:
    """Both weeks of all products and of each that has both; of a single product only once."""
    single = table.loc[table["whole"] == 0, "product"].nunique() < 2
    for (whole, product), group in table.groupby(["whole", "product"]):
        weeks = {bool(row["now"]): row for row in group.to_dict("records")}
        if len(weeks) == 2 and not (whole and single):
            yield str(product), weeks


def _rows(weeks: dict[bool, dict[Hashable, Any]]) -> Iterator[tuple[object, ...]]:
    before, now = weeks[False], weeks[True]
    product = ALL_PRODUCTS if now["whole"] else now["product"]
    sizes = before["wafers"], now["wafers"]
    for key in CLASS_KEYS:
        k = int(before[key]), int(now[key])
        if any(k):
            found = share_change((k[0], sizes[0]), (k[1], sizes[1]))
            yield (
                product,
                key,
                sizes[0],
                k[0],
                k[0] / sizes[0],
                sizes[1],
                k[1],
                k[1] / sizes[1],
                found.change,
                found.low,
                found.high,
                found.p,
            )
    means = [(week["severity_mean"], week["severity_sd"], week["wafers"]) for week in (before, now)]
    if np.isfinite(means).all():
        found = mean_change(means[0], means[1])
        yield (
            product,
            "",
            sizes[0],
            sizes[0],
            means[0][0],
            sizes[1],
            sizes[1],
            means[1][0],
            found.change,
            found.low,
            found.high,
            found.p,
        )
