"""An inspection as a wafer map: inspected dies are on the wafer, dies that hold a defect fail, bins count defects."""

from collections import Counter

import numpy as np

from data.formats.grid import Axes, to_grid
from data.formats.klarf.model import Inspection
from data.formats.metadata import ATTRIBUTE, center_pairs
from data.formats.options import ReadOptions
from data.formats.source import Source, build_wafer
from data.orientation import DIE_AXES
from data.wafer import FAIL, PASS, WaferMap

_AXES = Axes("right", "up")
_MOST = np.iinfo(np.uint16).max


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
    places = np.array(sorted(inspection.inspected | set(per_die)), dtype=np.int64)
    counts = np.array([min(per_die.get((x, y), 0), _MOST) for x, y in places.tolist()], dtype=np.int64)
    dies = np.where(counts > 0, FAIL, PASS).astype(np.uint8)
    grid, bins, axes = to_grid(places[:, 0], places[:, 1], dies, counts, _AXES, source.name)
    pairs = {
        **_pairs(inspection),
        **_center(inspection, _AXES.first(places[:, 0], places[:, 1])),
        ATTRIBUTE + DIE_AXES: axes,
        f"{ATTRIBUTE}defects": str(len(inspection.defects)),
        f"{ATTRIBUTE}bins_count": "defects on the die",
    }
    outside = sum(number for die, number in per_die.items() if die not in inspection.inspected)
    if outside:
        pairs[f"{ATTRIBUTE}defects_outside_the_sample_plan"] = str(outside)
    return build_wafer(source, options, grid, bins=bins, pairs=pairs, number=number, count=count, axes_declared=True)


def _center(inspection: Inspection, first: tuple[int, int]) -> dict[str, str]:
    """Say where on the grid the wafer's centre lies."""
    if inspection.center_mm is None or inspection.die_pitch_mm is None:
        return {}
    x, y = (mm / pitch - 0.5 for mm, pitch in zip(inspection.center_mm, inspection.die_pitch_mm, strict=True))
    return center_pairs(*_AXES.place(first, x, y))


def _pairs(inspection: Inspection) -> dict[str, str]:
    pairs = {
        "lot": inspection.lot_id, "wafer": inspection.wafer_id, "product": inspection.history.get("device", ""),
        "notch": inspection.notch or "", "tested_at": str(inspection.inspected_at or ""),
    }  # fmt: skip
    if inspection.diameter_mm:
        pairs["diameter_mm"] = repr(inspection.diameter_mm)
    if inspection.die_pitch_mm:
        pairs["pitch_column_mm"], pairs["pitch_row_mm"] = (repr(length) for length in inspection.die_pitch_mm)
    classes = Counter(defect.class_number for defect in inspection.defects if defect.class_number is not None)
    said = [f"{key} {inspection.classes.get(key, '')}".strip() + f": {classes[key]}" for key in sorted(classes)]
    history = {name: text for name, text in inspection.history.items() if name != "device"}
    history |= {"defect_classes": ", ".join(said)} if said else {}
    return pairs | {ATTRIBUTE + name: text for name, text in history.items()}
