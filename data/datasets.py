"""Labelled wafer maps in bulk, for training and evaluation: which classes each wafer shows, as far as people said."""

import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from data.classes import CLASS_COUNT, CLASS_INDEX
from data.errors import FormatError
from data.truth import array_names

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
ONE_LABEL = frozenset({"flat", "offsets", "shapes", "labels", "class_names"})
SEVERAL_LABELS = frozenset({"maps", "labels", "label_names"})


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
        """Return bool (N,), whether on each wafer people saw no pattern at all on it."""
        known: NDArray[np.bool_] = np.nansum(self.presence, axis=1) == 0
        return known & ~np.isnan(self.presence).all(axis=1) & ~self.near_full

    def take(self, index: NDArray[np.intp]) -> "LabelledMaps":
        """Return some of the wafers, in the order of `index`."""
        return LabelledMaps(
            [self.maps[i] for i in index], self.presence[index], [self.names[i] for i in index], self.near_full[index]
        )


@dataclass(frozen=True, eq=False)
class MaskedMaps:
    """Wafers of which people said die by die what they show.

    Args:
        maps: uint8 (H, W) each, 0 off, 1 pass, 2 fail.
        masks: bool (8, H, W) each, of the wafer's own grid.
        names: N names, unique.
    """

    maps: list[NDArray[np.uint8]]
    masks: list[NDArray[np.bool_]]
    names: list[str]

    def __len__(self) -> int:
        """Count the wafers."""
        return len(self.maps)

    @property
    def labelled(self) -> LabelledMaps:
        """The same wafers with what the masks say of each as a whole."""
        presence = np.array([mask.any(axis=(1, 2)) for mask in self.masks], dtype=np.float32)
        return LabelledMaps(
            self.maps, presence.reshape(-1, CLASS_COUNT), self.names, np.zeros(len(self.maps), dtype=bool)
        )


def together(parts: Iterable[LabelledMaps | None]) -> LabelledMaps | None:
    """Put wafers of several sources into one row; None where there is no wafer."""
    some = [part for part in parts if part is not None and len(part)]
    if not some:
        return None
    return LabelledMaps(
        [m for part in some for m in part.maps],
        np.concatenate([part.presence for part in some]),
        [name for part in some for name in part.names],
        np.concatenate([part.near_full for part in some]),
    )


def label_names(path: str | Path) -> list[str]:
    """Name the label of every wafer of a file that `load_labelled` reads, as the file does; several joined by "+".

    Raises:
        FormatError: as `load_labelled`.
    """
    _, bits, names = _arrays(path)
    return ["+".join(name for name, there in zip(names, row, strict=True) if there) or NO_PATTERN for row in bits]


def load_labelled(path: str | Path) -> LabelledMaps:
    """Read wafer-level labels from an .npz in one of two layouts.

    One label a wafer: `flat`, `offsets`, `shapes`, `labels` (N,), `class_names`. Several a wafer: `maps` (N, H, W),
    `labels` (N, L) bits, `label_names`.

    Raises:
        FormatError: the file is missing or damaged, has neither layout, its arrays contradict each other, or a label
            has no meaning here.
    """
    maps, bits, names = _arrays(path)
    return _labelled(maps, bits, names, Path(path).stem)


def _arrays(path: str | Path) -> tuple[list[NDArray[np.uint8]], NDArray[np.bool_], list[str]]:
    """Read the maps, the bits of their labels (N, L), and the labels' names."""
    found = array_names(path)
    if not (found >= ONE_LABEL or found >= SEVERAL_LABELS):
        raise FormatError(
            str(path),
            f"expected wafer-level labels, found the arrays {sorted(found)}",
            f"Give {', '.join(sorted(ONE_LABEL))}, or {', '.join(sorted(SEVERAL_LABELS))}.",
        )
    try:
        with np.load(path, allow_pickle=False) as file:
            if found >= ONE_LABEL:
                flat, offsets, shapes = file["flat"], file["offsets"], file["shapes"]
                maps = [flat[a:b].reshape(s) for a, b, s in zip(offsets[:-1], offsets[1:], shapes, strict=True)]
                names = [str(name) for name in file["class_names"]]
                bits = np.eye(len(names), dtype=bool)[file["labels"]]
            else:
                maps = list(file["maps"])
                names = [str(name) for name in file["label_names"]]
                bits = file["labels"].astype(bool)
        if bits.shape != (len(maps), len(names)):
            raise ValueError(f"{len(maps)} maps, {len(names)} names, labels {bits.shape}")
    except (OSError, ValueError, IndexError, zipfile.BadZipFile) as error:
        raise FormatError(str(path), f"the arrays contradict each other ({error})", "Write the file again.") from error
    return maps, bits, names


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
