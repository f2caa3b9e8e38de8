"""Pickles read without running anything: every class and function a pickle names becomes an inert record.

A pickle is a program that calls what it names. Here it may name only what pandas, NumPy and Arrow need to store a
table, by old and new module paths alike, and even these are never imported: naming one gives a stand-in that keeps
its arguments. Arrays are then rebuilt from those arguments by `array_of`, each header held against the bytes there.
The unpickler written in C is not used: damaged memo numbers make it claim gigabytes.

What a pickle names twice is one object, so a few bytes can stand for a tree without end: nothing here follows parts of
parts, but by names that a table has. Steps are counted, since one of a byte can make an object of a hundred.
"""

import pickle
import re
from collections.abc import Iterable, Sequence
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
_STEPS, _BYTES_A_STEP, _STEPS_AT_ONCE = 4_000_000, 16, 4096
"""The first may be many small ones; of the original WM-811K file a step has 46 bytes."""
_MOST_NUMBER = 2**32

_STANDARD: dict[int, Any] = pickle._Unpickler.dispatch


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
    """The unpickler that the standard library keeps in Python, with stand-ins for everything and its steps counted.

    Keys of dicts, members of sets and memo numbers are texts or small whole numbers: others can be made so that each
    has the hash of all before it, or so that computing a hash never ends.
    """

    def __init__(self, stream: BinaryIO, most_steps: int) -> None:
        super().__init__(stream, encoding="latin1")
        self._most_steps = most_steps

    def load(self) -> object:
        """Go through the steps of a pickle, as many as a table of its size can have."""
        self._unframer = pickle._Unframer(self._file_read, self._file_readline)  # type: ignore[attr-defined]
        self.read, self.readinto = self._unframer.read, self._unframer.readinto
        self.readline = self._unframer.readline
        self.metastack: list[list[Any]] = []
        self.stack: list[Any] = []
        self.append = self.stack.append
        self.proto = 0
        read, dispatch = self.read, self.dispatch
        try:
            for _ in range(0, self._most_steps, _STEPS_AT_ONCE):
                for _ in range(_STEPS_AT_ONCE):
                    dispatch[read(1)[0]](self)
        except pickle._Stop as stop:  # type: ignore[attr-defined]
            return stop.value
        problem = f"it has more than {self._most_steps} steps, too many for its size"
        raise FormatError("pickle", problem, "Save the table again, best as Parquet or npz.")

    def _set_item(self) -> None:
        _check_keys(self.stack[-2:-1])
        _STANDARD[pickle.SETITEM[0]](self)

    def _set_items(self) -> None:
        _check_keys(self.stack[::2])
        _STANDARD[pickle.SETITEMS[0]](self)

    def _make_dict(self) -> None:
        _check_keys(self.stack[::2])
        _STANDARD[pickle.DICT[0]](self)

    def _add_items(self) -> None:
        _check_keys(self.stack)
        _STANDARD[pickle.ADDITEMS[0]](self)

    def _make_frozenset(self) -> None:
        _check_keys(self.stack)
        _STANDARD[pickle.FROZENSET[0]](self)

    def _put(self) -> None:
        place = int(self.readline()[:-1])
        _check_keys([place])
        self.memo: dict[int, Any]
        self.memo[place] = self.stack[-1]

    dispatch: ClassVar[dict[int, Any]] = {
        **_STANDARD,
        pickle.BYTEARRAY8[0]: _STANDARD[pickle.BINBYTES8[0]],
        pickle.SETITEM[0]: _set_item,
        pickle.SETITEMS[0]: _set_items,
        pickle.DICT[0]: _make_dict,
        pickle.ADDITEMS[0]: _add_items,
        pickle.FROZENSET[0]: _make_frozenset,
        pickle.PUT[0]: _put,
    }

    def find_class(self, module: str, name: str) -> type[Record]:
        if name not in _ALLOWED.get(module.split(".")[0], ()):
            raise FormatError(
                "pickle",
                f"it asks for {module}.{name}, which no table of wafers needs; nothing of it was run",
                "Do not open this file elsewhere unless you trust its maker; ask for a Parquet or npz instead.",
            )
        return _STAND_INS[name]


def load_records(stream: BinaryIO, steps: int = _STEPS) -> object:
    """Read a pickle of protocol 2 to 5 into numbers, texts, lists, dicts and records.

    Args:
        stream: the pickle.
        steps: most that it may have, beside one for each 16 bytes.

    Raises:
        FormatError: it names anything that no table needs.
        Exception: whatever the damaged bytes lead to.
    """
    size = stream.seek(0, 2)
    stream.seek(0)
    return _Inert(stream, steps + size // _BYTES_A_STEP).load()


def _check_keys(keys: Iterable[object]) -> None:
    """Refuse keys that are neither texts nor small whole numbers.

    Raises:
        FormatError: one is something else.
    """
    for key in keys:
        if not (isinstance(key, str | bytes) or (isinstance(key, int) and 0 <= key < _MOST_NUMBER)):
            raise _damaged("a text or a small whole number as a key", key)


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
    chunks = value.args[0] if is_record(value, "chunked_array") else value
    chunks = chunks if isinstance(chunks, list | tuple) else [chunks]
    if len({id(chunk) for chunk in chunks}) < len(chunks):
        raise _damaged("a text column of different parts", value)
    return [cell for chunk in chunks for cell in _arrow_chunk(chunk)]


def _arrow_chunk(value: object) -> list[object]:
    if not is_record(value, "_restore_array"):
        raise _damaged("a text column", value)
    kind, length, _, start, (valid, offsets, content), *_ = value.args[0]
    wide = is_record(kind, "type_for_alias") and kind.args == ("large_string",)
    places = np.frombuffer(bytes_of(offsets), np.int64 if wide else np.int32)[start : start + length + 1]
    ends, text = places.tolist(), bytes_of(content)
    if (np.diff(places.astype(np.int64)) < 0).any():  # texts that lie upon each other
        raise _damaged("the ends of texts in order", value)
    cells: list[object] = [text[first:last].decode("utf-8") for first, last in pairwise(ends)]
    if valid is not None:
        bits = np.unpackbits(np.frombuffer(bytes_of(valid), np.uint8), bitorder="little")[start : start + length]
        cells = [cell if bit else None for cell, bit in zip(cells, bits, strict=True)]
    return cells


def _damaged(expected: str, found: object) -> FormatError:
    shown = f"a {found.name}" if isinstance(found, Record) else f"a {type(found).__name__}"
    return FormatError("pickle", f"expected {expected}, found {shown}", "Save the table again, best as Parquet or npz.")
