"""Defects over time: sums by day, week and lot, each one query over columns in memory, and their control charts."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.lake import Lake, WaferFilter
from core.lake.filter import checked_column
from core.lake.schema import ZONES
from core.statistics.spc import (
    EWMA_WEIGHT,
    ControlChart,
    ewma_chart,
    individuals_chart,
    no_steadier_than_chance,
    p_chart,
)
from data.classes import CLASS_KEYS
from data.wafer import ASSUMED_DIAMETER_MM

LEAST_POINTS = 4
_SERIES = """
    SELECT {period} AS period, {product} AS product, min(tested_at) AS since, max(tested_at) AS until,
           count(*) AS wafers, count(*) FILTER (dies > 0) AS affected, coalesce(sum(dies), 0)::BIGINT AS dies,
           {means}, count(*) FILTER ({severe}) AS severity_wafers
    FROM (SELECT tested_at, lot_id, product, severity, {dies} AS dies, {dies} / {area} AS density
          FROM wafers WHERE {where} AND severity IS NOT NULL AND {known})
    GROUP BY {groups} ORDER BY since NULLS FIRST, period
"""
_AREA_CM2 = f"(pi() / 400 * coalesce(diameter_mm, {ASSUMED_DIAMETER_MM}) ** 2)"


class Measure(StrEnum):
    """What is followed over time."""

    SHARE = "share"
    DIES = "dies_mean"
    DENSITY = "density_mean"
    SEVERITY = "severity_mean"


class Period(StrEnum):
    """What makes one point."""

    DAY = "day"
    WEEK = "week"
    LOT = "lot"


class ChartKind(StrEnum):
    """Which control chart."""

    P = "p-chart"
    INDIVIDUALS = "individuals"
    EWMA = "EWMA"


KINDS = {
    measure: (ChartKind.P, ChartKind.INDIVIDUALS, ChartKind.EWMA)
    if measure is Measure.SHARE
    else (ChartKind.INDIVIDUALS, ChartKind.EWMA)
    for measure in Measure
}
"""Charts that suit a measure, the usual one first."""


@dataclass(frozen=True)
class Subject:
    """Which defects are meant.

    Args:
        classes: of one of these classes; none: of any.
        zone: in clusters that lie in this zone (center, middle, edge); empty: anywhere.

    Raises:
        LakeError: there is no such class or zone.
    """

    classes: Sequence[str] = ()
    zone: str = ""

    def __post_init__(self) -> None:
        """Check the names, which stand in SQL."""
        for key in self.classes:
            checked_column(key, CLASS_KEYS)
        if self.zone:
            checked_column(self.zone, ZONES)

    @property
    def narrowed(self) -> bool:
        """Whether it means less than any defect anywhere."""
        return bool(self.classes or self.zone)

    def dies(self) -> str:
        """Return the SQL that counts a wafer's dies of these defects; a die of two of the classes counts in both.

        Example:
            >>> Subject(("edge", "ring")).dies(), Subject(zone="edge", classes=["scratch"]).dies()
            ('(affected_edge + affected_ring)', '(zone_edge_scratch)')
        """
        if not self.narrowed:
            return "affected_dies"
        prefix = f"zone_{self.zone}_" if self.zone else "affected_"
        return "(" + " + ".join(prefix + key for key in self.classes or CLASS_KEYS) + ")"


def series(lake: Lake, where: WaferFilter, subject: Subject, period: Period) -> pd.DataFrame:
    """Sum the segmented wafers of each period that has any.

    Args:
        lake: the lake.
        where: which wafers; days and weeks leave those out that do not say when they were tested.
        subject: which defects.
        period: a lot is a period of its own for each product it holds, in the order of first tests.

    Returns:
        A row a period: `period` (day, Monday, or lot), `product` (of a lot), `since` and `until` (first and last test),
        `wafers`, `affected` (wafers with such defects), `dies` (their sum), `share` (affected / wafers), and mean and
        standard deviation (`_sd`) over all wafers of `dies` and `density` (dies per cm2 of wafer), over the
        affected ones (over all, when the subject is any defect) of `severity`, which are `severity_wafers`.
    """
    condition, parameters = where.where()
    severe = "dies > 0" if subject.narrowed else "true"
    counted = (("dies", "true"), ("density", "true"), ("severity", severe))
    by_lot = period is Period.LOT
    sql = _SERIES.format(
        period="lot_id" if by_lot else f"date_trunc('{period}', tested_at)",
        product="product" if by_lot else "''",
        groups="lot_id, product" if by_lot else "period",
        known="true" if by_lot else "tested_at IS NOT NULL",
        means=", ".join(
            f"avg({name}) FILTER ({which}) AS {name}_mean, stddev_samp({name}) FILTER ({which}) AS {name}_sd"
            for name, which in counted
        ),
        severe=severe,
        dies=subject.dies(),
        area=_AREA_CM2,
        where=condition,
    )
    table = lake.seen_by(where).query(sql, parameters)
    table.insert(7, "share", table["affected"] / table["wafers"])
    return table


def with_value(table: pd.DataFrame, measure: Measure) -> pd.DataFrame:
    """Leave out periods of a series that have no value of a measure, as severity has none without affected wafers."""
    return table[table[measure.value].notna()].reset_index(drop=True)


def baseline_of(table: pd.DataFrame, days: tuple[date, date] | None = None) -> NDArray[np.bool_]:
    """Return which periods of a series tell what is normal.

    Args:
        table: the series.
        days: periods that begin on these days, both included; None for the older half of the periods.

    Returns:
        A flag a period.
    """
    if days is None:
        return np.arange(len(table)) < max(LEAST_POINTS, -(-len(table) // 2))
    begun = table["since"].dt.date
    flags: NDArray[np.bool_] = ((begun >= days[0]) & (begun <= days[1])).to_numpy(dtype=np.bool_)
    return flags


def controlled(table: pd.DataFrame, measure: Measure, kind: ChartKind, baseline: NDArray[np.bool_]) -> ControlChart:
    """Draw up the control chart of a series whose periods all have a value; no limit lies below 0.

    Limits of shares are never narrower than chance alone makes them; other measures have none where the baseline's
    values do not differ.

    Raises:
        WaferValueError: the baseline is too short.
    """
    counts, sizes = table["affected"], table["wafers"]
    if kind is ChartKind.P:
        return p_chart(counts, sizes, baseline)
    values = table[measure.value].to_numpy(dtype=np.float64)
    ewma = kind is ChartKind.EWMA
    chart = ewma_chart(values, baseline) if ewma else individuals_chart(values, baseline)
    if measure is Measure.SHARE:
        chart = no_steadier_than_chance(chart, counts, sizes, baseline, weight=EWMA_WEIGHT if ewma else 1.0)
    return replace(chart, lower=np.maximum(chart.lower, 0))
