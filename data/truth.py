"""Wafers on which people, or the drawing itself, said for every die which patterns it belongs to."""

import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from data.classes import CLASS_INDEX, CLASS_KEYS
from data.errors import FormatError
from data.wafer import FAIL, OFF_WAFER, PASS, WaferMap

MAP_ARRAYS = ("flat", "offsets", "shapes")
MASK_ARRAY, CODE_ARRAY = "class_bits", "codes"
SCRATCH_CODE = 3
DIES_OF_CODES = np.array([OFF_WAFER, PASS, FAIL, FAIL, PASS], dtype=np.uint8)  # none, good, bad, scratch, inked good


@dataclass(frozen=True, eq=False)
class MarkedWafer:
    """A wafer and the truth about its dies.

    Args:
        wafer: the map.
        masks: bool (8, H, W): the die fails and pattern k accounts for it.
        known: keys of the classes that somebody looked for; of the others the masks say nothing.
    """

    wafer: WaferMap
    masks: NDArray[np.bool_]
    known: tuple[str, ...] = CLASS_KEYS


def array_names(path: str | Path) -> frozenset[str]:
    """Name the arrays of an .npz file.

    Raises:
        FormatError: the file is missing or no .npz file.
    """
    if not zipfile.is_zipfile(path):
        raise FormatError(str(path), "the file is missing, damaged or no .npz file", "Give an .npz file.")
    with np.load(path, allow_pickle=False) as file:
        return frozenset(file.files)


def is_marked(names: frozenset[str]) -> bool:
    """Return by the names of its arrays whether `load_marked` reads a file."""
    return {*MAP_ARRAYS} <= names and (MASK_ARRAY in names or CODE_ARRAY in names)


def load_marked(path: str | Path) -> list[MarkedWafer]:
    """Read wafers with a truth per die from an .npz in one of two layouts.

    Both hold map i as `flat[offsets[i]:offsets[i + 1]].reshape(shapes[i])`. With `class_bits`, as `save_marked` writes
    it, `flat` holds 0 off, 1 pass, 2 fail, and bit k of `class_bits` says that a die belongs to class k. With `codes`,
    `flat` holds 0 none, 1 good, 2 bad, 3 bad and part of a scratch, 4 good but inked; only scratch is known then.

    Raises:
        FormatError: the file is missing or damaged, has neither layout, or its arrays contradict each other.
        WaferValueError: a map is not a wafer.
    """
    names = array_names(path)
    if not is_marked(names):
        raise FormatError(
            str(path),
            f"expected dies with their classes, found the arrays {sorted(names)}",
            f"Give {', '.join(MAP_ARRAYS)} and {MASK_ARRAY} or {CODE_ARRAY}.",
        )
    try:
        with np.load(path, allow_pickle=False) as file:
            flat, offsets, shapes = (file[name] for name in MAP_ARRAYS)
            bits = file[MASK_ARRAY] if MASK_ARRAY in names else None
        cuts = list(zip(offsets[:-1], offsets[1:], shapes, strict=True))
        grids = [flat[a:b].reshape(shape) for a, b, shape in cuts]
        marks = None if bits is None else [bits[a:b].astype(np.uint8).reshape(shape) for a, b, shape in cuts]
        if marks is None and grids and max(int(grid.max(initial=0)) for grid in grids) >= len(DIES_OF_CODES):
            raise ValueError(f"a code is above {len(DIES_OF_CODES) - 1}")
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise FormatError(str(path), f"the arrays contradict each other ({error})", "Write the file again.") from error
    stem = Path(path).stem
    if marks is None:
        return [_from_codes(grid, stem, i) for i, grid in enumerate(grids)]
    return [_from_bits(grid, mark, stem, i) for i, (grid, mark) in enumerate(zip(grids, marks, strict=True))]


def save_marked(path: str | Path, wafers: Iterable[MarkedWafer]) -> None:
    """Write wafers with a truth per die of all classes; `load_marked` reads them back."""
    held = list(wafers)
    sizes = [one.wafer.dies.size for one in held]
    bits = [np.packbits(one.masks, axis=0, bitorder="little")[0].ravel() for one in held]
    arrays = {
        "flat": np.concatenate([np.zeros(0, np.uint8), *(one.wafer.dies.ravel() for one in held)]),
        "offsets": np.cumsum([0, *sizes], dtype=np.int64),
        "shapes": np.array([one.wafer.dies.shape for one in held], dtype=np.int64).reshape(-1, 2),
        MASK_ARRAY: np.concatenate([np.zeros(0, np.uint8), *bits]),
    }
    with Path(path).open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)


def presence(marked: MarkedWafer) -> NDArray[np.float32]:
    """Return which classes are on a wafer: float32 (8,), 1 there, 0 not, NaN unknown."""
    known = np.isin(CLASS_KEYS, marked.known)
    there: NDArray[np.float32] = np.where(known, marked.masks.any(axis=(1, 2)), np.nan).astype(np.float32)
    return there


def _from_bits(dies: NDArray[np.uint8], bits: NDArray[np.uint8], stem: str, i: int) -> MarkedWafer:
    masks = np.unpackbits(bits[None], axis=0, bitorder="little").astype(bool)
    wafer = _wafer(dies, stem, i)
    if (masks & ~wafer.failing).any():
        raise FormatError(f"{stem} wafer {i}", "dies that do not fail belong to a class", "Keep failing dies alone.")
    return MarkedWafer(wafer, masks)


def _from_codes(codes: NDArray[np.uint8], stem: str, i: int) -> MarkedWafer:
    masks = np.zeros((len(CLASS_KEYS), *codes.shape), dtype=bool)
    masks[CLASS_INDEX["scratch"]] = codes == SCRATCH_CODE
    return MarkedWafer(_wafer(DIES_OF_CODES[codes], stem, i), masks, known=("scratch",))


def _wafer(dies: NDArray[np.uint8], stem: str, i: int) -> WaferMap:
    return WaferMap(dies=dies, lot_id=stem, wafer_id=f"{i:06d}", source_name=stem)
