"""Labelled wafer maps in bulk, for training and evaluation: which classes each wafer shows, as far as people said."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from data.classes import CLASS_COUNT, CLASS_INDEX
from data.errors import FormatError

NATURAL_MAPPING = {
    "Center": "center",
    "Donut": "ring",
    "Edge-Loc": "edge",
    "Edge-Ring": "edge",
    "Loc": "particle",
    "Scratch": "scratch",
    "Random": "random",
}
"""Labels of the public data sets (WM-811K, MixedWM38) and the class each stands for; Near-full stands for none."""
NO_PATTERN, NEAR_FULL = "None", "Near-full"


@dataclass(frozen=True, eq=False)
class LabelledMaps:
    """Wafers with one label each, or several bits.

    Args:
        maps: uint8 (H, W) each, 0 off, 1 pass, 2 fail.
        presence: float32 (N, 8): 1 the class is there, 0 it is not, NaN nobody can say.
        names: N names, unique within the file.
        near_full: bool (N,): nearly every die fails; reported apart, since no class stands for it.
    """

    maps: list[NDArray[np.uint8]]
    presence: NDArray[np.float32]
    names: list[str]
    near_full: NDArray[np.bool_]

    def __len__(self) -> int:
        """Count the wafers."""
        return len(self.maps)

    @property
    def without_pattern(self) -> NDArray[np.bool_]:
        """Tell of each wafer, bool (N,), whether people saw no pattern at all on it."""
        known: NDArray[np.bool_] = np.nansum(self.presence, axis=1) == 0
        return known & ~np.isnan(self.presence).all(axis=1) & ~self.near_full

    def take(self, index: NDArray[np.intp]) -> "LabelledMaps":
        """Give some of the wafers, in the order of `index`."""
        return LabelledMaps(
            [self.maps[i] for i in index], self.presence[index], [self.names[i] for i in index], self.near_full[index]
        )


def load_labelled(path: str | Path) -> LabelledMaps:
    """Read wafer-level labels from an .npz in one of two layouts.

    One label a wafer: `flat`, `offsets`, `shapes`, `labels` (N,), `class_names`. Several a wafer: `maps` (N, H, W),
    `labels` (N, L) bits, `label_names`.

    Raises:
        FormatError: the file has neither layout.
    """
    with np.load(path, allow_pickle=False) as file:
        keys = set(file.files)
        if {"flat", "offsets", "shapes", "labels", "class_names"} <= keys:
            flat, offsets, shapes = file["flat"], file["offsets"], file["shapes"]
            maps = [flat[a:b].reshape(s) for a, b, s in zip(offsets[:-1], offsets[1:], shapes, strict=True)]
            names = [str(name) for name in file["class_names"]]
            bits = np.eye(len(names), dtype=bool)[file["labels"]]
        elif {"maps", "labels", "label_names"} <= keys:
            maps = list(file["maps"])
            names = [str(name) for name in file["label_names"]]
            bits = file["labels"].astype(bool)
        else:
            raise FormatError(
                str(path), f"expected wafer-level labels, found the arrays {sorted(keys)}",
                "Give flat, offsets, shapes, labels, class_names, or maps, labels, label_names.",
            )  # fmt: skip
    return _labelled(maps, bits, names, Path(path).stem)


def _labelled(maps: list[NDArray[np.uint8]], bits: NDArray[np.bool_], names: Sequence[str], stem: str) -> LabelledMaps:
    presence = np.zeros((len(maps), CLASS_COUNT), dtype=np.float32)
    near_full = np.zeros(len(maps), dtype=bool)
    for column, name in enumerate(names):
        if name in NATURAL_MAPPING:
            presence[bits[:, column], CLASS_INDEX[NATURAL_MAPPING[name]]] = 1
        elif name == NEAR_FULL:
            near_full = bits[:, column]
        elif name != NO_PATTERN:
            raise FormatError(stem, f"the label '{name}' is not in the natural mapping", "Rename or drop it.")
    presence[near_full] = np.nan
    return LabelledMaps(maps, presence, [f"{stem}:{i:06d}" for i in range(len(maps))], near_full)
