"""Files on disk that are taken in: their wafers as one stream, what could not be read, how far reading is."""

import os
import zipfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO

from core.reading import entry_count, prepare, read_wafers
from core.storage.blobs import Blobs
from data.formats import ReadFailure, ReadOptions
from data.wafer import WaferMap


def _untold(failure: ReadFailure) -> None:
    """Do nothing."""


class Sources:
    """Wafers of files, folders and zips, one after the other; failures are told at once and kept.

    Args:
        paths: files, folders or zips.
        options: how to read them, `core.ingestion.orientation_rules.with_rules` as a rule; None for the defaults.
        told: is told of each failure.
    """

    def __init__(
        self,
        paths: Sequence[Path],
        options: ReadOptions | None = None,
        told: Callable[[ReadFailure], object] = _untold,
    ) -> None:
        prepare()
        self._options = options
        self._told = told
        self.failures: list[ReadFailure] = []
        self.wafers = 0
        self._paths = paths
        self._path = Path()
        self._finished = 0
        self._total = sum(_count(path) for path in paths)
        self._archive: zipfile.ZipFile | None = None

    def __iter__(self) -> Iterator[WaferMap]:
        """Read; each file is opened when its turn comes."""
        name = ""
        for path in self._paths:
            self._path = path
            for found in read_wafers(path, options=self._options):
                if found.source_name != name:
                    self._finished += bool(name)
                    name = found.source_name
                if isinstance(found, ReadFailure):
                    self.failures.append(found)
                    self._told(found)
                else:
                    self.wafers += 1
                    yield found
        self._close_archive()

    @property
    def share(self) -> float | None:
        """Share of the files that are behind, 0 to 1; None with a single file, whose wafers nobody knows beforehand."""
        return min(1.0, self._finished / self._total) if self._total > 1 else None

    def original(self, source_name: str) -> IO[bytes]:
        """Open the file, or the entry of a zip, that the wafer just read came from; the caller closes it.

        Args:
            source_name: the wafer's: the path's own name, then folders, file and zip entry.
        """
        path, rest = self._path, source_name.partition("/")[2]
        while path.is_dir():
            head, _, rest = rest.partition("/")
            path = path / head
        if not rest:
            return path.open("rb")
        if self._archive is None or self._archive.filename != str(path):
            self._close_archive()
            self._archive = zipfile.ZipFile(path)  # kept open: finding one of n entries anew reads the table of all n
        return self._archive.open(rest)

    def _close_archive(self) -> None:
        if self._archive:
            self._archive.close()


def keeping_originals(sources: Sources, blobs: Blobs) -> Iterator[WaferMap]:
    """Yield wafers as they are read; the bytes of a file are kept before its first wafer is given.

    Args:
        sources: where they come from; failures stay there.
        blobs: where the originals are kept.

    Raises:
        LakeError: a blob cannot be written, or a file changed while it was read.
    """
    kept: set[str] = set()
    for wafer in sources:
        if wafer.source_sha256 not in kept:
            with sources.original(wafer.source_name) as stream:
                blobs.add_stream(stream, wafer.source_sha256)
            kept.add(wafer.source_sha256)
        yield wafer


def _count(path: Path) -> int:
    """Files, and entries of zips, below a path, hidden ones left out."""
    if not path.is_dir():
        return _entries(path)
    return sum(_entries(Path(folder) / name) for folder, _, names in os.walk(path) for name in names if name[0] != ".")


def _entries(path: Path) -> int:
    return entry_count(path) if path.suffix.lower() == ".zip" else 1
