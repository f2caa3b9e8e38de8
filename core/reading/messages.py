"""What a reading process and the one that asked it say to each other, as bytes.

A process that a file took over may say anything. So what it says is never unpickled: texts are JSON, dies and bins are
plain bytes, everything is checked here and once more by `WaferMap`, and names must be those of the file that it reads.
"""

import json
import struct
from collections.abc import Callable, Sequence
from datetime import datetime
from enum import IntEnum
from typing import Any

import numpy as np

from data.errors import WaferError
from data.formats import ReadFailure
from data.formats.options import OutOfMemory
from data.wafer import MAX_GRID, WaferMap

Item = WaferMap | ReadFailure
Buffers = Sequence[bytes | memoryview]

HEAD = struct.Struct("<BIQ")  # kind, bytes of text, bytes of grids
MAX_TEXT = 16 * 2**20
MAX_GRIDS = 3 * MAX_GRID**2
MAX_REASON = 100_000
MAX_LOG = 8192


class Kind(IntEnum):
    """What a message is."""

    READY = 1
    WAFER = 2
    FAILURE = 3
    OUT_OF_MEMORY = 4
    LOG = 5
    ANSWER = 6
    END = 7


class GarbageError(Exception):
    """A reading process said what none says that does what it should."""


def message(kind: Kind, told: object = None, grids: Buffers = ()) -> Buffers:
    """Return a message as buffers to send one after the other.

    Args:
        kind: what it is.
        told: its text, anything that JSON can say.
        grids: its bytes.
    """
    text = json.dumps(told, default=_plain).encode("ascii")
    return (HEAD.pack(kind, len(text), sum(len(grid) for grid in grids)), text, *grids)


class Telling:
    """What a reading process says of one file: of each wafer what is unlike the one before, which is little."""

    def __init__(self) -> None:
        self._before: dict[str, object] = {}

    def message(self, item: Item) -> Buffers:
        """Return a wafer or failure as a message."""
        if isinstance(item, ReadFailure):
            kind = Kind.OUT_OF_MEMORY if isinstance(item, OutOfMemory) else Kind.FAILURE
            return message(kind, [item.source_name, item.reason[:MAX_REASON]])
        now = {name: getattr(item, name) for name in FIELDS}
        now["attributes"] = list(item.attributes.items())  # their order counts, too
        told = {name: value for name, value in now.items() if name not in self._before or value != self._before[name]}
        grids = [grid.data.cast("B") for grid in (item.dies, item.bins) if grid is not None]
        buffers = message(Kind.WAFER, [item.dies.shape, told], grids)
        if len(buffers[1]) > MAX_TEXT:
            problem = f"its texts take more than {MAX_TEXT // 2**20} MiB"
            return self.message(ReadFailure(item.source_name, f"{item.source_name}: {problem}. Leave some out."))
        self._before = now
        return buffers


class Hearing:
    """What comes of one file from a reading process.

    Args:
        name: of the file that is read.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._known: dict[str, Any] = {}

    def item(self, kind: int, text: bytes, grids: bytes) -> Item:
        """Return the wafer or failure that a message tells of.

        Args:
            kind: of the message.
            text: of the message.
            grids: of the message.

        Raises:
            GarbageError: it tells of none, or of another file.
        """
        try:
            first, second = json.loads(text)
            if kind == Kind.WAFER:
                return self._wafer(first, second, grids)
            self._check_source(_text(first))
            return (OutOfMemory if kind == Kind.OUT_OF_MEMORY else ReadFailure)(first, _text(second))
        except (
            WaferError,
            ValueError,
            TypeError,
            LookupError,
            AttributeError,
            ArithmeticError,
            RecursionError,
        ) as error:
            raise GarbageError(f"{type(error).__name__}: {error}") from error

    def _wafer(self, shape: list[int], told: dict[str, Any], grids: bytes) -> WaferMap:
        rows, columns = shape
        if type(rows) is not int or type(columns) is not int or min(rows, columns) < 1:
            raise ValueError(f"a grid of {rows} x {columns}")
        count = rows * columns
        if len(grids) not in (count, 3 * count):
            raise ValueError(f"a grid of {rows} x {columns} in {len(grids)} bytes")
        for field, value in told.items():
            self._known[field] = FIELDS[field](value)
        if "source_name" in told:
            self._check_source(self._known["source_name"])
            if ".." in self._known["source_name"].split("/"):  # originals are looked up by this name
                raise ValueError("a wafer whose source leads out of the file")
        return WaferMap(
            dies=np.frombuffer(grids, np.uint8, count).reshape(rows, columns),
            bins=np.frombuffer(grids, np.uint16, count, count).reshape(rows, columns) if len(grids) > count else None,
            **self._known,
        )

    def _check_source(self, source_name: str) -> None:
        """Refuse names that are not of the file that is read."""
        if source_name != self._name and not source_name.startswith(f"{self._name}/"):
            raise ValueError(f"it reads {self._name!r} and tells of {source_name[:200]!r}")


def sizes(head: bytes | memoryview) -> tuple[int, int]:
    """Return how many bytes of text and of grids follow the head of a message.

    Raises:
        GarbageError: more than any wafer takes.
    """
    _, text, grids = HEAD.unpack(head)
    if text > MAX_TEXT or grids > MAX_GRIDS:
        raise GarbageError(f"a message of {text} and {grids} bytes")
    return text, grids


def log_of(text: bytes) -> str:
    """Return what a reading process logs as one bounded text without control characters.

    Raises:
        GarbageError: it is no text.
    """
    try:
        told = _text(json.loads(text))
    except (ValueError, TypeError, RecursionError) as error:
        raise GarbageError(str(error)) from error
    return "".join(letter if letter.isprintable() or letter == "\n" else "?" for letter in told[:MAX_LOG])


def _text(told: object) -> str:
    if not isinstance(told, str):
        raise TypeError(f"expected a text, found {type(told).__name__}")
    return told


def _number(told: object) -> float:
    if isinstance(told, bool) or not isinstance(told, int | float):
        raise TypeError(f"expected a number, found {type(told).__name__}")
    return told


def _switch(told: object) -> bool:
    if not isinstance(told, bool):
        raise TypeError(f"expected yes or no, found {type(told).__name__}")
    return told


def _list(told: object) -> list[Any]:
    if not isinstance(told, list):
        raise TypeError(f"expected a list, found {type(told).__name__}")
    return told


def _length(told: object) -> float | None:
    return None if told is None else _number(told)


def _pair(told: object) -> tuple[float, ...] | None:
    return None if told is None else tuple(_number(one) for one in _list(told))


def _time(told: object) -> datetime | None:
    return None if told is None else datetime.fromisoformat(_text(told))


def _remarks(told: object) -> tuple[str, ...]:
    return tuple(_text(one) for one in _list(told))


def _attributes(told: object) -> dict[str, str]:
    return {_text(name): _text(value) for name, value in _list(told)}


def _plain(value: object) -> object:
    """Turn what JSON cannot say into what it can: times into text, numbers of numpy into Python's own."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, np.generic):
        plain: object = value.item()
        return plain
    raise TypeError(f"{type(value).__name__} is no text, number or list of these")


FIELDS: dict[str, Callable[[object], object]] = {
    **dict.fromkeys(("lot_id", "wafer_id", "product", "test_program", "notch", "step", "exported_as"), _text),
    **dict.fromkeys(("source_name", "source_sha256"), _text),
    **dict.fromkeys(("tested_at", "started_at"), _time),
    **dict.fromkeys(("die_pitch_mm", "center"), _pair),
    "diameter_mm": _length,
    "passing_known": _switch,
    "attributes": _attributes,
    "remarks": _remarks,
}
"""How each field of a wafer is taken out of what was said; dies and bins are bytes."""
