"""What the affected wafers share: each tool, chamber, program and product against the rest."""

import math
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd
from scipy import stats

from core.lake import Lake, WaferFilter
from core.lake.schema import POSITIONS
from core.statistics.significance import benjamini_hochberg, odds
from core.trends.series import Subject

MOST_VALUES = 200
LEAST_LOTS = 2
FALSE_SHARE = 0.05
COLUMNS = (
    "attribute",
    "value",
    "affected",
    "wafers",
    "affected_rest",
    "wafers_rest",
    "ratio",
    "low",
    "high",
    "p",
    "q",
    "lots",
    "affected_lots",
    "lot_p",
    "lot_q",
)

_LOTS = """
    WITH counted AS (
        SELECT hash(lot_id) AS lot, {history} AS past, min(rowid) AS example, count(*) AS n,
               count(*) FILTER ({dies} > 0) AS k
        FROM wafers WHERE {where} AND severity IS NOT NULL GROUP BY ALL
    ),
    whole AS (SELECT lot, sum(n)::DOUBLE AS n, sum(k)::DOUBLE AS k FROM counted GROUP BY lot)
"""
_WHOLE = f"""
    {_LOTS} SELECT count(*) AS lots, sum(n) AS n, sum(k) AS k, sum(n * n) AS nn, sum(k * k) AS kk, sum(n * k) AS nk
    FROM whole
"""
_PARTS = f"""
    {_LOTS}, step AS (
        SELECT seen.past,
               unnest([{{{{'key': 'product', 'value': product}}}}, {{{{'key': 'test_program', 'value': test_program}}}}]
                      || map_entries(attributes)) AS step
        FROM (SELECT past, min(example) AS example FROM counted GROUP BY past) AS seen
        JOIN wafers ON wafers.rowid = seen.example
    ),
    named AS (
        SELECT past, step.key AS attribute, step.value AS value, dense_rank() OVER (ORDER BY step) AS number
        FROM step WHERE step.value != '' AND NOT list_contains(?::VARCHAR[], step.key)
    ),
    part AS (
        SELECT number, lot, sum(n)::DOUBLE AS n, sum(k)::DOUBLE AS k FROM counted JOIN named USING (past) GROUP BY ALL
    ),
    sums AS (
        SELECT number, count(*) AS lots, count(*) FILTER (p.k > 0) AS affected_lots,
               count(*) FILTER (p.n = w.n) AS whole_lots,
               sum(p.n) AS n, sum(p.k) AS k, sum(p.n * p.n) AS nn, sum(p.k * p.k) AS kk, sum(p.n * p.k) AS nk,
               sum(w.n * w.n - (w.n - p.n) * (w.n - p.n)) AS less_nn,
               sum(w.k * w.k - (w.k - p.k) * (w.k - p.k)) AS less_kk,
               sum(w.n * w.k - (w.n - p.n) * (w.k - p.k)) AS less_nk
        FROM part AS p JOIN whole AS w USING (lot) GROUP BY number
    )
    SELECT *, count(*) OVER (PARTITION BY attribute) AS values
    FROM sums JOIN (SELECT DISTINCT number, attribute, value FROM named) USING (number)
    QUALIFY values BETWEEN 2 AND {MOST_VALUES} OR row_number() OVER (PARTITION BY attribute) = 1
"""
"""Of each value: n wafers with it, k of them affected, and what their spread from lot to lot is made of. `less_`: by
how much the same sums over the wafers without it are smaller than over all. Wafers of a lot with the same past are
counted together first: there are few pasts, and many wafers."""


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
    lake, (condition, parameters) = lake.seen_by(where), where.where()
    texts = {"dies": subject.dies(), "where": condition, "history": "rowid" if positions else "history"}
    whole = _Lots(**lake.query(_WHOLE.format(**texts), parameters).fillna(0).astype("int64").iloc[0])
    found = lake.query(_PARTS.format(**texts), [*parameters, [] if positions else list(POSITIONS)])
    compared = found["values"].between(2, MOST_VALUES)
    rows = [_row(row, whole) for row in found[compared].to_dict("records")]
    table = pd.DataFrame(rows, columns=[name for name in COLUMNS if name not in ("q", "lot_q")])
    table.insert(10, "q", benjamini_hochberg(table["p"]))
    table["lot_q"] = benjamini_hochberg(table["lot_p"])
    order = table.assign(fewer=table["ratio"] <= 1).sort_values(["fewer", "p", "attribute", "value"])
    left_out: dict[str, int] = dict(
        found.loc[~compared, ["attribute", "values"]].sort_values("attribute").itertuples(index=False)
    )
    return Commonality(whole.n, whole.k, whole.lots, table.loc[order.index].reset_index(drop=True), left_out)


def suspects(found: Commonality) -> pd.DataFrame:
    """Keep the values whose wafers are affected more often than the rest, by wafers, surest first."""
    table = found.table
    return table[(table["ratio"] > 1) & (table["q"] < FALSE_SHARE)].reset_index(drop=True)


def words(row: Mapping[Hashable, Any]) -> str:
    """Return what one value, a row of the table as a dict, has to do with the defects.

    Example:
        >>> values = ("cmp_tool", "CMP-3", 37, 74, 2, 101, 49.5, 11.3, 217.0, 1e-15, 1e-14, 6, 6, 3e-5, 4e-4)
        >>> words(dict(zip(COLUMNS, values)))
        'cmp tool CMP-3: 37 of 74 wafers affected (50 %), 2 of 101 others (2 %); odds 49.5 times (11.3 to 217)'
    """
    shares = [
        f"{100 * k / n:.0f} %" if n else "–"
        for k, n in (
            (row["affected"], row["wafers"]),
            (row["affected_rest"], row["wafers_rest"]),
        )
    ]
    return (
        f"{str(row['attribute']).replace('_', ' ')} {row['value']}: {row['affected']:,} of {row['wafers']:,} wafers "
        f"affected ({shares[0]}), {row['affected_rest']:,} of {row['wafers_rest']:,} others ({shares[1]}); "
        f"odds {_times(row['ratio'])} times ({_times(row['low'])} to {_times(row['high'])})"
    )


def _times(factor: float) -> str:
    return f"{factor:,.0f}" if factor >= 100 else f"{factor:.3g}"


@dataclass(frozen=True)
class _Lots:
    """Sums over lots of n wafers each, k of them affected."""

    lots: int
    n: int
    k: int
    nn: int
    kk: int
    nk: int

    @property
    def share(self) -> float:
        return self.k / self.n

    @property
    def variance(self) -> float:
        """Of the share, from lot to lot: sum of (k - share n)² over n² (ratio estimator)."""
        spread = self.kk - 2 * self.share * self.nk + self.share**2 * self.nn
        return max(0.0, spread) / self.n**2 * self.lots / (self.lots - 1)


def _row(found: dict[Hashable, Any], whole: _Lots) -> tuple[object, ...]:
    """Of a value: itself, the counts of wafers, odds, counts of lots and the p-value by lots."""
    sums = {name: int(found[name]) for name in ("n", "k", "nn", "kk", "nk", "less_nn", "less_kk", "less_nk")}
    n, k, lots = sums["n"], sums["k"], int(found["lots"])
    inside = _Lots(lots, n, k, sums["nn"], sums["kk"], sums["nk"])
    outside = _Lots(
        whole.lots - int(found["whole_lots"]),
        whole.n - n,
        whole.k - k,
        whole.nn - sums["less_nn"],
        whole.kk - sums["less_kk"],
        whole.nk - sums["less_nk"],
    )
    compared = odds(k, n - k, outside.k, outside.n - outside.k)
    return (
        found["attribute"],
        found["value"],
        k,
        n,
        outside.k,
        outside.n,
        compared.ratio,
        compared.low,
        compared.high,
        compared.p,
        lots,
        int(found["affected_lots"]),
        _lot_p(inside, outside),
    )


def _lot_p(one: _Lots, other: _Lots) -> float:
    """Two-sided p-value of equal shares when lots, not wafers, are drawn."""
    lots = min(one.lots, other.lots)
    spread = math.sqrt(one.variance + other.variance) if lots >= LEAST_LOTS else 0.0
    return float(2 * stats.t.sf(abs(one.share - other.share) / spread, lots - 1)) if spread else math.nan
