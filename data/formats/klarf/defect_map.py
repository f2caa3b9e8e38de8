"""An inspection as a wafer map: inspected dies are on the wafer, dies that hold a defect fail, bins count defects.

Without a sample plan nothing says which dies were inspected: then every die that lies whole within the rim is on the
wafer, and those without a defect are not known to pass.
"""

from collections import Counter
from collections.abc import Mapping
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from data.formats.grid import Axes, to_grid
from data.formats.klarf.model import Inspection
from data.formats.metadata import ATTRIBUTE, center_pairs
from data.formats.options import ReadOptions
from data.formats.own_exports import KLARF, MAKER
from data.formats.source import Source, build_wafer
from data.orientation import DIE_AXES
from data.wafer import FAIL, MAX_GRID, PASS, WaferMap

_AXES = Axes("right", "up")
_MOST_LAID_OUT = 2**21  # more than any wafer has; sizes that give more are wrong
_MOST = np.iinfo(np.uint16).max
_OUTSIDE = "dies_outside_the_sample_plan"
_MOST_OUTSIDE = 1000
_NO_PLAN = "The file has no sample plan, so which dies were inspected, and which pass, is not known: "
_LAID_OUT = "the map has all dies that lie within the rim by pitch, centre and diameter."
_NOT_LAID_OUT = "the map has the dies with defects alone."


def defect_map(inspection: Inspection, source: Source, options: ReadOptions, number: int, count: int) -> WaferMap:
    """Make the map of an inspection.

    Args:
        inspection: one wafer.
        source: its file.
        options: the caller's.
        number: position of the wafer in its file, from 1.
        count: how many wafers the file holds.

    Returns:
        The wafer; its bins are the number of defects on each die.

    Raises:
        FormatError: the dies span more than a wafer can hold.
    """
    per_die = Counter((defect.x_index, defect.y_index) for defect in inspection.defects)
    failing = np.array(list(per_die), dtype=np.int64).reshape(-1, 2)
    laid_out = _planned(inspection.inspected) if inspection.plan_known else _within_rim(inspection)
    places = np.concatenate([laid_out, failing])
    dies = np.repeat(np.array([PASS, FAIL], dtype=np.uint8), [len(laid_out), len(failing)])
    counts = np.zeros(len(places), dtype=np.int64)
    counts[len(laid_out) :] = np.minimum(np.fromiter(per_die.values(), dtype=np.int64, count=len(per_die)), _MOST)
    grid, bins, axes = to_grid(places[:, 0], places[:, 1], dies, counts, _AXES, source.name)
    pairs = {
        **_pairs(inspection),
        **_center(inspection, _AXES.first(places[:, 0], places[:, 1])),
        ATTRIBUTE + DIE_AXES: axes,
        f"{ATTRIBUTE}defects": str(len(inspection.defects)),
        f"{ATTRIBUTE}bins_count": "defects on the die",
    }
    remarks = list(inspection.remarks)
    if count > 1 and not inspection.wafer_id:
        remarks.append("The file gives the wafer no name: it is numbered in the order of the file.")
    if not inspection.plan_known:
        remarks.append(_NO_PLAN + (_LAID_OUT if len(laid_out) else _NOT_LAID_OUT))
    elif outside := [number for die, number in per_die.items() if die not in inspection.inspected]:
        pairs[f"{ATTRIBUTE}defects_outside_the_sample_plan"] = str(sum(outside))
        beside = sorted(die for die in per_die if die not in inspection.inspected)
        pairs[ATTRIBUTE + _OUTSIDE] = ", ".join(f"{x} {y}" for x, y in beside[:_MOST_OUTSIDE])
        remarks.append(f"{sum(outside)} defects lie on {len(outside)} dies that the sample plan does not have.")
    return build_wafer(
        source,
        options,
        grid,
        bins=bins,
        pairs=pairs,
        number=number,
        count=count,
        axes_declared=True,
        remarks=remarks,
        exported_as=KLARF if inspection.history.get("inspection_tool", "").startswith(MAKER + " ") else "",
    )


def dies_outside(attributes: Mapping[str, str]) -> list[tuple[int, int]]:
    """Return the dies (x, y) that a wafer's file found defects on without having them in its sample plan.

    Example:
        >>> dies_outside({"dies_outside_the_sample_plan": "3 -4, 5 6"})
        [(3, -4), (5, 6)]
    """
    pairs = (text.split() for text in attributes.get(_OUTSIDE, "").split(",") if text.strip())
    try:
        return [(int(x), int(y)) for x, y in pairs]
    except ValueError:
        return []


def die_count(inspection: Inspection) -> int:
    """Estimate how many dies the map of an inspection has, without making it."""
    laid_out = 0 if inspection.plan_known else _rim_count(inspection)
    return len(inspection.inspected) + (laid_out if laid_out <= _MOST_LAID_OUT else 0)


def _rim_count(inspection: Inspection) -> int:
    """Estimate how many dies lie within the rim, by area; 0 where sizes are not known."""
    pitch, diameter = inspection.die_pitch_mm, inspection.diameter_mm
    return int(np.pi / 4 * diameter**2 / (pitch[0] * pitch[1])) if pitch and diameter else 0


@lru_cache(maxsize=1)  # the wafers of a file commonly share one plan
def _planned(inspected: frozenset[tuple[int, int]]) -> NDArray[np.int64]:
    """Return the dies (x, y) of a plan, int (N, 2)."""
    return np.array(list(inspected), dtype=np.int64).reshape(-1, 2)


def _within_rim(inspection: Inspection) -> NDArray[np.int64]:
    """Return all dies (x, y) that lie whole within the rim, int (N, 2); none where their places are not known."""
    pitch, center, diameter = inspection.die_pitch_mm, inspection.center_mm, inspection.diameter_mm
    if pitch is None or center is None or diameter is None:
        return np.zeros((0, 2), dtype=np.int64)
    if _rim_count(inspection) > _MOST_LAID_OUT or diameter / min(pitch) > MAX_GRID:
        return np.zeros((0, 2), dtype=np.int64)
    radius, near = diameter / 2, []
    for middle, step in zip(center, pitch, strict=True):
        index = np.arange(np.ceil((middle - radius) / step), np.floor((middle + radius) / step), dtype=np.int64)
        near.append((index, np.maximum(np.abs(index * step - middle), np.abs((index + 1) * step - middle))))
    (x, from_x), (y, from_y) = near
    rows, columns = np.nonzero(np.hypot(from_x[None, :], from_y[:, None]) <= radius * (1 + 1e-9))
    return np.stack([x[columns], y[rows]], axis=1)


def _center(inspection: Inspection, first: tuple[int, int]) -> dict[str, str]:
    """Return where on the grid the wafer's centre lies."""
    if inspection.center_mm is None or inspection.die_pitch_mm is None:
        return {}
    x, y = (mm / pitch - 0.5 for mm, pitch in zip(inspection.center_mm, inspection.die_pitch_mm, strict=True))
    return center_pairs(*_AXES.place(first, x, y))


def _pairs(inspection: Inspection) -> dict[str, str]:
    pairs = {
        "lot": inspection.lot_id,
        "wafer": inspection.wafer_id,
        "product": inspection.history.get("device", ""),
        "notch": inspection.notch or "",
        "tested_at": str(inspection.inspected_at or ""),
        "step": inspection.history.get("step", ""),
        "passing_known": "" if inspection.plan_known else "no",
    }
    if inspection.diameter_mm:
        pairs["diameter_mm"] = repr(inspection.diameter_mm)
    if inspection.die_pitch_mm:
        pairs["pitch_column_mm"], pairs["pitch_row_mm"] = (repr(length) for length in inspection.die_pitch_mm)
    classes = Counter(defect.class_number for defect in inspection.defects if defect.class_number is not None)
    said = [f"{key} {inspection.classes.get(key, '')}".strip() + f": {classes[key]}" for key in sorted(classes)]
    history = {name: text for name, text in inspection.history.items() if name != "device"}
    history |= {"defect_classes": ", ".join(said)} if said else {}
    return pairs | {ATTRIBUTE + name: text for name, text in history.items()}
