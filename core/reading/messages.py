"""What a reading process and the one that asked it say to each other, as bytes.

A process that a file took over may say anything. So what it says is never unpickled: texts are JSON, dies and bins are
plain bytes, everything is checked here and once more by `WaferMap`, and names must be those of the file that it reads.
"""

import json
import struct
from collections.abc import Sequence
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
TEXTS = (
    "lot_id",
    "wafer_id",
    "product",
    "test_program",
    "notch",
    "source_name",
    "source_sha256",
    "step",
    "exported_as",
)
TIMES = ("tested_at", "started_at")
PAIRS = ("die_pitch_mm", "center")
NUMBERS = ("diameter_mm",)
SWITCHES = ("passing_known",)
GRIDS = ("dies", "bins")


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


def item_message(item: Item) -> Buffers:
    """Return a wafer or failure as a message."""
    if isinstance(item, ReadFailure):
        kind = Kind.OUT_OF_MEMORY if isinstance(item, OutOfMemory) else Kind.FAILURE
        return message(kind, [item.source_name, item.reason[:MAX_REASON]])
    told: dict[str, Any] = {name: getattr(item, name) for name in (*TEXTS, *PAIRS, *NUMBERS, *SWITCHES)}
    told |= {name: time and time.isoformat() for name in TIMES for time in [getattr(item, name)]}
    told |= {"attributes": dict(item.attributes), "remarks": item.remarks, "shape": item.dies.shape}
    grids = [grid.data.cast("B") for grid in (item.dies, item.bins) if grid is not None]
    buffers = message(Kind.WAFER, told, grids)
    if len(buffers[1]) > MAX_TEXT:
        problem = f"its texts take more than {MAX_TEXT // 2**20} MiB"
        return item_message(ReadFailure(item.source_name, f"{item.source_name}: {problem}. Leave some out."))
    return buffers


def sizes(head: bytes | memoryview) -> tuple[int, int]:
    """Return how many bytes of text and of grids follow the head of a message.

    Raises:
        GarbageError: more than any wafer takes.
    """
    _, text, grids = HEAD.unpack(head)
    if text > MAX_TEXT or grids > MAX_GRIDS:
        raise GarbageError(f"a message of {text} and {grids} bytes")
    return text, grids


def item_of(kind: int, text: bytes, grids: bytes, name: str) -> Item:
    """Return the wafer or failure that a message tells of.

    Args:
        kind: of the message.
        text: of the message.
        grids: of the message.
        name: of the file that is read.

    Raises:
        GarbageError: it tells of none, or of another file.
    """
    try:
        told = json.loads(text)
        if kind == Kind.WAFER:
            wafer = _wafer(told, grids)
            _check_source(wafer.source_name, name)
            if ".." in wafer.source_name.split("/"):  # originals are looked up by this name
                raise GarbageError(f"a wafer of {wafer.source_name[:200]!r}")
            return wafer
        source_name, reason = (_text(one) for one in told)
    except (WaferError, ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError) as error:
        raise GarbageError(f"{type(error).__name__}: {error}") from error
    _check_source(source_name, name)
    return (OutOfMemory if kind == Kind.OUT_OF_MEMORY else ReadFailure)(source_name, reason)


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


def _check_source(source_name: str, name: str) -> None:
    """Refuse names that are not of the file that is read."""
    if source_name != name and not source_name.startswith(f"{name}/"):
        raise GarbageError(f"it reads {name!r} and tells of {source_name[:200]!r}")


def _wafer(told: dict[str, Any], grids: bytes) -> WaferMap:
    rows, columns = told["shape"]
    count = rows * columns
    if (
        type(rows) is not int
        or type(columns) is not int
        or min(rows, columns) < 1
        or len(grids) not in (count, 3 * count)
    ):
        raise ValueError(f"a grid of {rows} x {columns} in {len(grids)} bytes")
    fields: dict[str, Any] = {field: _text(told[field]) for field in TEXTS}
    fields |= {field: time and datetime.fromisoformat(_text(time)) for field in TIMES for time in [told[field]]}
    fields |= {field: pair and (_number(pair[0]), _number(pair[1])) for field in PAIRS for pair in [told[field]]}
    fields |= {field: None if told[field] is None else _number(told[field]) for field in NUMBERS}
    fields |= {field: _switch(told[field]) for field in SWITCHES}
    return WaferMap(
        dies=np.frombuffer(grids, np.uint8, count).reshape(rows, columns),
        bins=np.frombuffer(grids, np.uint16, count, count).reshape(rows, columns) if len(grids) > count else None,
        attributes={_text(key): _text(value) for key, value in told["attributes"].items()},
        remarks=tuple(_text(remark) for remark in _list(told["remarks"])),
        **fields,
    )


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


def _list(told: object) -> list[object]:
    if not isinstance(told, list):
        raise TypeError(f"expected a list, found {type(told).__name__}")
    return told


def _plain(value: object) -> object:
    """Numbers of numpy as Python's own."""
    if isinstance(value, np.generic):
        plain: object = value.item()
        return plain
    raise TypeError(f"{type(value).__name__} is no text, number or list of these")
