"""Wafers in NumPy's npz: packed maps of any sizes, stacked maps, the original MixedWM38 file, plain arrays.

| arrays | wafers |
|---|---|
| `flat`, `offsets`, `shapes` | map i is `flat[offsets[i]:offsets[i+1]].reshape(shapes[i])`: wafers of any sizes |
| `maps` (N, H, W), or the only array, if it is (N, H, W) | one a map |
| `arr_0` (N, 52, 52), `arr_1` (N, 8) | MixedWM38 as published; its stray value 3 is noise and counts as failing |
| any (H, W) arrays | one an array |

Values are bins (0 none, 1 pass, others fail); where an array `codes` names them as the NI scratch set does, 4 is a
good die inked out. Beside them may stand `bins` (laid out as the maps, of the wafers that `has_bins` marks), `metadata`
(N texts of JSON), `labels` with `class_names` (N numbers) or `label_names` (N rows of bits): labels become the
attribute "label".
"""

import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from data.classes import CLASS_COUNT
from data.errors import FormatError, WaferError
from data.formats.archive import check_growth, is_npz, open_zip
from data.formats.bins import bin_table, dies_of_bins
from data.formats.metadata import ATTRIBUTE, parse_pairs
from data.formats.options import MIB, ReadFailure, ReadOptions
from data.formats.own_exports import refusal
from data.formats.source import Source, build_wafer
from data.wafer import FAIL, OFF_WAFER, PASS, WaferMap

Array = NDArray[Any]
Arrays = Mapping[str, Array]
recognises = is_npz
MIXEDWM38_LABELS = ("Center", "Donut", "Edge-Loc", "Edge-Ring", "Loc", "Near-full", "Scratch", "Random")
_SCRATCH_CODES = np.array([OFF_WAFER, PASS, FAIL, FAIL, PASS], dtype=np.uint8)
_KINDS = "buifU"
_SMALL = 64 * MIB
MAX_ARRAY_BYTES = 1536 * MIB
"""Most that the arrays of a file take that are loaded together; all maps of WM-811K in one array are 1.3 GiB."""


@dataclass(frozen=True)
class _Layout:
    """Where the wafers of a file lie: how many, the map of each, its bins if kept apart, its metadata."""

    count: int
    values: Callable[[int], Array]
    bins: Callable[[int], NDArray[np.uint16] | None]
    pairs: Callable[[int], Mapping[str, str]]


def read(source: Source, options: ReadOptions) -> Iterator[WaferMap | ReadFailure]:
    """Read the wafers of an npz.

    Raises:
        FormatError: an array is damaged or an object, or the arrays are laid out in no known way.
    """
    with open_zip(source, options) as archive:
        stored = _stored(archive, source, options)
        names = set(stored)
        few = sum(one.info.file_size for one in stored.values()) <= _SMALL
        layout = _loaded(stored, source.name) if few else _apart(stored) or _loaded(stored, source.name)
        table = bin_table(options)
        if "codes" in names and not (options.off_values or options.pass_values or options.fail_values):
            table[: len(_SCRATCH_CODES)] = _SCRATCH_CODES
        for i in range(layout.count):
            try:
                dies, bins = dies_of_bins(layout.values(i), table, f"{source.name} wafer {i + 1} of {layout.count}")
                yield build_wafer(
                    source,
                    options,
                    dies,
                    bins=layout.bins(i) if "bins" in names else bins,
                    pairs=layout.pairs(i),
                    number=i + 1,
                    count=layout.count,
                )
            except WaferError as error:
                yield ReadFailure(source.name, str(error))


@dataclass(frozen=True)
class _Stored:
    """An array of the file, not loaded yet."""

    archive: zipfile.ZipFile
    info: zipfile.ZipInfo
    where: str

    def is_grid(self) -> bool | None:
        """Return whether it has two axes, by its header; None for text."""
        with self.archive.open(self.info) as stream:
            shape, _, dtype = _read_header(stream, self.where)
        return None if dtype.kind == "U" else len(shape) == 2

    def load(self) -> Array:
        """Load it; its header is held against the bytes that are there before memory is taken."""
        return _read_array(self.archive, self.info, self.where)


def _stored(archive: zipfile.ZipFile, source: Source, options: ReadOptions) -> dict[str, _Stored]:
    """List the arrays of a file."""
    found = {}
    for info in archive.infolist():
        name = info.filename.removesuffix(".npy")
        where = f"{source.name} array '{name}'"
        check_growth(info.file_size, info.compress_size, where, options)
        found[name] = _Stored(archive, info, where)
    return found


def _apart(stored: Mapping[str, _Stored]) -> _Layout | None:
    """Return the layout of a file with an array a wafer, each loaded when its turn comes; None for any other file."""
    kinds = {name: one.is_grid() for name, one in stored.items()}
    grids = {name: stored[name] for name, grid in kinds.items() if grid is not None}
    if len(grids) < 2 or "maps" in grids or False in kinds.values():
        return None
    names, arrays = list(grids), list(grids.values())
    return _Layout(len(arrays), lambda i: arrays[i].load(), lambda i: None, lambda i: {"wafer": names[i]})


def _loaded(stored: Mapping[str, _Stored], where: str) -> _Layout:
    """Load all arrays and find how they are laid out.

    Raises:
        FormatError: they take more memory than the largest data set of wafers, or are laid out in no known way.
    """
    size = sum(one.info.file_size for one in stored.values())
    if size > MAX_ARRAY_BYTES:
        problem = f"its arrays take {size // MIB} MiB once read, the limit is {MAX_ARRAY_BYTES // MIB} MiB"
        raise FormatError(where, problem, "Split it.")
    arrays = {name: one.load() for name, one in stored.items()}
    return _packed(arrays, where) if "flat" in arrays else _stacked(arrays, where)


def _read_header(stream: IO[bytes], where: str) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    version = np.lib.format.read_magic(stream)
    read_header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, by_columns, dtype = read_header(stream)
    if dtype.kind not in _KINDS:
        raise FormatError(where, f"expected numbers or text, found {dtype}", "Save it without Python objects.")
    return shape, by_columns, dtype


def _read_array(archive: zipfile.ZipFile, info: zipfile.ZipInfo, where: str) -> Array:
    with archive.open(info) as stream:
        shape, by_columns, dtype = _read_header(stream, where)
        content = stream.read()
    count = int(np.prod([int(side) for side in shape], dtype=object))
    if min(shape, default=0) < 0 or count * dtype.itemsize != len(content) or (count and not content):
        raise FormatError(
            where,
            f"its header says {shape} of {dtype}, but {len(content)} bytes follow",
            "Save or copy the file again.",
        )
    return np.frombuffer(content, dtype).reshape(shape, order="F" if by_columns else "C")


def _packed(arrays: Arrays, where: str) -> _Layout:
    missing = [name for name in ("offsets", "shapes") if name not in arrays]
    if missing:
        raise FormatError(
            where, f"beside 'flat' the array {missing[0]!r} is missing", "Save flat, offsets and shapes together."
        )
    flat, offsets, shapes = arrays["flat"], arrays["offsets"], arrays["shapes"]
    count = len(shapes) if shapes.ndim == 2 else -1
    whole = offsets.dtype.kind in "iu" and shapes.dtype.kind in "iu"
    if not (flat.ndim == 1 and whole and shapes.shape == (count, 2) and offsets.shape == (count + 1,)):
        found = f"flat {flat.shape}, offsets {offsets.dtype} {offsets.shape}, shapes {shapes.dtype} {shapes.shape}"
        raise FormatError(where, f"expected flat (M,), offsets (N+1,), shapes (N, 2), found {found}", "Save them so.")
    starts, sides = offsets.astype(np.int64), shapes.astype(np.int64)
    if starts[0] < 0 or starts[-1] > len(flat) or not np.array_equal(np.diff(starts), sides.prod(axis=1)):
        raise FormatError(where, "the offsets do not agree with the shapes", "Save flat, offsets and shapes together.")

    def cut(values: Array, i: int) -> Array:
        return values[starts[i] : starts[i + 1]].reshape(sides[i])

    return _Layout(count, lambda i: cut(flat, i), _bins(arrays, flat.shape, cut, where), _pairs(arrays, count, where))


def _stacked(arrays: Arrays, where: str) -> _Layout:
    _refuse_masks(arrays, where)
    original = {"arr_0", "arr_1"} == set(arrays) and arrays["arr_0"].ndim == 3
    named = {name: array for name, array in arrays.items() if array.dtype.kind != "U"}
    maps = arrays["arr_0"] if original else arrays.get("maps", next(iter(named.values())) if len(named) == 1 else None)
    if maps is None and named and all(array.ndim == 2 for array in named.values()):
        names, grids = list(named), list(named.values())
        return _Layout(len(grids), grids.__getitem__, lambda i: None, lambda i: {"wafer": names[i]})
    if maps is not None and maps.ndim == 2:
        maps = maps[None]
    if maps is None or maps.ndim != 3 or (len(maps) and not maps.size):
        found = ", ".join(f"{name} {array.shape}" for name, array in list(arrays.items())[:6]) or "nothing"
        raise FormatError(
            where,
            f"expected flat + offsets + shapes, maps (N, H, W) or (H, W) arrays, found {found}",
            "Save it in one of these.",
        )
    if original:
        arrays = {"labels": arrays["arr_1"], "label_names": np.array(MIXEDWM38_LABELS)}
    bins = _bins(arrays, maps.shape, lambda values, i: values[i], where)
    return _Layout(len(maps), maps.__getitem__, bins, _pairs(arrays, len(maps), where))


def _refuse_masks(arrays: Arrays, where: str) -> None:
    """Refuse the masks that Waferscope exports: of each wafer, by its key, a boolean map a class."""
    if arrays and all(
        ":" in name and array.dtype == np.bool_ and array.ndim == 3 and len(array) == CLASS_COUNT
        for name, array in arrays.items()
    ):
        raise refusal("masks of defect classes", next(iter(arrays)) if len(arrays) == 1 else "", where)


def _bins(
    arrays: Arrays, shape: tuple[int, ...], cut: Callable[[Array, int], Array], where: str
) -> Callable[[int], NDArray[np.uint16] | None]:
    if "bins" not in arrays:
        return lambda i: None
    bins = arrays["bins"]
    if bins.shape != shape or bins.dtype != np.uint16:
        raise FormatError(where, f"bins are uint16 of shape {shape}, found {bins.dtype} {bins.shape}", "Save them so.")
    known = arrays.get("has_bins")
    return lambda i: cut(bins, i) if known is None or known[i] else None


def _pairs(arrays: Arrays, count: int, where: str) -> Callable[[int], Mapping[str, str]]:
    """Metadata of wafer i: its JSON, else its label by name."""
    if "metadata" in arrays:
        texts = arrays["metadata"]
        if texts.shape != (count,) or texts.dtype.kind != "U":
            raise FormatError(
                where, f"metadata are {count} texts, found {texts.dtype} {texts.shape}", "Save one a wafer."
            )
        return lambda i: parse_pairs(str(texts[i]), where)
    labels, singles, bits = arrays.get("labels"), arrays.get("class_names"), arrays.get("label_names")
    if labels is not None and singles is not None and labels.shape == (count,) and labels.dtype.kind in "iu":
        return lambda i: _label([str(singles[labels[i]])] if 0 <= labels[i] < len(singles) else [])
    if labels is not None and bits is not None and labels.shape == (count, len(bits)):
        return lambda i: _label([str(name) for name, bit in zip(bits, labels[i], strict=True) if bit] or ["None"])
    return lambda i: {}


def _label(names: list[str]) -> dict[str, str]:
    return {f"{ATTRIBUTE}label": "+".join(names)} if names else {}
