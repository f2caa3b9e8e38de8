"""Sums over the lake for the first look: totals, weeks, the worst wafers of the newest day."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta

import numpy as np
import pandas as pd

from core.lake import Lake, WaferFilter
from data.classes import CLASS_KEYS
from data.synthesis.fab import DEMO_SOURCE

_YIELD = (
    "sum(tested_count - fail_count) FILTER (yield_fraction IS NOT NULL)"
    " / nullif(sum(tested_count) FILTER (yield_fraction IS NOT NULL), 0)"
)
"""Over the wafers of which it is known which dies pass."""
_TOTALS = """
    SELECT count(*) AS wafers, count(DISTINCT lot_id) AS lots,
           {pooled} AS yield_fraction,
           count(severity) AS segmented, count(*) FILTER (cluster_count > 0) AS defective,
           avg(severity) AS mean_severity
    FROM wafers WHERE {where}
"""
_WEEKS = """
    SELECT date_trunc('week', tested_at) AS week, count(*) AS wafers,
           {pooled} AS yield_fraction, {classes}
    FROM wafers WHERE {where} AND tested_at IS NOT NULL GROUP BY week ORDER BY week
"""
_DAYS = """
    SELECT tested_at::DATE AS day, count(*) AS wafers
    FROM wafers WHERE tested_at IS NOT NULL GROUP BY day ORDER BY day
"""
USUAL_DAYS = 365
FEW_SHARE = 0.02
"""Of the wafers of the densest stretch: fewer are too few to be shown in place of it."""
_CLASSES = ", ".join(f"count(*) FILTER (dominant_class = '{key}') AS {key}" for key in CLASS_KEYS)


@dataclass(frozen=True)
class Totals:
    """Sums over wafers; a mean or share over none is NaN.

    Args:
        wafers: how many.
        lots: of how many lots.
        yield_fraction: passing dies over tested dies, 0 to 1, of the wafers whose passing dies are known.
        segmented: wafers that have a result.
        defective: wafers with at least one cluster.
        mean_severity: over segmented wafers, 0 to 100.
    """

    wafers: int
    lots: int
    yield_fraction: float
    segmented: int
    defective: int
    mean_severity: float


def totals(lake: Lake, where: WaferFilter) -> Totals:
    """Sum over the wafers that a filter lets through."""
    condition, parameters = where.where()
    row = lake.seen_by(where).query(_TOTALS.format(where=condition, pooled=_YIELD), parameters).iloc[0]
    return Totals(
        wafers=int(row["wafers"]),
        lots=int(row["lots"]),
        yield_fraction=float(row["yield_fraction"]),
        segmented=int(row["segmented"]),
        defective=int(row["defective"]),
        mean_severity=float(row["mean_severity"]),
    )


def by_week(lake: Lake, where: WaferFilter) -> pd.DataFrame:
    """Sum over each week that has wafers.

    Returns:
        `week` (its Monday), `wafers`, `yield_fraction`, and for each class the wafers that it dominates.
    """
    condition, parameters = where.where()
    return lake.seen_by(where).query(_WEEKS.format(where=condition, classes=_CLASSES, pooled=_YIELD), parameters)


def span(lake: Lake) -> tuple[date, date] | None:
    """First and last day on which a wafer of the lake was tested, None where no wafer says when."""
    row = lake.query("SELECT min(tested_at) AS first, max(tested_at) AS last FROM wafers").iloc[0]
    return None if pd.isna(row["first"]) else (row["first"].date(), row["last"].date())


def newest_stretch(lake: Lake, days: int) -> tuple[date, date] | None:
    """First and last day of the newest wafers that are worth a look by default.

    Of all stretches of so many days the newest is taken in which wafers are as dense as usual: a lone wafer, or a few
    beside thousands, as a clock gone wrong dates them, do not decide where wafers lie.

    Args:
        lake: the lake.
        days: length of the stretch.

    Returns:
        The first and last day on which a wafer of it was tested, None where no wafer says when.
    """
    table = lake.query(_DAYS)
    if table.empty:
        return None
    day = table["day"].to_numpy(dtype="datetime64[D]")
    below = np.concatenate([[0], np.cumsum(table["wafers"].to_numpy())])
    first = np.searchsorted(day, day - np.timedelta64(days - 1, "D"))
    held = below[1:] - below[first]
    enough = max(min(2, held.max()), FEW_SHARE * held.max())
    last = int(np.flatnonzero(held >= enough)[-1])
    return day[first[last]].item(), day[last].item()


def undated_count(lake: Lake) -> int:
    """Count the wafers that do not say when they were tested."""
    return lake.count(WaferFilter(undated=True))


def newest_day(lake: Lake, where: WaferFilter) -> date | None:
    """Last day on which one of these wafers was tested."""
    condition, parameters = where.where()
    sql = f"SELECT max(tested_at) AS last FROM wafers WHERE {condition}"
    last = lake.seen_by(where).query(sql, parameters).iloc[0]["last"]
    return None if pd.isna(last) else last.date()


def worst_of_day(lake: Lake, where: WaferFilter, day: date, limit: int) -> pd.DataFrame:
    """The most severe segmented wafers that were tested on a day, worst first, as `Lake.wafers_page` gives them."""
    narrowed = replace(where, since=start_of(day), until=start_of(day + timedelta(days=1)), severity_min=0.0)
    return lake.wafers_page(narrowed, sort="-severity", limit=limit)


def start_of(day: date) -> datetime:
    """Midnight at which a day begins, UTC."""
    return datetime.combine(day, time(), UTC)


def is_demo(lake: Lake) -> bool:
    """Return whether the lake holds the demo fab and nothing else."""
    row = lake.query("SELECT bool_and(source_name = ?) AS demo FROM wafers", [DEMO_SOURCE]).iloc[0]
    return bool(row["demo"])
