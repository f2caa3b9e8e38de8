"""What the affected wafers share: each tool, chamber, program and product against the rest."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from core.lake import Lake, WaferFilter
from core.significance import benjamini_hochberg, odds
from core.trends import Subject

MOST_VALUES = 200
LEAST_LOTS = 2
OF_THE_WAFER = ("product", "test_program")
POSITIONS = ("slot",)
"""Attributes that say where a wafer stood, not what was done to it."""
COLUMNS = (
    "attribute", "value", "affected", "wafers", "affected_rest", "wafers_rest", "ratio", "low", "high", "p", "q",
    "lots", "affected_lots", "lot_p", "lot_q",
)  # fmt: skip

_LOTS = """
    SELECT attributes, product, test_program, lot_id, count(*) AS wafers, count(*) FILTER ({dies} > 0) AS affected
    FROM wafers WHERE {where} AND severity IS NOT NULL GROUP BY ALL
"""


@dataclass(frozen=True)
class Commonality:
    """What a search for common causes found.

    Args:
        wafers: segmented wafers that were looked at.
        affected: those that show the defects.
        lots: lots they belong to.
        table: a row for each value of each attribute with COLUMNS, those with more affected wafers than the rest before
            those with fewer, surest first (`commonality`).
        left_out: attributes with more than 200 values or with one for all wafers, and how many values.
    """

    wafers: int
    affected: int
    lots: int
    table: pd.DataFrame
    left_out: dict[str, int]


def commonality(lake: Lake, where: WaferFilter, subject: Subject, *, positions: bool = False) -> Commonality:
    """Compare the wafers of every tool, chamber, recipe, program and product with all other wafers.

    By wafers: odds ratio with Woolf's interval (half a wafer added to all cells where one is empty), Fisher's exact
    test (`p`), corrected by Benjamini and Hochberg over all values (`q`). That takes wafers as independent, which those
    of a lot are not. By lots: each lot gives the share of its wafers with the value, and of those without; the
    difference of the pooled shares is divided by its spread from lot to lot (cluster-robust, as Rao and Scott 1992) and
    held against a t distribution (`lot_p`, `lot_q`). A cause should stand in both.

    Args:
        lake: the lake.
        where: which wafers; not by class.
        subject: which defects.
        positions: look at slots too.

    Returns:
        `affected` of `wafers` with the value, `affected_rest` of `wafers_rest` without it; `lots` with the value, and
        `affected_lots` of them with a wafer that has both. NaN `lot_p` where fewer than two lots stand on a side.
    """
    condition, parameters = where.where()
    found = lake.query(_LOTS.format(dies=subject.dies(), where=condition), parameters)
    lots = found.groupby("lot_id")[["wafers", "affected"]].sum()
    rows, left_out = [], {}
    for attribute, values in _values(found, positions).items():
        if 1 < values.nunique() <= MOST_VALUES:
            rows += [(attribute, *row) for row in _rows(found, values, lots)]
        elif len(found):
            left_out[attribute] = int(values.nunique())
    table = pd.DataFrame(rows, columns=[name for name in COLUMNS if name not in ("q", "lot_q")])
    table.insert(10, "q", benjamini_hochberg(table["p"]))
    table["lot_q"] = benjamini_hochberg(table["lot_p"])
    order = table.assign(fewer=table["ratio"] <= 1).sort_values(["fewer", "p", "attribute", "value"])
    table = table.loc[order.index].reset_index(drop=True)
    return Commonality(int(lots["wafers"].sum()), int(lots["affected"].sum()), len(lots), table, left_out)


def _values(found: pd.DataFrame, positions: bool) -> dict[str, pd.Series]:
    """The values of every attribute, by name; missing where a wafer does not have it."""
    histories = pd.DataFrame([dict(row or {}) for row in found["attributes"]], index=found.index)
    kept = [name for name in sorted(histories) if positions or name not in POSITIONS]
    return {name: column.replace("", None) for name, column in {**found[list(OF_THE_WAFER)], **histories[kept]}.items()}


def _rows(found: pd.DataFrame, values: pd.Series, lots: pd.DataFrame) -> Iterator[tuple[object, ...]]:
    """Of each value: itself, the counts of wafers, odds, counts of lots and the p-value by lots."""
    total, affected = int(lots["wafers"].sum()), int(lots["affected"].sum())
    for value, its in found.groupby(values)[["lot_id", "wafers", "affected"]]:
        inside = its.groupby("lot_id")[["wafers", "affected"]].sum()
        n, k = int(inside["wafers"].sum()), int(inside["affected"].sum())
        compared = odds(k, n - k, affected - k, total - n - affected + k)
        outside = lots.sub(inside, fill_value=0)
        yield (
            value, k, n, affected - k, total - n, compared.ratio, compared.low, compared.high, compared.p,
            len(inside), int((inside["affected"] > 0).sum()), _lot_p(inside, outside[outside["wafers"] > 0]),
        )  # fmt: skip


def _lot_p(one: pd.DataFrame, other: pd.DataFrame) -> float:
    """Two-sided p-value of equal shares when lots, not wafers, are drawn."""
    if min(len(one), len(other)) < LEAST_LOTS:
        return math.nan
    shares, variances = zip(*(_pooled(lots) for lots in (one, other)), strict=True)
    spread = math.sqrt(sum(variances))
    if not spread:
        return math.nan
    freedom = min(len(one), len(other)) - 1
    return float(2 * stats.t.sf(abs(shares[0] - shares[1]) / spread, freedom))


def _pooled(lots: pd.DataFrame) -> tuple[float, float]:
    """Share over all wafers of some lots, and its variance from lot to lot (ratio estimator)."""
    n, k = lots["wafers"].to_numpy(np.float64), lots["affected"].to_numpy(np.float64)
    share = k.sum() / n.sum()
    residuals = k - share * n
    return float(share), float((residuals**2).sum() / n.sum() ** 2 * len(n) / (len(n) - 1))
