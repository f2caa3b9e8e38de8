"""Two groups of wafers against each other: die by die, and measure by measure."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from core.lake import Lake, WaferFilter
from core.lake.schema import POSITIONS
from core.lots.stacking import STACK_LIMIT, Counts, Grid, Stack, grids, stack
from core.statistics.significance import Difference, benjamini_hochberg, mean_change, share_change
from data.classes import CLASS_KEYS

FALSE_DISCOVERIES = 0.05
"""Of the dies that are marked, at most this share is expected to be chance."""
EXPECTED_FOR_NORMAL = 5
"""Where a table expects this many in each of its cells, Cochran's rule, the normal approximation is good enough."""
MEASURE_COLUMNS = (
    "measure",
    "unit",
    "a",
    "b",
    "wafers_a",
    "wafers_b",
    "difference",
    "low",
    "high",
    "p",
    "p_corrected",
)

_MEANS = (
    ("yield", "share", "yield_fraction"),
    ("severity", "points", "severity"),
    ("clusters", "a wafer", "cluster_count"),
    ("affected dies", "a wafer", "affected_dies"),
)
_SUMS = ", ".join(
    [
        "count(*) AS wafers, count(DISTINCT lot_id) AS lots, count(severity) AS segmented",
        "min(tested_at) AS first, max(tested_at) AS last, count(*) FILTER (cluster_count > 0) AS any_class",
        *(f"avg({c}) AS mean_{c}, stddev_samp({c}) AS sd_{c}, count({c}) AS n_{c}" for _, _, c in _MEANS),
        *(f"count(*) FILTER (affected_{key} > 0) AS has_{key}" for key in CLASS_KEYS),
    ]
)
_STEPS = f"""
    WITH pasts AS (SELECT history, min(rowid) AS example, count(*) AS n FROM wafers GROUP BY history),
    steps AS (
        SELECT unnest(map_entries(attributes)) AS e, n FROM pasts JOIN wafers ON wafers.rowid = pasts.example
        UNION ALL
        SELECT {{'key': place, 'value': attributes[place]}}, count(*)
        FROM wafers, (SELECT unnest({list(POSITIONS)}) AS place) WHERE attributes[place] IS NOT NULL GROUP BY ALL
    )
    SELECT e.key || '=' || e.value AS step FROM steps GROUP BY step ORDER BY sum(n) DESC, step LIMIT 500
"""
"""Wafers with one past differ in their positions alone, so its steps are read off one of them."""
Shares = NDArray[np.float64]


@dataclass(frozen=True)
class Group:
    """One of the two groups, summed up.

    Args:
        wafers: how many.
        lots: of how many lots.
        segmented: how many have a result.
        first: first time of test, None where no wafer says when.
        last: last time of test.
    """

    wafers: int
    lots: int
    segmented: int
    first: pd.Timestamp | None
    last: pd.Timestamp | None


@dataclass(frozen=True, eq=False)
class DieDifference:
    """Where two stacks of one grid differ.

    Args:
        difference: share of A minus share of B, (H, W), NaN where either tested no wafer.
        p: two-sided p-value of each die, NaN where there is no difference to test.
        p_corrected: the same, corrected for the number of dies (Benjamini-Hochberg).
    """

    difference: Shares
    p: Shares
    p_corrected: Shares

    @property
    def significant(self) -> NDArray[np.bool_]:
        """Dies that differ by more than chance, (H, W)."""
        return np.nan_to_num(self.p_corrected, nan=1.0) < FALSE_DISCOVERIES


def history_steps(lake: Lake) -> list[str]:
    """List the commonest 500 steps of the process history, "name=value", sorted."""
    return sorted(lake.query(_STEPS)["step"])


def summed_up(lake: Lake, where: WaferFilter) -> Group:
    """Count a group."""
    row = _sums(lake, where)
    first, last = (None if pd.isna(row[name]) else row[name] for name in ("first", "last"))
    return Group(int(row["wafers"]), int(row["lots"]), int(row["segmented"]), first, last)


def shared(lake: Lake, a: WaferFilter, b: WaferFilter) -> int:
    """Count the wafers that are in both groups."""
    (in_a, of_a), (in_b, of_b) = a.where(), b.where()
    if a.step != b.step:  # then each group is of other tests, and a wafer may be in both by two of its tests
        in_both = [
            set(lake.seen_by(group).query(f"SELECT key FROM wafers WHERE {condition}", parameters)["key"])
            for group, condition, parameters in ((a, in_a, of_a), (b, in_b, of_b))
        ]
        return len(set.intersection(*in_both))
    sql = f"SELECT count(*) AS n FROM wafers WHERE ({in_a}) AND ({in_b})"
    return int(lake.seen_by(a).query(sql, [*of_a, *of_b])["n"].iloc[0])


def common_grids(lake: Lake, a: WaferFilter, b: WaferFilter) -> dict[Grid, tuple[int, int]]:
    """Count the wafers of each grid that both groups have, the one with most in its smaller group first."""
    of_a, of_b = grids(lake, a), grids(lake, b)
    both = {grid: (count, of_b[grid]) for grid, count in of_a.items() if grid in of_b}
    return dict(sorted(both.items(), key=lambda item: -min(item[1])))


def stacks(lake: Lake, a: WaferFilter, b: WaferFilter, grid: Grid, limit: int = STACK_LIMIT) -> tuple[Stack, Stack]:
    """Stack the wafers of both groups that have this grid, each sampled beyond `limit`."""
    return stack(lake, a, grid, limit), stack(lake, b, grid, limit)


def die_difference(a: Stack, b: Stack, class_key: str | None = None) -> DieDifference:
    """Compare two stacks of one grid die by die.

    Each die is tested as two shares of wafers: exactly (Fisher) where its table expects fewer than 5 in a cell, else
    by the normal approximation (Pearson's chi-square). Wafers are taken as independent of each other.

    Args:
        a: the first group.
        b: the second, of the same grid.
        class_key: a class, None for all failing dies.
    """
    (count_a, total_a), (count_b, total_b) = a.counts(class_key), b.counts(class_key)
    p = share_p_values(count_a, total_a, count_b, total_b)
    return DieDifference(a.share(class_key) - b.share(class_key), p, benjamini_hochberg(p))


def share_p_values(count_a: Counts, total_a: Counts, count_b: Counts, total_b: Counts) -> Shares:
    """Test for each die whether two shares differ; NaN where a total is 0 or nobody or everybody counts.

    Returns:
        Two-sided p-values of the arguments' shape.
    """
    tables = np.stack([count_a, total_a, count_b, total_b], axis=-1).reshape(-1, 4)
    # Many dies have the same table: each is tested once.
    distinct, place = np.unique(tables, axis=0, return_inverse=True)
    a, n, b, m = distinct.astype(np.float64).T
    hits, wafers = a + b, n + m
    with np.errstate(divide="ignore", invalid="ignore"):
        pooled = hits / wafers
        z = (a / n - b / m) / np.sqrt(pooled * (1 - pooled) * (1 / n + 1 / m))
        least = np.minimum(n, m) * np.minimum(hits, wafers - hits) / wafers
    p = 2 * stats.norm.sf(np.abs(z))
    testable = (n > 0) & (m > 0) & (hits > 0) & (hits < wafers)
    p[~testable] = np.nan
    exact = testable & (least < EXPECTED_FOR_NORMAL)
    for margin in np.unique(np.stack([n, m, hits], axis=-1)[exact], axis=0):
        at = exact & (n == margin[0]) & (m == margin[1]) & (hits == margin[2])
        p[at] = _fisher(a[at].astype(np.intp), *(int(one) for one in margin))
    return np.asarray(p[place.ravel()].reshape(count_a.shape))


def _fisher(counts: NDArray[np.intp], n: int, m: int, hits: int) -> Shares:
    """Fisher's exact p-values of all tables with the same margins: the chance of any table no likelier than it."""
    least = max(0, hits - m)
    chance = stats.hypergeom.pmf(np.arange(least, min(hits, n) + 1), n + m, hits, n)
    order = np.argsort(chance)
    upto = np.cumsum(chance[order])
    # Tables that are as likely but for rounding count as well.
    place = np.searchsorted(chance[order], chance[counts - least] * (1 + 1e-7), side="right") - 1
    return np.asarray(np.minimum(1.0, upto[place]))


def measures(lake: Lake, a: WaferFilter, b: WaferFilter) -> pd.DataFrame:
    """Compare what the wafers of two groups measure, all of them, without sampling.

    Returns:
        MEASURE_COLUMNS, a row a measure: means by Welch's t-test, shares of segmented wafers by Fisher's exact test
        with Newcombe's interval. `difference` is A minus B with its 95 % interval; `p_corrected` is p corrected for
        the number of measures (Benjamini-Hochberg).
    """
    of_a, of_b = _sums(lake, a), _sums(lake, b)
    rows = []
    for name, unit, column in _MEANS:
        one, other = (
            (float(of[f"mean_{column}"]), float(of[f"sd_{column}"]), int(of[f"n_{column}"])) for of in (of_a, of_b)
        )
        found = mean_change(other, one) if one[2] and other[2] else Difference(*[np.nan] * 4)
        rows.append(_row(name, unit, (one[0], other[0]), (one[2], other[2]), found))
    wafers = int(of_a["segmented"]), int(of_b["segmented"])
    for name, column in (("any pattern", "any_class"), *((key, f"has_{key}") for key in CLASS_KEYS)):
        hits = int(of_a[column]), int(of_b[column])
        found = share_change((hits[1], wafers[1]), (hits[0], wafers[0]))
        shares = tuple(hit / of if of else np.nan for hit, of in zip(hits, wafers, strict=True))
        rows.append(_row(name, "share", shares, wafers, found))
    table = pd.DataFrame(rows)
    return table.assign(p_corrected=benjamini_hochberg(table["p"]))[list(MEASURE_COLUMNS)]


def _row(
    name: str, unit: str, values: tuple[float, ...], wafers: tuple[int, int], found: Difference
) -> dict[str, object]:
    return {
        "measure": name,
        "unit": unit,
        "a": values[0],
        "b": values[1],
        "wafers_a": wafers[0],
        "wafers_b": wafers[1],
        "difference": found.change,
        "low": found.low,
        "high": found.high,
        "p": found.p,
    }


def _sums(lake: Lake, where: WaferFilter) -> pd.Series:
    condition, parameters = where.where()
    return lake.seen_by(where).query(f"SELECT {_SUMS} FROM wafers WHERE {condition}", parameters).iloc[0]
