"""Reading files in processes of their own: paths, uploads, and two questions about files that are not about wafers."""

import os
import tempfile
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import BinaryIO, cast

from core.reading.file_reading import FileReading
from core.reading.limits import ReadLimits, limits_now
from core.reading.messages import Item
from core.reading.pool import POOL
from core.reading.request import Task
from data.formats import ReadFailure, ReadOptions
from data.formats.reading import OpenFile, open_files, upload_name

_MOST_DIGITS = 10


def read_wafers(path: str | os.PathLike[str], *, options: ReadOptions | None = None) -> Iterator[Item]:
    """Read every wafer of a file, a folder (with its subfolders) or a zip, each file in another process.

    What it gives is what `data.formats.read_wafers` gives. A file that meets a limit, or ends the process that reads
    it, is one failure, and reading goes on with the next.

    Args:
        path: file, folder or zip.
        options: names, meanings and limits; None for the defaults.

    Raises:
        SettingError: a variable that sets a limit holds nonsense.
    """
    limits = limits_now()
    yield from in_turn(
        FileReading(found.name, partial(_as_it_is, found.stream), options, limits=limits)
        if isinstance(found, OpenFile)
        else found
        for found in open_files(path)
    )


def read_bytes(
    name: str, content: bytes, *, options: ReadOptions | None = None, limits: ReadLimits | None = None
) -> FileReading:
    """Read an upload as `read_wafers` reads a file.

    Args:
        name: the file's name as the person knows it; folders in it are dropped.
        content: its bytes.
        options: names, meanings and limits; None for the defaults.
        limits: that it is held to; None for those that are set.

    Raises:
        SettingError: a variable that sets a limit holds nonsense.
    """
    return FileReading(upload_name(name), partial(_spooled, content), options, limits=limits)


def in_turn(readings: Iterable[FileReading | ReadFailure]) -> Iterator[Item]:
    """Yield the wafers and failures of several files, one file after the other.

    While one is taken the next is read already, if a process is free.
    """
    ahead: FileReading | ReadFailure | None = None
    try:
        for following in readings:
            if isinstance(following, FileReading):
                following.start()
            present, ahead = ahead, following
            yield from _items(present)
        yield from _items(ahead)
    finally:
        if isinstance(ahead, FileReading):
            ahead.close()


def grey_picture(name: str, content: bytes, options: ReadOptions, limits: ReadLimits) -> bytes | None:
    """Return an upload as a small grey PNG, None where it is no image or cannot be read within limits."""
    opened = partial(_spooled, content)
    with FileReading(upload_name(name), opened, options, limits=limits, task=Task.PICTURE) as reading:
        return _answer(reading) or None


def is_growing(path: Path) -> bool:
    """Return whether a file's writer has yet to finish it, as `data.formats.growing.is_growing` says."""
    try:
        stream = path.open("rb")
    except OSError:
        return False
    with stream, FileReading(path.name, partial(_as_it_is, stream), task=Task.GROWING) as reading:
        return bool(_answer(reading))


def entry_count(path: Path) -> int:
    """Return how many files a zip holds, 1 for what is none or cannot be read."""
    try:
        stream = path.open("rb")
    except OSError:
        return 1
    with stream, FileReading(path.name, partial(_as_it_is, stream), task=Task.COUNT) as reading:
        counted = _answer(reading)
    return int(counted) if counted.isdigit() and len(counted) < _MOST_DIGITS else 1


def prepare() -> None:
    """Start a process for the first file, so that it need not wait for its start.

    Raises:
        SettingError: a variable that sets a limit holds nonsense.
    """
    POOL.prepare(limits_now())


def _items(reading: FileReading | ReadFailure | None) -> Iterator[Item]:
    if isinstance(reading, FileReading):
        with reading:
            yield from reading
    elif reading is not None:
        yield reading


def _answer(reading: FileReading) -> bytes:
    """Wait for an answer; nothing where reading failed, which reading the wafers says in words."""
    for _ in reading:
        return b""
    return reading.answer or b""


def _as_it_is(stream: BinaryIO) -> BinaryIO:
    return stream


def _spooled(content: bytes) -> BinaryIO:
    """Write bytes to a nameless file, which another process can be handed; they are not kept in memory twice."""
    stream = tempfile.TemporaryFile()  # noqa: SIM115  # closed once it is read
    try:
        stream.write(content)
        stream.flush()
    except OSError:
        stream.close()
        raise
    return cast(BinaryIO, stream)
