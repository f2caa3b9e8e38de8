"""One lot: its wafers in slot order, what they add up to, and its stack."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.lake import Lake, WaferFilter
from core.lake.filter import PAGE_COLUMNS
from core.lots.slot_order import slot_effects, slot_of
from core.lots.stacking import Grid, Stack, grids, stack
from data.classes import CLASS_KEYS
from data.errors import LakeError

MOST_WAFERS = 500
"""Wafers of a lot that are listed one by one: a cassette holds 25, so more are no lot but a heap."""

_WAFERS = f"""
    SELECT {", ".join(PAGE_COLUMNS)}, {", ".join(f"affected_{key}" for key in CLASS_KEYS)}, attributes,
           grid_rows, grid_columns
    FROM wafers WHERE lot_id = ? ORDER BY key LIMIT {MOST_WAFERS}
"""
_LOTS = """
    SELECT lot_id, any_value(product) AS product, count(*) AS wafers, max(tested_at) AS tested_at FROM wafers
    GROUP BY lot_id ORDER BY tested_at DESC NULLS LAST, lot_id
"""


@dataclass(frozen=True, eq=False)
class Lot:
    """A lot as a page or a report shows it.

    Args:
        lot_id: its name.
        wafers: a row a wafer in slot order: PAGE_COLUMNS, `affected_<class>`, `slot` (NaN where unknown), `attributes`,
            `grid_rows`, `grid_columns`; the first 500 by name where there are more.
        wafer_count: all wafers of the lot.
        grids: how many wafers have which grid, the most common first.
        stack: the wafers of one grid.
    """

    lot_id: str
    wafers: pd.DataFrame
    wafer_count: int
    grids: dict[Grid, int]
    stack: Stack

    @property
    def products(self) -> list[str]:
        """Products of its wafers."""
        return sorted({product for product in self.wafers["product"] if product})

    @property
    def test_programs(self) -> list[str]:
        """Test programs of its wafers."""
        return sorted({program for program in self.wafers["test_program"] if program})

    @property
    def span(self) -> tuple[pd.Timestamp, pd.Timestamp] | None:
        """First and last time of test, UTC; None where no wafer says when."""
        tested = self.wafers["tested_at"].dropna()
        return None if tested.empty else (tested.min(), tested.max())

    def share_failing(self, class_key: str | None = None) -> pd.Series:
        """Share of each wafer's tested dies that fail, or are of a class.

        NaN where not segmented, or where it is not known which dies pass.
        """
        count = self.wafers["fail_count" if class_key is None else f"affected_{class_key}"]
        share = count / self.wafers["tested_count"]
        return share.where(self.wafers["yield_fraction"].notna()) if class_key is None else share

    def shared_history(self) -> dict[str, str]:
        """Attributes that all wafers have alike, the slot left out."""
        told = [dict(attributes) for attributes in self.wafers["attributes"]]
        names = sorted(set.intersection(*(set(one) for one in told)) - {"slot"})
        return {name: told[0][name] for name in names if len({one[name] for one in told}) == 1}


@dataclass(frozen=True)
class LotFigures:
    """What a lot's wafers add up to; a mean over none is NaN.

    Args:
        wafers: how many.
        segmented: of these, those with a result.
        defective: of these, those with at least one cluster.
        yield_fraction: passing dies over tested dies, 0 to 1, of the wafers whose passing dies are known.
        worst_yield: lowest yield of a wafer.
        mean_severity: over segmented wafers, 0 to 100.
        worst_severity: of the worst wafer.
        clusters: on all wafers.
        affected: wafers on which each class was found.
    """

    wafers: int
    segmented: int
    defective: int
    yield_fraction: float
    worst_yield: float
    mean_severity: float
    worst_severity: float
    clusters: int
    affected: dict[str, int]


def open_lot(lake: Lake, lot_id: str, grid: Grid | None = None) -> Lot:
    """Gather a lot.

    Args:
        lake: the lake.
        lot_id: its name.
        grid: of the wafers to stack, None for the most common.

    Raises:
        LakeError: the lake holds no wafer of that lot, or none with that grid.
    """
    where = WaferFilter(lot=lot_id)
    held = grids(lake, where) if lot_id else {}
    if not held:
        raise LakeError(lake.root, f"there is no lot {lot_id!r}", "Check its name, or choose one of the list.")
    wafers = lake.query(_WAFERS, [lot_id])
    slots = [slot_of(dict(row["attributes"]), row["wafer_id"]) for row in wafers.to_dict("records")]
    wafers["slot"] = pd.array(slots, dtype="Int64")
    wafers = wafers.sort_values(["slot", "key"], ignore_index=True)
    return Lot(lot_id, wafers, sum(held.values()), held, stack(lake, where, grid or next(iter(held))))


def figures(lot: Lot) -> LotFigures:
    """Add up a lot's wafers."""
    wafers = lot.wafers
    known = wafers[wafers["yield_fraction"].notna()]  # of the others nobody knows which dies pass
    tested, failing = int(known["tested_count"].sum()), int(known["fail_count"].sum())
    severity = wafers["severity"].astype(float)
    return LotFigures(
        wafers=len(wafers),
        segmented=int(severity.notna().sum()),
        defective=int((wafers["cluster_count"] > 0).sum()),
        yield_fraction=1 - failing / tested if tested else np.nan,
        worst_yield=float(wafers["yield_fraction"].min()),
        mean_severity=float(severity.mean()) if severity.notna().any() else np.nan,
        worst_severity=float(severity.max()) if severity.notna().any() else np.nan,
        clusters=int(wafers["cluster_count"].sum()),
        affected={key: int((wafers[f"affected_{key}"] > 0).sum()) for key in CLASS_KEYS},
    )


def slots_compared(lot: Lot, class_key: str | None = None) -> pd.DataFrame:
    """Test whether slots differ, as `slot_effects` does: in the share of failing dies, or in which wafers have a class.

    A class is on few wafers of a lot, and ranks of mostly zeros say nothing, so it is counted.
    """
    shares = lot.share_failing(class_key)
    if class_key is None:
        return slot_effects(lot.wafers["slot"], shares)
    return slot_effects(lot.wafers["slot"], (shares > 0).where(shares.notna()), presence=True)


def lots(lake: Lake) -> pd.DataFrame:
    """List all lots, the newest first: `lot_id`, `product`, `wafers`, `tested_at` of the last wafer."""
    return lake.query(_LOTS)
