"""Whether the wafers that come in are still those that the model was made for: counts, zones, grids and looks."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd

from core.instances import CENTER_SHARE, EDGE_SHARE
from core.lake import Lake, WaferFilter
from core.monitoring.shift import MOVED, SHIFTED, Shift, kind_shift, look_shift, value_shift
from core.overview import start_of
from data.classes import CLASS_KEYS
from data.geometry import polar
from data.wafer import WaferMap

MOST_WAFERS = 600
"""So many of each side are looked at, spread evenly by the hash of their keys."""
LEAST_WAFERS = 20
COLUMNS = ("measure", "unit", "reference", "recent", "shift", "p", "verdict")
STEADY, LITTLE, MUCH, UNKNOWN = "steady", "moved", "shifted", "too few lots"
ZONES = {"center": (0.0, CENTER_SHARE), "middle": (CENTER_SHARE, EDGE_SHARE), "edge": (EDGE_SHARE, np.inf)}
Condition = tuple[str, list[object]]


@dataclass(frozen=True)
class Drift:
    """Recent wafers against those of a reference.

    Args:
        recent: how many were looked at.
        reference: likewise.
        inputs: a row a measure with COLUMNS; `reference` and `recent` are means, or the commonest kind.
        look: how far what they look like differs, None where too few are embedded by one model.
        embedded: wafers of both sides whose embeddings were compared.
    """

    recent: int
    reference: int
    inputs: pd.DataFrame
    look: Shift | None
    embedded: tuple[int, int] = (0, 0)

    @property
    def shifted(self) -> list[str]:
        """What has surely shifted a lot."""
        found = [str(name) for name in self.inputs.loc[self.inputs["verdict"] == MUCH, "measure"]]
        return (
            [*found, "what wafers look like"] if self.look is not None and verdict_of_look(self.look) == MUCH else found
        )


def recent_and_before(where: WaferFilter, last: date, weeks: int, before: int) -> tuple[Condition, Condition]:
    """Give the conditions of the newest weeks up to a day, and of the weeks before these.

    Args:
        where: which wafers; its own times are set aside.
        last: last day of the newest week.
        weeks: how many are recent.
        before: how many before these are the reference.
    """
    end = start_of(last + timedelta(days=1))
    turn = end - timedelta(weeks=weeks)
    spans = ((turn, end), (turn - timedelta(weeks=before), turn))
    recent, reference = (
        WaferFilter(product=where.product, attribute=where.attribute, since=since, until=until).where()
        for since, until in spans
    )
    return recent, reference


def of_keys(keys: Sequence[str]) -> Condition:
    """Give the condition of wafers by key, such as those of a training set."""
    return "key IN (SELECT unnest(?))", [list(keys)]


def drift(lake: Lake, recent: Condition, reference: Condition) -> Drift | None:
    """Compare wafers with those of a reference; None where either side has fewer than twenty.

    Args:
        lake: of the wafers.
        recent: condition on the view `wafers`, and its parameters.
        reference: likewise.

    Raises:
        LakeError: the lake cannot be read.
    """
    sides = [_sampled(lake, condition) for condition in (reference, recent)]
    if min(len(side) for side in sides) < LEAST_WAFERS:
        return None
    old, new = sides
    lots = (old["lot_id"], new["lot_id"])
    rows = [_row(name, unit, old[name], new[name], lots) for name, unit in _MEASURES.items()]
    look, embedded = _looks(lake, old, new)
    return Drift(len(new), len(old), pd.DataFrame(rows, columns=COLUMNS), look, embedded)


def verdict_of_look(look: Shift) -> str:
    """Say a shift of looks as a word; a tenth of the greatest possible distance, beyond chance, is much."""
    if np.isnan(look.p):
        return UNKNOWN
    return STEADY if not look.sure else MUCH if look.size >= MOVED else LITTLE


_MEASURES = {
    "yield": "share",
    **{f"failing dies, {zone}": "share" for zone in ZONES},
    **{f"affected by {key}": "share of wafers" for key in CLASS_KEYS},
    "tested dies": "dies",
    "grid": "rows x columns",
    "product": "name",
}


def _sampled(lake: Lake, condition: Condition) -> pd.DataFrame:
    """A row a wafer: its key, lot and what is compared."""
    affected = ", ".join(f'coalesce(affected_{key} > 0, false)::INT AS "affected by {key}"' for key in CLASS_KEYS)
    table = lake.query(
        f'SELECT key, lot_id, yield_fraction AS "yield", tested_count AS "tested dies", '
        f"concat(grid_rows, ' x ', grid_columns) AS grid, coalesce(product, '') AS product, {affected} "
        f"FROM wafers WHERE {condition[0]} ORDER BY hash(key), key LIMIT {MOST_WAFERS}",
        condition[1],
    )
    wafers = lake.wafers_by_keys(list(table["key"]))
    zones = [_fail_shares(wafers[key]) for key in table["key"]]
    return table.join(pd.DataFrame(zones, columns=[f"failing dies, {zone}" for zone in ZONES], dtype=float))


def _fail_shares(wafer: WaferMap) -> list[float]:
    radius, tested = polar(wafer)[0], wafer.dies > 0
    inside = [tested & (radius >= low) & (radius < high) for low, high in ZONES.values()]
    return [float(wafer.failing[zone].mean()) if zone.any() else 0.0 for zone in inside]


def _row(
    name: str,
    unit: str,
    old: "pd.Series[float]",
    new: "pd.Series[float]",
    lots: tuple["pd.Series[str]", "pd.Series[str]"],
) -> tuple[object, ...]:
    kinds = name in ("grid", "product") or name.startswith("affected")
    compare: Callable[..., Shift] = kind_shift if kinds else value_shift
    found = compare(old, new, lots)
    said = [side.mode().iloc[0] if name in ("grid", "product") else f"{side.mean():.4g}" for side in (old, new)]
    return name, unit, *map(str, said), found.size, found.p, _verdict(found)


def _verdict(found: Shift) -> str:
    if np.isnan(found.p):
        return UNKNOWN
    if not found.sure or found.size < MOVED:
        return STEADY
    return MUCH if found.size >= SHIFTED else LITTLE


def _looks(lake: Lake, old: pd.DataFrame, new: pd.DataFrame) -> tuple[Shift | None, tuple[int, int]]:
    """Compare embeddings by the model that embedded most of both sides."""
    keys = sorted({*old["key"], *new["key"]})
    models = lake.query(
        "SELECT model FROM embeddings WHERE key IN (SELECT unnest(?)) GROUP BY model "
        "ORDER BY count(*) DESC, model LIMIT 1",
        [keys],
    )
    if models.empty:
        return None, (0, 0)
    wanted = "SELECT key, vector FROM embeddings WHERE key IN (SELECT unnest(?)) AND model = ?"
    vectors = lake.query(wanted, [keys, models["model"].iloc[0]])
    sides = [side[["key", "lot_id"]].merge(vectors, on="key") for side in (old, new)]
    counts = (len(sides[0]), len(sides[1]))
    if min(counts) < LEAST_WAFERS:
        return None, counts
    stacked = [np.stack(list(side["vector"])).astype(np.float32) for side in sides]
    return look_shift(stacked[0], stacked[1], (sides[0]["lot_id"], sides[1]["lot_id"])), counts
