"""What the lake holds goes before Waferscope's own exports: a drawing of a wafer must not take the wafer's place."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.lake import Lake
from data.formats.own_exports import DIES
from data.wafer import WaferMap

_PLAIN = ("product", "test_program", "step", "tested_at", "started_at", "die_pitch_mm", "diameter_mm", "center")
_DRAWN_FROM_DIES = (DIES, "overlay")


@dataclass(frozen=True)
class Sifted:
    """Wafers that were read, parted by what the lake holds.

    Args:
        kept: to be appended.
        held_back: read from own exports whose wafers the lake knows as well or better.
        remarks: a sentence for each of these.
    """

    kept: tuple[WaferMap, ...]
    held_back: tuple[WaferMap, ...]
    remarks: tuple[str, ...]


def sifted(lake: Lake, wafers: Sequence[WaferMap]) -> Sifted:
    """Hold back wafers that were read from Waferscope's own exports where the lake's record says as much or more.

    Such a wafer takes the place of a record only with the same dies, all that the record says, and something more.

    Args:
        lake: that they would be appended to.
        wafers: as they were read.
    """
    held = lake.wafers_by_keys([wafer.key for wafer in wafers if wafer.exported_as])
    back = [w for w in wafers if w.exported_as and w.key in held and not _says_more(w, held[w.key])]
    remarks = tuple(
        f"{w.source_name}: it is an export ({w.exported_as}) of {w.key}, which the lake holds with as much or more "
        f"information: the record of the lake stays."
        for w in back
    )
    gone = set(map(id, back))
    return Sifted(tuple(w for w in wafers if id(w) not in gone), tuple(back), remarks)


def _says_more(new: WaferMap, held: WaferMap) -> bool:
    if new.exported_as not in _DRAWN_FROM_DIES or not np.array_equal(new.dies, held.dies):
        return False
    said, known = _said(new), _said(held)
    return known < said


def _said(wafer: WaferMap) -> set[str]:
    """List what is known of a wafer beside its dies, by name."""
    names = {name for name in _PLAIN if getattr(wafer, name)}
    return names | {f"attribute {name}" for name in wafer.attributes} | ({"bins"} if wafer.bins is not None else set())
