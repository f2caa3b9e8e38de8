"""The original WM-811K file, `LSWMD.pkl`: a pickled pandas table with one wafer a row.

Columns: `waferMap` (an array of 0 none, 1 pass, 2 fail), and beside it `lotName`, `waferIndex`, `dieSize` (number of
dies), `trianTestLabel` (so spelt) and `failureType`. The file was written by a pandas of 2016 under Python 2, which
today's pandas cannot rebuild: the columns are taken from the pickled blocks themselves, of old and new pandas alike.
"""

import math
from collections.abc import Iterator, Sequence
from typing import cast

import numpy as np
from numpy.typing import NDArray

from data.errors import FormatError, WaferError
from data.formats.bins import bin_table, dies_of_bins
from data.formats.metadata import ATTRIBUTE
from data.formats.options import ReadFailure, ReadOptions
from data.formats.pickle_records import Record, array_of, is_record, load_records, shape_of, texts_of
from data.formats.source import Source, build_wafer
from data.wafer import WaferMap

_LABELS = {
    "failureType": "label",
    "trianTestLabel": "split",
    "trainTestLabel": "split",
    "dieSize": "die_count",
}
_BLOCKS_SINCE = "0.14.1"
_NESTED = 8
"""Levels of arrays in arrays, and cells of each, in which a label may stand."""
Cells = Sequence[object] | NDArray[np.generic]


def read(source: Source, options: ReadOptions) -> Iterator[WaferMap | ReadFailure]:
    """Read the wafers of a pickled table.

    Raises:
        FormatError: the pickle names anything but pandas and NumPy, is no table, or has no column `waferMap`.
    """
    try:
        columns = _columns(load_records(source.stream))
    except FormatError as error:
        raise FormatError(source.name, error.problem, error.remedy) from error
    if "waferMap" not in columns:
        found = ", ".join(columns)[:200] or "none"
        raise FormatError(source.name, f"expected a column 'waferMap', found {found}", "Name the column of maps so.")
    maps, table = columns["waferMap"], bin_table(options)
    for i, cell in enumerate(maps):
        where = f"{source.name} row {i + 1}"
        try:
            values = array_of(cell)
            if isinstance(values, list) or values.ndim != 2:
                raise FormatError(where, "column 'waferMap' holds no grid of numbers", "Correct or drop the row.")
            dies, bins = dies_of_bins(values, table, where)
            yield build_wafer(source, options, dies, bins=bins, pairs=_pairs(columns, i), number=i + 1, count=len(maps))
        except WaferError as error:
            yield ReadFailure(source.name, str(FormatError(where, error.problem, error.remedy)))


def _pairs(columns: dict[str, Cells], i: int) -> dict[str, str]:
    pairs = {
        f"{ATTRIBUTE}{name}": text
        for column, name in _LABELS.items()
        if column in columns and (text := _text(columns[column][i]))
    }
    if "lotName" in columns:
        pairs["lot"] = _text(columns["lotName"][i])
    if "waferIndex" in columns and (index := _text(columns["waferIndex"][i])):
        pairs["wafer"] = f"W{int(index):02d}" if index.isdigit() else index
    return pairs


def _text(cell: object) -> str:
    """A cell as text: whole numbers without a point, labels out of their nested arrays, "" where there is none."""
    for _ in range(_NESTED):
        if is_record(cell, "_reconstruct", "_frombuffer"):
            inner = array_of(cell) if math.prod(shape_of(cell)) <= _NESTED else []
            cell = inner if isinstance(inner, list) else inner.ravel().tolist()
        if not isinstance(cell, list | tuple):
            break
        cell = cell[0] if cell else None
    if isinstance(cell, float | np.floating):
        return "" if math.isnan(cell) else str(int(cell)) if float(cell).is_integer() else str(float(cell))
    return str(cell) if isinstance(cell, str | bytes | int | np.generic) else ""


def _columns(frame: object) -> dict[str, Cells]:
    """Take the columns of a pickled DataFrame from its block manager's state."""
    state = frame.state if isinstance(frame, Record) and frame.name == "DataFrame" else None
    manager = (state.get("_mgr") or state.get("_data")) if isinstance(state, dict) else None
    if not isinstance(manager, Record) or manager.name != "BlockManager":
        raise FormatError(
            "pickle", "expected a pickled pandas DataFrame, found another object", "Pickle the DataFrame itself."
        )
    if len(manager.args) >= 2:
        blocks = [(block.args[0], block.args[1]) for block in _sequence(manager.args[0]) if isinstance(block, Record)]
        axes = _sequence(manager.args[1])
    else:
        known = _old_state(manager.state)
        blocks = [
            (block["values"], block["mgr_locs"]) for block in _sequence(known.get("blocks")) if isinstance(block, dict)
        ]
        axes = _sequence(known.get("axes"))
    names = [_text(name) for name in _index(axes[0] if axes else None)]
    columns: dict[str, Cells] = {}
    placed = 0
    for values, where in blocks:
        places = _places(where, len(names))
        placed += len(places)
        if placed > len(names):
            raise FormatError("pickle", f"its blocks hold more than its {len(names)} columns", "Save the table again.")
        columns |= dict(zip((names[place] for place in places), _block(values, len(places)), strict=True))
    lengths = {len(cells) for cells in columns.values()}
    if len(lengths) > 1:
        raise FormatError("pickle", f"its columns differ in length: {sorted(lengths)}", "Save the table again.")
    return columns


def _old_state(state: object) -> dict[str, object]:
    extra = state[3] if isinstance(state, tuple) and len(state) > 3 else None
    known = extra.get(_BLOCKS_SINCE) if isinstance(extra, dict) else None
    if not isinstance(known, dict):
        raise FormatError(
            "pickle", "its blocks are laid out as no known pandas does", "Save the table again as Parquet or npz."
        )
    return known


def _sequence(value: object) -> Sequence[object]:
    if isinstance(value, list | tuple):
        return value
    raise FormatError("pickle", "a list of the table's parts is missing", "Save the table again.")


def _index(value: object) -> Sequence[object]:
    parts = value.args[1] if isinstance(value, Record) and value.name == "_new_Index" and len(value.args) > 1 else None
    if not isinstance(parts, dict):
        raise FormatError("pickle", "the names of its columns are missing", "Save the table again.")
    return texts_of(parts.get("data"))


def _places(value: object, count: int) -> list[int]:
    """Which columns a block holds: a slice or an array of positions."""
    if isinstance(value, Record) and value.name == "slice":
        places = list(range(*slice(*value.args).indices(count)))
    else:
        places = [place for place in texts_of(value) if isinstance(place, int)]
    if not all(0 <= place < count for place in places):
        raise FormatError("pickle", f"a block points outside of its {count} columns", "Save the table again.")
    return places


def _block(values: object, count: int) -> Iterator[Cells]:
    """The first columns of a block: rows of its (columns, rows) values, or all of a one-dimensional one for each."""
    shape = shape_of(values)
    array = array_of(values) if len(shape) == 2 else texts_of(values)
    for row in range(count):
        if len(shape) != 2:
            yield cast(Sequence[object], array)
        elif isinstance(array, list):
            yield array[row * shape[1] : (row + 1) * shape[1]]
        else:
            yield np.asarray(cast(NDArray[np.generic], array)[row])
