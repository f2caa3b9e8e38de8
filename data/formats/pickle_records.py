"""Pickles read without running anything: every class and function a pickle names becomes an inert record.

A pickle is a program that calls what it names. Here it may name only what pandas, NumPy and Arrow need to store a
table, by old and new module paths alike, and even these are never imported: naming one gives a stand-in that keeps
its arguments. Arrays are then rebuilt from those arguments by `array_of`, each header held against the bytes there.
The unpickler written in C is not used: damaged memo numbers make it claim gigabytes.
"""

import pickle
import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, BinaryIO, ClassVar, TypeGuard

import numpy as np
from numpy.typing import NDArray

from data.errors import FormatError

_ALLOWED = {
    "numpy": ("_reconstruct", "_frombuffer", "ndarray", "dtype", "scalar"),
    "pandas": (
        "DataFrame",
        "BlockManager",
        "_unpickle_block",
        "new_block",
        "_new_Index",
        "Index",
        "RangeIndex",
        "Int64Index",
        "StringDtype",
        "StringArray",
        "ArrowStringArray",
        "__pyx_unpickle_NDArrayBacked",
    ),
    "pyarrow": ("_restore_array", "type_for_alias", "py_buffer", "chunked_array"),
    "_codecs": ("encode",),
    "builtins": ("slice", "bytes", "bytearray"),
    "__builtin__": ("slice", "bytes", "bytearray"),
}
_DTYPE = re.compile(r"[buifUS]\d{1,6}")
_OBJECTS = re.compile(r"O\d?")


class Record:
    """What a pickle wanted to make: the name it called, with which arguments, and the state it set after.

    `__setstate__` must exist: without it a pickle could set attributes of these classes themselves.
    """

    __slots__ = ("args", "state")
    args: tuple[Any, ...]
    state: Any
    name = ""

    def __new__(cls, *args: object) -> "Record":
        """Keep the arguments of a call."""
        record = super().__new__(cls)
        record.args, record.state = args, None
        return record

    def __setstate__(self, state: object) -> None:
        """Keep the state."""
        self.state = state


_STAND_INS = {
    name: type(name, (Record,), {"__slots__": (), "name": name}) for names in _ALLOWED.values() for name in names
}


class _Inert(pickle._Unpickler):
    """The unpickler that the standard library keeps in Python, with stand-ins for everything."""

    dispatch: ClassVar[dict[int, Any]] = {
        **pickle._Unpickler.dispatch,
        pickle.BYTEARRAY8[0]: pickle._Unpickler.dispatch[pickle.BINBYTES8[0]],
    }

    def find_class(self, module: str, name: str) -> type[Record]:
        if name not in _ALLOWED.get(module.split(".")[0], ()):
            raise FormatError(
                "pickle",
                f"it asks for {module}.{name}, which no table of wafers needs; nothing of it was run",
                "Do not open this file elsewhere unless you trust its maker; ask for a Parquet or npz instead.",
            )
        return _STAND_INS[name]


def load_records(stream: BinaryIO) -> object:
    """Read a pickle of protocol 2 to 5 into numbers, texts, lists, dicts and records.

    Raises:
        FormatError: it names anything that no table needs.
        Exception: whatever the damaged bytes lead to.
    """
    stream.seek(0)
    return _Inert(stream, encoding="latin1").load()


def is_record(value: object, *names: str) -> TypeGuard[Record]:
    """Return whether a value is a record of one of these names."""
    return isinstance(value, Record) and value.name in names


def bytes_of(value: object) -> bytes:
    """Return the bytes that a pickle holds; Python 2 kept them as text, old protocols as a call that encodes text."""
    if isinstance(value, bytes):
        return value
    if isinstance(value, str):
        return value.encode("latin1")
    if isinstance(value, Record) and value.name in ("encode", "bytes", "bytearray", "py_buffer"):
        return bytes_of(value.args[0]) if value.args else b""
    raise _damaged("bytes", value)


def array_of(value: object) -> NDArray[np.generic] | list[object]:
    """Rebuild an array: numbers and text as an ndarray, Python objects as a flat list in row order.

    Raises:
        FormatError: it is no array, or its header does not agree with its bytes.
    """
    if is_record(value, "_frombuffer"):
        raw, dtype_record, shape, order = value.args
    elif is_record(value, "_reconstruct") and isinstance(value.state, tuple) and len(value.state) == 5:
        _, shape, dtype_record, by_columns, raw = value.state
        order = "F" if by_columns else "C"
    else:
        raise _damaged("an array", value)
    if not isinstance(shape, tuple) or not all(isinstance(side, int) and 0 <= side <= 2**40 for side in shape):
        raise _damaged("the sides of an array", shape)
    count = int(np.prod([*shape, 1], dtype=object))
    dtype = _dtype_of(dtype_record)
    if dtype is None:
        if not isinstance(raw, list) or len(raw) != count:
            raise _damaged(f"a list of {count} objects", raw)
        return raw
    content = bytes_of(raw)
    if len(content) != count * dtype.itemsize:
        raise _damaged(f"{count} x {dtype.itemsize} bytes", content)
    if not dtype.itemsize:
        return np.zeros(0, dtype)
    return np.frombuffer(content, dtype).reshape(shape, order="F" if order == "F" else "C")


def texts_of(value: object) -> Sequence[object]:
    """Return the cells of a one-dimensional array, of Arrow text arrays too."""
    if is_record(value, "ArrowStringArray") and isinstance(value.state, dict):
        return _arrow_texts(value.state.get("_pa_array", value.state.get("_data")))
    if is_record(value, "__pyx_unpickle_NDArrayBacked"):
        parts = value.state if isinstance(value.state, tuple) else ()
        value = next((part for part in parts if is_record(part, "_reconstruct", "_frombuffer")), None)
    array = array_of(value)
    return array if isinstance(array, list) else array.ravel().tolist()


def shape_of(value: object) -> tuple[int, ...]:
    """Return the sides of an array record, () for anything else."""
    if is_record(value, "_frombuffer"):
        shape = value.args[2]
    elif is_record(value, "_reconstruct") and isinstance(value.state, tuple) and len(value.state) == 5:
        shape = value.state[1]
    else:
        return ()
    return shape if isinstance(shape, tuple) else ()


def _dtype_of(value: object) -> np.dtype[np.generic] | None:
    """Rebuild a plain type of numbers or text, None for Python objects."""
    if not is_record(value, "dtype"):
        raise _damaged("a type of numbers", value)
    code = value.args[0] if value.args else None
    code = code.decode("latin1") if isinstance(code, bytes) else code
    if isinstance(code, str) and _OBJECTS.fullmatch(code):
        return None
    if not isinstance(code, str) or not _DTYPE.fullmatch(code):
        raise _damaged("a type of numbers or text", code)
    state = value.state
    order = str(state[1]) if isinstance(state, tuple) and len(state) > 1 else "<"
    return np.dtype((">" if order == ">" else "<") + code)


def _arrow_texts(value: object) -> list[object]:
    """Cells of a text array that Arrow stored: offsets into one run of UTF-8."""
    if isinstance(value, list | tuple):
        return [cell for part in value for cell in _arrow_texts(part)]
    if is_record(value, "chunked_array"):
        return _arrow_texts(value.args[0])
    if not is_record(value, "_restore_array"):
        raise _damaged("a text column", value)
    kind, length, _, start, (valid, offsets, content), *_ = value.args[0]
    wide = is_record(kind, "type_for_alias") and kind.args == ("large_string",)
    ends = np.frombuffer(bytes_of(offsets), np.int64 if wide else np.int32)[start : start + length + 1].tolist()
    text = bytes_of(content)
    cells: list[object] = [text[first:last].decode("utf-8") for first, last in pairwise(ends)]
    if valid is not None:
        bits = np.unpackbits(np.frombuffer(bytes_of(valid), np.uint8), bitorder="little")[start : start + length]
        cells = [cell if bit else None for cell, bit in zip(cells, bits, strict=True)]
    return cells


def _damaged(expected: str, found: object) -> FormatError:
    shown = f"a {found.name}" if isinstance(found, Record) else f"a {type(found).__name__}"
    return FormatError("pickle", f"expected {expected}, found {shown}", "Save the table again, best as Parquet or npz.")
