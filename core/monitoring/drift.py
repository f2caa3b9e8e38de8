"""Whether the wafers that come in are still those that the model was made for: counts, zones, grids and looks."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.lake import Lake
from core.monitoring.shift import (
    LEAST_LOTS,
    LEAST_TOGETHER,
    MOVED,
    SHIFTED,
    Shift,
    kind_shift,
    look_shift,
    tellable,
    value_shift,
)
from core.monitoring.sides import IN_ZONES, Condition, Drawn, sampled
from data.classes import CLASS_KEYS

LEAST_WAFERS = 20
COLUMNS = ("measure", "unit", "reference", "recent", "shift", "p", "verdict")
STEADY, LITTLE, MUCH, UNKNOWN = "steady", "moved", "shifted", "cannot be told yet"
LOOK = "what wafers look like"


@dataclass(frozen=True)
class Drift:
    """Recent wafers against those of a reference.

    Args:
        recent: how many were looked at.
        reference: likewise.
        inputs: a row a measure with COLUMNS; `reference` and `recent` are means, or the commonest kind.
        look: how far what they look like differs, None where too few are embedded by one model.
        embedded: wafers of both sides whose embeddings were compared.
        lots: how many the reference and the recent wafers are of.
    """

    recent: int
    reference: int
    inputs: pd.DataFrame
    look: Shift | None
    embedded: tuple[int, int] = (0, 0)
    lots: tuple[int, int] = (0, 0)

    @property
    def shifted(self) -> list[str]:
        """What has surely shifted a lot."""
        found = [str(name) for name in self.inputs.loc[self.inputs["verdict"] == MUCH, "measure"]]
        return [*found, LOOK] if self.look is not None and verdict_of_look(self.look) == MUCH else found


def untold(found: Drift | None) -> list[str]:
    """Return what cannot be told yet of two sides, and what it lacks: a sentence each, none where all was judged.

    Args:
        found: of both sides, None where either has too few wafers.

    Example:
        >>> untold(Drift(60, 90, pd.DataFrame(columns=COLUMNS), None, (90, 60), (5, 2)))[0]
        'Whether the wafers changed: they are of 2 lots, the reference of 5; 3 are needed on each side, 7 together.'
    """
    if found is None:
        return [f"Whether the wafers changed: {LEAST_WAFERS} are needed on each side."]
    old, new = found.lots
    if not tellable(old, new):
        return [
            f"Whether the wafers changed: they are of {_lots(new)}, the reference of {old}; {LEAST_LOTS} are needed on "
            f"each side, {LEAST_TOGETHER} together."
        ]
    names = [str(name) for name in found.inputs.loc[found.inputs["verdict"] == UNKNOWN, "measure"]]
    lacking = [f"{name[:1].upper()}{name[1:]}: known of too few wafers or lots of a side." for name in names]
    if found.look is None:
        lacking.append(
            f"{LOOK.capitalize()}: {found.embedded[1]} recent wafers and {found.embedded[0]} of the reference are "
            f"embedded by one model, {LEAST_WAFERS} are needed on each side."
        )
    elif verdict_of_look(found.look) == UNKNOWN:
        lacking.append(f"{LOOK.capitalize()}: those that are embedded are of too few lots.")
    return lacking


def _lots(count: int) -> str:
    return f"{count} lot{'' if count == 1 else 's'}"


def drift(lake: Lake, recent: Condition, reference: Condition | Drawn) -> Drift | None:
    """Compare wafers with those of a reference; None where either side has fewer than twenty.

    Args:
        lake: of the wafers.
        recent: condition on the view `wafers`, and its parameters.
        reference: likewise, or synthetic wafers, which are compared in what a drawn wafer has.

    Raises:
        LakeError: the lake cannot be read.
    """
    drawn = reference if isinstance(reference, Drawn) else None
    old = reference.table if isinstance(reference, Drawn) else sampled(lake, reference)
    new = sampled(lake, recent)
    if min(len(old), len(new)) < LEAST_WAFERS:
        return None
    lots = (old["lot_id"], new["lot_id"])
    rows = [_row(name, unit, old[name], new[name], lots) for name, unit in _MEASURES.items() if name in old]
    look, embedded = _looks(lake, old, new, drawn)
    counted = (int(lots[0].nunique()), int(lots[1].nunique()))
    return Drift(len(new), len(old), pd.DataFrame(rows, columns=COLUMNS), look, embedded, counted)


def verdict_of_look(look: Shift) -> str:
    """Return a word for a shift of looks; a tenth of the greatest possible distance, beyond chance, is much."""
    if np.isnan(look.p):
        return UNKNOWN
    return STEADY if not look.sure else MUCH if look.size >= MOVED else LITTLE


UNDEFINED = "–"
_MEASURES = {
    "yield": "share",
    **dict.fromkeys(IN_ZONES, "share"),
    **{f"affected by {key}": "share of wafers" for key in CLASS_KEYS},
    "tested dies": "dies",
    "grid": "rows x columns",
    "product": "name",
}


def _row(
    name: str,
    unit: str,
    old: "pd.Series[float]",
    new: "pd.Series[float]",
    lots: tuple["pd.Series[str]", "pd.Series[str]"],
) -> tuple[object, ...]:
    kinds = name in ("grid", "product") or name.startswith("affected")
    compare: Callable[..., Shift] = kind_shift if kinds else value_shift
    known = old.notna(), new.notna()  # of some wafers it is not known which dies pass
    if min(known[0].sum(), known[1].sum()) < LEAST_WAFERS:
        return name, unit, UNDEFINED, UNDEFINED, np.nan, np.nan, UNKNOWN
    old, new = old[known[0]], new[known[1]]
    found = compare(old, new, (lots[0][known[0]], lots[1][known[1]]))
    said = [side.mode().iloc[0] if name in ("grid", "product") else f"{side.mean():.4g}" for side in (old, new)]
    return name, unit, *map(str, said), found.size, found.p, _verdict(found)


def _verdict(found: Shift) -> str:
    if np.isnan(found.p):
        return UNKNOWN
    if not found.sure or found.size < MOVED:
        return STEADY
    return MUCH if found.size >= SHIFTED else LITTLE


def _looks(
    lake: Lake, old: pd.DataFrame, new: pd.DataFrame, drawn: Drawn | None
) -> tuple[Shift | None, tuple[int, int]]:
    """Compare embeddings by the model that embedded most of both sides, or that saw the drawn ones."""
    keys = sorted({*old["key"], *new["key"]})
    model = drawn.model if drawn else _commonest_model(lake, keys)
    wanted = "SELECT key, vector FROM embeddings WHERE key IN (SELECT unnest(?)) AND model = ?"
    held = lake.query(wanted, [keys, model])
    vectors = pd.concat([drawn.vectors, held]) if drawn else held
    sides = [side[["key", "lot_id"]].merge(vectors, on="key") for side in (old, new)]
    counts = (len(sides[0]), len(sides[1]))
    if min(counts) < LEAST_WAFERS:
        return None, counts
    stacked = [np.stack(list(side["vector"])).astype(np.float32) for side in sides]
    return look_shift(stacked[0], stacked[1], (sides[0]["lot_id"], sides[1]["lot_id"])), counts


def _commonest_model(lake: Lake, keys: list[str]) -> str:
    """Name the model that embedded most of these wafers, "" where none did."""
    models = lake.query(
        "SELECT model FROM embeddings WHERE key IN (SELECT unnest(?)) GROUP BY model "
        "ORDER BY count(*) DESC, model LIMIT 1",
        [keys],
    )
    return "" if models.empty else str(models["model"].iloc[0])
