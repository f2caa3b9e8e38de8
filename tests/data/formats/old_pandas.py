"""A pickle as pandas 0.19 under Python 2.7 wrote LSWMD.pkl: protocol 2, byte strings, the module paths of 2016.

No such pandas runs today, so the opcodes are written out, in the order in which that pandas' `__reduce__` and
`__getstate__` methods gave their parts: DataFrame -> BlockManager -> (axes, values, items, {"0.14.1": ...}).

    python -m tests.data.formats.old_pandas OUT.pkl      # writes a small one to look at with pickletools
"""

import struct
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

COLUMNS = ("waferMap", "dieSize", "lotName", "waferIndex", "trianTestLabel", "failureType")


def lswmd(maps: Sequence[np.ndarray], labels: Sequence[str | None], *, objects_by_columns: bool = False) -> bytes:
    """Pickle a table of wafers, 25 a lot; a wafer without label has an empty array in its place."""
    count = len(maps)
    objects = [
        *(_array(np.asarray(grid, dtype=np.uint8)) for grid in maps),
        *(_bytes(b"lot%d" % (i // 25 + 1)) for i in range(count)),
        *(_label(label and "Training") for label in labels),
        *(_label(label) for label in labels),
    ]
    floats = np.array(
        [[grid.astype(bool).sum() for grid in maps], [i % 25 + 1 for i in range(count)]], dtype=np.float64
    )
    values = [_array(floats), _object_array(objects, (4, count), objects_by_columns)]
    columns = _index(b"pandas.indexes.base", b"Index", _object_array([_bytes(name.encode()) for name in COLUMNS], (6,)))
    rows = _call(
        b"pandas.indexes.base",
        b"_new_Index",
        _global(b"pandas.indexes.range", b"RangeIndex")
        + _dict({b"name": b"N", b"start": _int(0), b"stop": _int(count), b"step": _int(1)}),
    )
    places = [_call(b"__builtin__", b"slice", _int(1) + _int(5) + _int(2)), _array(np.array([0, 2, 4, 5]))]
    blocks = [_dict({b"values": value, b"mgr_locs": place}) for value, place in zip(values, places, strict=True)]
    extra = _dict({b"0.14.1": _dict({b"axes": _list([columns, rows]), b"blocks": _list(blocks)})})
    state = b"(" + _list([columns, rows]) + _list(values) + _list([columns, columns]) + extra + b"t"
    manager = _global(b"pandas.core.internals", b"BlockManager") + b")\x81" + state + b"b"
    frame = _dict({b"_metadata": b"]", b"_typ": _bytes(b"dataframe"), b"_data": manager})
    return b"\x80\x02" + _global(b"pandas.core.frame", b"DataFrame") + b")\x81" + frame + b"b."


def _global(module: bytes, name: bytes) -> bytes:
    return b"c" + module + b"\n" + name + b"\n"


def _call(module: bytes, name: bytes, arguments: bytes) -> bytes:
    return _global(module, name) + b"(" + arguments + b"tR"


def _bytes(text: bytes) -> bytes:
    """A str of Python 2."""
    return b"U" + bytes([len(text)]) + text if len(text) < 256 else b"T" + struct.pack("<i", len(text)) + text


def _int(number: int) -> bytes:
    return b"J" + struct.pack("<i", number)


def _list(items: Sequence[bytes]) -> bytes:
    return b"](" + b"".join(items) + b"e"


def _dict(items: dict[bytes, bytes]) -> bytes:
    return b"}(" + b"".join(_bytes(key) + value for key, value in items.items()) + b"u"


def _tuple(numbers: Sequence[int]) -> bytes:
    return b"(" + b"".join(_int(number) for number in numbers) + b"t"


def _dtype(code: bytes, order: bytes, size: int, alignment: int, flags: int) -> bytes:
    made = _call(b"numpy", b"dtype", _bytes(code) + _int(0) + _int(1))
    return made + b"(" + _int(3) + _bytes(order) + b"NNN" + _int(size) + _int(alignment) + _int(flags) + b"tb"


def _reconstruct(shape: Sequence[int], dtype: bytes, by_columns: bool, content: bytes) -> bytes:
    made = _call(b"numpy.core.multiarray", b"_reconstruct", _global(b"numpy", b"ndarray") + _tuple([0]) + _bytes(b"b"))
    return made + b"(" + _int(1) + _tuple(shape) + dtype + (b"\x88" if by_columns else b"\x89") + content + b"tb"


def _array(array: np.ndarray) -> bytes:
    order = b"|" if array.dtype.itemsize == 1 else b"<"
    length = array.dtype.itemsize // 4 if array.dtype.kind == "U" else array.dtype.itemsize
    size, alignment = (array.dtype.itemsize, 4) if array.dtype.kind == "U" else (-1, -1)
    dtype = _dtype(f"{array.dtype.kind}{length}".encode(), order, size, alignment, 0)
    by_columns = array.flags.f_contiguous and not array.flags.c_contiguous
    return _reconstruct(array.shape, dtype, by_columns, _bytes(array.tobytes("A")))


def _object_array(items: Sequence[bytes], shape: Sequence[int], by_columns: bool = False) -> bytes:
    return _reconstruct(shape, _dtype(b"O8", b"|", -1, -1, 63), by_columns, _list(items))


def _index(module: bytes, name: bytes, data: bytes) -> bytes:
    return _call(module, b"_new_Index", _global(module, name) + _dict({b"data": data, b"name": b"N"}))


def _label(label: str | None) -> bytes:
    return _array(np.array([[label]]) if label else np.zeros((0, 0)))


if __name__ == "__main__":
    grids = [np.array([[0, 1, 0], [1, 2, 1], [0, 1, 0]], dtype=np.uint8)] * 3
    Path(sys.argv[1]).write_bytes(lswmd(grids, ["Center", None, "none"]))
