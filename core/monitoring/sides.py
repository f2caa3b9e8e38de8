"""The two sides of a comparison: wafers of the lake by time or by name, or synthetic ones as training draws them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd

from core.analysis.result import bounded_batches
from core.instances.clusters import CENTER_SHARE, EDGE_SHARE
from core.lake import Lake, WaferFilter
from core.segmentation import Segmenter
from core.trends.overview import start_of
from data.classes import CLASS_KEYS
from data.geometry import polar
from data.synthesis import WaferRecipe, draw_wafer
from data.wafer import WaferMap

MOST_WAFERS = 600
"""So many of each side are looked at, spread evenly by the hash of their keys."""
DRAWN_WAFERS = 400
DRAWN_SEED = 20261129
DRAWN_LOT = "synthetic"
"""Of all drawn wafers: shuffled against lots of 25, lots of one would make chance look larger than it is."""
DRAWN_ACROSS = 99
"""Dies across at most: as large as the model sees in one look; more would take minutes."""
ZONES = {"center": (0.0, CENTER_SHARE), "middle": (CENTER_SHARE, EDGE_SHARE), "edge": (EDGE_SHARE, np.inf)}
IN_ZONES = [f"failing dies, {zone}" for zone in ZONES]
Condition = tuple[str, list[object]]


@dataclass(frozen=True, eq=False)
class Drawn:
    """Synthetic wafers as a model sees them.

    Args:
        table: a row a wafer, as `sampled` gives it, without `grid` and `product`: no fab made them.
        vectors: `key` and `vector` of each, none from a model that gives no embeddings.
        model: name and short hash.
    """

    table: pd.DataFrame
    vectors: pd.DataFrame
    model: str


def recent_and_before(where: WaferFilter, last: date, weeks: int, before: int) -> tuple[Condition, Condition]:
    """Return the conditions of the newest weeks up to a day, and of the weeks before these.

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
    """Return the condition of wafers by key, such as those of a training set."""
    return "key IN (SELECT unnest(?))", [list(keys)]


def sampled(lake: Lake, condition: Condition) -> pd.DataFrame:
    """Return a row a wafer: its `key`, `lot_id` and what is compared; at most 600."""
    affected = ", ".join(f'coalesce(affected_{key} > 0, false)::INT AS "affected by {key}"' for key in CLASS_KEYS)
    table = lake.query(
        f'SELECT key, lot_id, yield_fraction AS "yield", tested_count AS "tested dies", '
        f"concat(grid_rows, ' x ', grid_columns) AS grid, coalesce(product, '') AS product, {affected} "
        f"FROM wafers WHERE {condition[0]} ORDER BY hash(key), key LIMIT {MOST_WAFERS}",
        condition[1],
    )
    wafers = lake.wafers_by_keys(list(table["key"]))
    zones = [_fail_shares(wafers[key]) for key in table["key"]]
    return table.join(pd.DataFrame(zones, columns=IN_ZONES, dtype=float))


def draw(segmenter: Segmenter, count: int = DRAWN_WAFERS, seed: int = DRAWN_SEED) -> Drawn:
    """Draw synthetic wafers as training does, and say what the model finds on them, as the lake says of a fab's.

    Args:
        segmenter: the model in use.
        count: how many.
        seed: of the drawing: the same wafers each time.

    Raises:
        ModelError: the network fails.
    """
    rng, recipe = np.random.default_rng(seed), WaferRecipe(longest=DRAWN_ACROSS)
    rows, vectors = list[dict[str, object]](), list[tuple[str, object]]()
    for wafers in bounded_batches(draw_wafer(rng, recipe).wafer for _ in range(count)):
        for wafer, found in zip(wafers, segmenter.segment(wafers), strict=True):
            key, tested = f"synthetic:{len(rows)}", int((wafer.dies > 0).sum())
            affected = {f"affected by {name}": int(name in found.classes_present) for name in CLASS_KEYS}
            rows.append(
                {
                    "key": key,
                    "lot_id": DRAWN_LOT,
                    "tested dies": tested,
                    "yield": 1 - int(wafer.failing.sum()) / tested,
                    **affected,
                    **dict(zip(IN_ZONES, _fail_shares(wafer), strict=True)),
                }
            )
            if found.embedding is not None:
                vectors.append((key, found.embedding))
    return Drawn(pd.DataFrame(rows), pd.DataFrame(vectors, columns=["key", "vector"]), segmenter.name)


def _fail_shares(wafer: WaferMap) -> list[float]:
    radius, tested = polar(wafer)[0], wafer.dies > 0
    inside = [tested & (radius >= low) & (radius < high) for low, high in ZONES.values()]
    return [float(wafer.failing[zone].mean()) if zone.any() else 0.0 for zone in inside]
