"""The model at work: how long it takes, and how often people say that it is wrong."""

from dataclasses import dataclass

import pandas as pd
from sqlalchemy import select

from core.annotation.reviews import Review, ReviewKind, ReviewOutcome
from core.database import AppDatabase
from core.lake import Lake
from core.monitoring.judging import Scope
from core.monitoring.quality import CalendarPeriod
from core.statistics.significance import wilson

QUANTILES = (("p50_ms", 0.5), ("p95_ms", 0.95), ("p99_ms", 0.99))
OPEN = "open"
_LATENCY = ", ".join(f"quantile_cont(seconds, {share}) * 1000 AS {name}" for name, share in QUANTILES)


def latency(lake: Lake, scope: Scope, period: CalendarPeriod | None = None) -> pd.DataFrame:
    """Return how long segmenting a wafer took, by period of the segmentation, or by model where none is given.

    Args:
        lake: of results; those whose time nobody measured are left out.
        scope: which results.
        period: of `segmented_at`; None: by model.

    Returns:
        `period` or `model`, `wafers`, `p50_ms`, `p95_ms`, `p99_ms`; in order.
    """
    condition, parameters = scope.condition()
    by = f"date_trunc('{period}', segmented_at)::TIMESTAMP AS period" if period else "model"
    name = "period" if period else "model"
    return lake.query(
        f"SELECT {by}, count(*) AS wafers, {_LATENCY} FROM wafers WHERE {condition} AND seconds IS NOT NULL "
        f"GROUP BY {name} ORDER BY {name}",
        parameters,
    )


@dataclass(frozen=True)
class Flagged:
    """Predictions that people flagged as wrong.

    Args:
        wafers: segmented wafers looked at.
        flagged: those whose present result was flagged.
        periods: `period` (by test), `wafers`, `flagged`, `share`, `low`, `high` (95 %, Wilson).
        classes: `class` ("" for the wafer as a whole), `flags`, then a count for each state of their reviews.
    """

    wafers: int
    flagged: int
    periods: pd.DataFrame
    classes: pd.DataFrame


def flagged(lake: Lake, database: AppDatabase, scope: Scope, period: CalendarPeriod) -> Flagged:
    """Count flags of present results: one that an older model's result got says nothing about the newer one.

    Args:
        lake: of results.
        database: of flags.
        scope: which results.
        period: of the test.

    Raises:
        LakeError: the lake cannot be read.
        AppDatabaseError: the database cannot be used.
    """
    condition, parameters = scope.condition()
    with database.reading() as session:
        wanted = select(Review.wafer_key, Review.model, Review.class_key, Review.verdict).where(
            Review.kind == ReviewKind.FLAG
        )
        flags = pd.DataFrame(session.execute(wanted).all(), columns=["key", "model", "class", "verdict"])
    present = lake.query(
        f"SELECT key, model FROM wafers WHERE key IN (SELECT unnest(?)) AND {condition}",
        [sorted(flags["key"].unique()), *parameters],
    )
    flags = flags.merge(present, on=["key", "model"])
    keys = sorted(flags["key"].unique())
    periods = lake.query(
        f"SELECT date_trunc('{period}', tested_at)::TIMESTAMP AS period, count(*) AS wafers, "
        f"count(*) FILTER (key IN (SELECT unnest(?))) AS flagged FROM wafers WHERE {condition} "
        "GROUP BY period ORDER BY period NULLS FIRST",
        [keys, *parameters],
    )
    wafers = int(periods["wafers"].sum())
    periods = periods.dropna(subset="period").reset_index(drop=True)
    periods["share"] = periods["flagged"] / periods["wafers"]
    ends = [wilson(int(k), int(n)) for k, n in zip(periods["flagged"], periods["wafers"], strict=True)]
    periods[["low", "high"]] = pd.DataFrame(ends, columns=["low", "high"], dtype=float)
    return Flagged(wafers, len(keys), periods, _by_class(flags))


def _by_class(flags: pd.DataFrame) -> pd.DataFrame:
    states = [OPEN, *(str(verdict) for verdict in ReviewOutcome)]
    said = flags["verdict"].map(lambda verdict: OPEN if pd.isna(verdict) else str(verdict))
    rows = [
        {"class": key, "flags": len(own), **{state: int((own == state).sum()) for state in states}}
        for key, own in said.groupby(flags["class"])
    ]
    return pd.DataFrame(rows, columns=["class", "flags", *states])
