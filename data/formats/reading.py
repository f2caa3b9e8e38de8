"""From a path or an upload to wafers: walks folders and zips, and turns every trouble into one sentence."""

import io
import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO
from zipfile import ZipFile, ZipInfo

from data.errors import FormatError, WaferError, inner_words
from data.formats.archive import is_about_files, is_archive, open_zip, unpacked, wanted
from data.formats.compressed import decompressed, is_compressed
from data.formats.options import MIB, OutOfMemory, ReadFailure, ReadOptions
from data.formats.registry import choose_reader
from data.formats.source import Source
from data.wafer import WaferMap

Wafers = Iterator[WaferMap | ReadFailure]
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class OpenFile:
    """A file that was found and opened; whoever takes it closes its stream.

    Args:
        name: what people know it by, folders in front.
        stream: its bytes.
    """

    name: str
    stream: BinaryIO


def read_wafers(path: str | os.PathLike[str], *, options: ReadOptions | None = None) -> Wafers:
    """Read every wafer of a file, a folder (with its subfolders) or a zip, one after the other.

    Nothing that a file holds raises: a file that cannot be read becomes one `ReadFailure`, and reading goes on.

    Args:
        path: file, folder or zip. Links that lead out of a folder are not followed.
        options: names, meanings and limits; None for the defaults.

    Yields:
        Wafers and failures in the order of the files' names.
    """
    for found in open_files(path):
        if isinstance(found, ReadFailure):
            yield found
            continue
        with found.stream:
            yield from read_stream(found.name, found.stream, options=options)


def read_bytes(name: str, content: bytes, *, options: ReadOptions | None = None) -> Wafers:
    """Read an upload as `read_wafers` reads a file.

    Args:
        name: the file's name as the person knows it; folders in it are dropped.
        content: its bytes.
        options: names, meanings and limits; None for the defaults.

    Example:
        >>> [result] = read_bytes("notes.png", b"not a picture")
        >>> result.source_name
        'notes.png'
    """
    yield from read_stream(upload_name(name), io.BytesIO(content), options=options)


def read_stream(name: str, stream: BinaryIO, *, options: ReadOptions | None = None) -> Wafers:
    """Read an open file as `read_wafers` reads a path.

    Args:
        name: what wafers and failures call it.
        stream: seekable, in binary mode.
        options: names, meanings and limits; None for the defaults.
    """
    yield from _guarded(name, "file", _read_source(name, stream, options or ReadOptions()))


def upload_name(name: str) -> str:
    """Return the name of an upload without folders, which browsers may put in front.

    Example:
        >>> upload_name("maps/a.png"), upload_name("")
        ('a.png', 'upload')
    """
    return PurePosixPath(name.replace("\\", "/")).name or "upload"


def open_files(path: str | os.PathLike[str]) -> Iterator[OpenFile | ReadFailure]:
    """Open a file, or every file of a folder with its subfolders, one after the other.

    Yields:
        Open files in the order of their names, and why others could not be opened.
    """
    root = Path(path)
    try:
        if not root.is_dir():
            yield _opened(root, root.name)
            return
    except (OSError, ValueError) as error:
        yield ReadFailure(str(path), f"{path}: cannot be opened ({error}). Check the path.")
        return
    yield from _open_folder(root)


def _open_folder(root: Path) -> Iterator[OpenFile | ReadFailure]:
    """Walk in the order of names. Hidden files are the system's; a link to inside is read where it points to."""
    resolved = root.resolve()
    base = root.name or resolved.name

    def unreadable(error: OSError) -> None:
        blocked.append(
            ReadFailure(str(error.filename), f"{error.filename}: cannot be opened ({error}). Check its rights.")
        )

    blocked: list[ReadFailure] = []
    for folder, subfolders, files in os.walk(root, onerror=unreadable):
        subfolders[:] = sorted(name for name in subfolders if not name.startswith("."))
        links = [name for name in subfolders if (Path(folder) / name).is_symlink()]
        for name in sorted([*files, *links]):
            path = Path(folder) / name
            shown = f"{base}/{path.relative_to(root).as_posix()}"
            if name.startswith(".") or is_about_files(name):
                continue
            if not path.is_symlink():
                yield _opened(path, shown)
            elif not _lies_within(path, resolved):
                shown = _printable(shown)
                yield ReadFailure(shown, f"{shown}: is a link that leads out of the folder. Copy the file itself.")
    yield from blocked


def _printable(name: str) -> str:
    """Spell out the bytes of a name that are no UTF-8."""
    return name.encode("utf-8", "backslashreplace").decode()


def _lies_within(link: Path, root: Path) -> bool:
    try:
        return link.resolve(strict=True).is_relative_to(root)
    except (OSError, RuntimeError):
        return False


def _opened(path: Path, name: str) -> OpenFile | ReadFailure:
    shown = _printable(name)
    if shown != name:
        return ReadFailure(shown, f"{shown}: the file's name is no UTF-8. Rename it.")
    try:
        if not path.is_file():  # a pipe or device would block for ever
            problem = "is no regular file" if path.exists() else "does not exist"
            return ReadFailure(name, f"{path}: {problem}. Check the path.")
        return OpenFile(name, path.open("rb"))
    except (OSError, ValueError) as error:
        return ReadFailure(name, f"{path}: cannot be opened ({error}). Check its name and rights.")


def _read_source(name: str, stream: BinaryIO, options: ReadOptions) -> Wafers:
    source = Source(name, stream)
    if source.size > options.max_file_bytes:
        size, limit = source.size // MIB, options.max_file_bytes // MIB
        yield ReadFailure(source.name, f"{source.name}: the file has {size} MiB, the limit is {limit} MiB. Split it.")
    elif is_archive(source):
        yield from _guarded(source.name, "zip", _read_zip(source, options))
    else:
        yield from _read_file(source, options)


def _read_zip(source: Source, options: ReadOptions) -> Wafers:
    with open_zip(source, options) as archive:
        infos = [info for info in archive.infolist() if wanted(info)]
        if not infos:
            raise FormatError(source.name, "the zip holds no file of wafers", "Add wafer files to it.")
        for info in sorted(infos, key=lambda info: info.filename):
            name = f"{source.name}/{info.filename}"
            yield from _guarded(name, "zip entry", _read_entry(archive, info, name, options))


def _read_entry(archive: ZipFile, info: ZipInfo, name: str, options: ReadOptions) -> Wafers:
    with unpacked(archive, info, name, options) as source:
        yield from _read_file(source, options)


def _read_file(source: Source, options: ReadOptions) -> Wafers:
    if is_compressed(source):
        with decompressed(source, options) as content:
            yield from _read_file(content, options)
        return
    try:
        reader = choose_reader(source)
    except FormatError as error:
        yield ReadFailure(source.name, str(error))
        return
    yield from _bounded(source, _guarded(source.name, reader.name, reader.read(source, options)), options)


def _bounded(source: Source, results: Wafers, options: ReadOptions) -> Wafers:
    """Pass a file's results on until it has more bad wafers, or larger grids, than any honest file of its size."""
    failures, cells, most_cells = 0, 0, options.max_cells + options.max_cells_per_byte * source.size
    for result in results:
        if isinstance(result, WaferMap):
            cells += result.dies.size
        else:
            failures += 1
        problem = ""
        if failures > options.max_failures:
            problem = f"more than {options.max_failures} of its wafers cannot be read"
        elif cells > most_cells:
            problem = f"its wafers have more than {most_cells // MIB} Mi places of dies, too many for its size"
        if problem:
            yield ReadFailure(source.name, f"{source.name}: {problem}; the rest was left unread. Correct or split it.")
            return
        yield result


def _guarded(name: str, kind: str, results: Wafers) -> Wafers:
    """Pass results on until the file turns out bad.

    Decoders of other makers raise anything on damaged bytes, so everything is caught here, once; what is not our own
    error is logged with its trace, so that a fault of ours does not hide among damaged files.
    """
    try:
        yield from results
    except WaferError as error:
        yield ReadFailure(name, str(error))
    except MemoryError:
        yield OutOfMemory(name, f"{name}: reading the {kind} takes more memory than there is. Split it.")
    except Exception as error:
        _log.info("%s could not be read as a %s", name, kind, exc_info=True)
        yield ReadFailure(
            name, f"{name}: the {kind} cannot be read, it is damaged{inner_words(error)}. Export or copy it again."
        )
