"""Wafers into files: what the readers read back as the same wafer.

npz and tables keep everything but `source_name` and `source_sha256`; pictures keep no bin numbers.
"""

import json
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import tifffile
from numpy.typing import NDArray
from PIL import Image, PngImagePlugin
from pyarrow import csv as arrow_csv

from data.errors import SettingError
from data.formats.image import METADATA_KEY, TIFF_PREFIX
from data.formats.metadata import to_pairs
from data.raster import nearest_index
from data.wafer import WaferMap

GREYS = np.array([0, 127, 255], dtype=np.uint8)
_USUAL_PIXELS = 600
_RESULTS = ("off", "pass", "fail")
FilePath = str | os.PathLike[str]


def write_png(wafer: WaferMap, path: FilePath, *, size: tuple[int, int] | None = None) -> None:
    """Draw a wafer as an indexed PNG: entry 0 black off, 1 grey pass, 2 white fail, with its metadata as text.

    Args:
        wafer: the wafer.
        path: file to write.
        size: (height, width) in pixels; None gives every die the same whole number of pixels, about 600 in all.

    Raises:
        SettingError: the picture has fewer pixels than dies.
    """
    image = Image.fromarray(_drawn(wafer, path, size), mode="P")
    image.putpalette(np.repeat(GREYS, 3).tobytes())
    texts = PngImagePlugin.PngInfo()
    texts.add_itxt(METADATA_KEY, json.dumps(to_pairs(wafer)), zip=True)
    image.save(path, "PNG", pnginfo=texts)


def write_tiff(wafer: WaferMap, path: FilePath, *, size: tuple[int, int] | None = None) -> None:
    """Draw a wafer as a grey TIFF of 0 off, 127 pass, 255 fail, with its metadata as description; as `write_png`."""
    greys = GREYS[_drawn(wafer, path, size)]
    description = TIFF_PREFIX + json.dumps(to_pairs(wafer))
    tifffile.imwrite(path, greys, photometric="minisblack", compression="zlib", description=description, metadata=None)


def write_npz(wafers: Iterable[WaferMap], path: FilePath) -> None:
    """Write wafers of any sizes as flat, offsets, shapes and metadata, and bins where any wafer has them.

    Raises:
        SettingError: there is no wafer to write.
    """
    wafers = _some(wafers, path)
    arrays: dict[str, NDArray[np.generic]] = {
        "flat": np.concatenate([wafer.dies.ravel() for wafer in wafers]),
        "offsets": np.cumsum([0, *(wafer.dies.size for wafer in wafers)]),
        "shapes": np.array([wafer.dies.shape for wafer in wafers]),
        "metadata": np.array([json.dumps(to_pairs(wafer)) for wafer in wafers]),
    }
    if any(wafer.bins is not None for wafer in wafers):
        arrays["has_bins"] = np.array([wafer.bins is not None for wafer in wafers])
        arrays["bins"] = np.concatenate(
            [(wafer.dies if wafer.bins is None else wafer.bins).ravel() for wafer in wafers]
        )
        arrays["bins"] = arrays["bins"].astype(np.uint16)
    with Path(path).open("wb") as stream:
        np.savez_compressed(stream, **arrays)  # type: ignore[arg-type]


def write_table(wafers: Iterable[WaferMap], path: FilePath) -> None:
    """Write wafers as one table of dies, one row a die, as CSV or Parquet by the path's suffix.

    Raises:
        SettingError: there is no wafer to write, or the suffix is neither .csv nor .parquet.
    """
    wafers = _some(wafers, path)
    suffix = Path(path).suffix.lower()
    if suffix not in (".csv", ".parquet"):
        raise SettingError(str(path), f"a table is .csv or .parquet, found '{suffix}'", "Change the file's suffix.")
    table = _die_rows(wafers)
    if suffix == ".parquet":
        pq.write_table(table, path)
        return
    texts = [column.cast(pa.string()) if pa.types.is_dictionary(column.type) else column for column in table.columns]
    arrow_csv.write_csv(pa.table(texts, names=table.column_names), path)


def _some(wafers: Iterable[WaferMap], path: FilePath) -> list[WaferMap]:
    found = list(wafers)
    if not found:
        raise SettingError(str(path), "there is no wafer to write", "Choose at least one.")
    return found


def _drawn(wafer: WaferMap, path: FilePath, size: tuple[int, int] | None) -> NDArray[np.uint8]:
    shape = wafer.dies.shape
    if size is None:
        pixels = max(1, _USUAL_PIXELS // max(shape))
        size = (shape[0] * pixels, shape[1] * pixels)
    if size[0] < shape[0] or size[1] < shape[1]:
        raise SettingError(str(path), f"{size} pixels cannot show {shape} dies", "Give at least one pixel a die.")
    return wafer.dies[np.ix_(nearest_index(shape[0], size[0]), nearest_index(shape[1], size[1]))]


def _die_rows(wafers: Sequence[WaferMap]) -> pa.Table:
    """One row for each die that was tested or has a bin; the grid's shape stands beside, so no margin is lost."""
    pairs = [to_pairs(wafer) for wafer in wafers]
    names = list(dict.fromkeys(name for own in pairs for name in own))
    cells = [
        np.nonzero(wafer.dies if wafer.bins is None else (wafer.dies != 0) | (wafer.bins != 0)) for wafer in wafers
    ]
    counts = [len(rows) for rows, _ in cells]
    wafer_of_row = np.repeat(np.arange(len(wafers), dtype=np.int32), counts)
    columns: dict[str, pa.Array] = {}
    for name in names:
        texts = [own.get(name, "") for own in pairs]
        code = {text: number for number, text in enumerate(dict.fromkeys(texts))}
        index = np.array([code[text] for text in texts], dtype=np.int32)
        columns[name] = pa.DictionaryArray.from_arrays(index[wafer_of_row], list(code))
    columns["x"] = pa.array(np.concatenate([across for _, across in cells]).astype(np.int32))
    columns["y"] = pa.array(np.concatenate([down for down, _ in cells]).astype(np.int32))
    dies = np.concatenate([wafer.dies[cell] for wafer, cell in zip(wafers, cells, strict=True)])
    columns["result"] = pa.DictionaryArray.from_arrays(dies.astype(np.int32), list(_RESULTS))
    if any(wafer.bins is not None for wafer in wafers):
        bins = [
            (np.full(count, -1) if wafer.bins is None else wafer.bins[cell].astype(np.int64))
            for wafer, cell, count in zip(wafers, cells, counts, strict=True)
        ]
        numbers = np.concatenate(bins)
        columns["bin"] = pa.array(numbers, mask=numbers < 0)
    return pa.table(columns)
