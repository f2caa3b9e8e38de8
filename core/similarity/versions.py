"""Versions of an index on disk: the files of each under a name of its own, and one pointer to the one that counts.

A version is written whole before the pointer names it, and the pointer changes in one rename. So any number of
processes may save and load at once: who loads gets the version before or the one after.
"""

import json
import re
import time
import uuid
import zlib
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from core.storage.folder import Folder

SETTLED_SECONDS = 600.0
"""A file younger than this stays: another process may be about to point to it, or may have just read that it counts."""
_AT_ONCE = 2**20
_READ_AGAIN = 20
_NAME = re.compile(r"(?P<version>[a-z]+-\d+-[0-9a-f]+)\.[a-z]+")

Opened = TypeVar("Opened")


class Versions:
    """Versions of one index below a folder.

    Args:
        folder: where all files lie.
        kind: tells the indexes of a folder apart.
    """

    def __init__(self, folder: Path, kind: str) -> None:
        self._folder, self._path, self._kind = Folder(folder), folder, kind
        self._pointer = f"{kind}.json"

    @property
    def stamp(self) -> str:
        """A text that changes with every version, "" where there is none."""
        return self._folder.read(self._pointer).decode() if self._folder.exists(self._pointer) else ""

    def add(self, about: Mapping[str, object], files: Mapping[str, Callable[[Path], object]]) -> None:
        """Write a version and point to it; older ones go, but for the one before and those that may still be needed.

        Args:
            about: what to keep in the pointer.
            files: suffix of each file, and what writes it to a path.

        Raises:
            OSError: the folder cannot be written to; the version before stays.
        """
        name, sums = f"{self._kind}-{time.time_ns()}-{uuid.uuid4().hex[:8]}", dict[str, int]()
        for suffix, write in files.items():
            with self._folder.new_file(name + suffix) as path:
                write(path)
                sums[suffix] = _checksum(path)
        before = self._counting()
        with self._folder.new_file(self._pointer) as path:
            path.write_text(json.dumps({**about, "files": name, "checksums": sums}), encoding="utf-8")
        self._remove_but({name, before, self._counting()})

    def open(self, read: Callable[[dict[str, Any], Callable[[str], str]], Opened]) -> Opened:
        """Read the version that counts; another one where that was replaced and removed meanwhile.

        Args:
            read: is given what `add` was told about the version, and the address of a file by its suffix.

        Raises:
            FileNotFoundError: there is no version.
            ValueError: its pointer is damaged, or one of its files is missing or is not what was written.
            Exception: whatever `read` raises of a version that still counts.
        """
        for attempt in range(_READ_AGAIN):
            content = self._folder.read(self._pointer)
            about = json.loads(content)
            if not isinstance(about, dict) or not isinstance(about.get("files"), str):
                raise ValueError("its pointer names no files")
            try:
                self._check(about)
                return read(about, partial(self._address, about["files"]))
            except Exception as error:
                if attempt + 1 < _READ_AGAIN and self._folder.read(self._pointer) != content:
                    continue
                if isinstance(error, FileNotFoundError):
                    raise ValueError(f"{error.filename} is missing") from error
                raise
        raise AssertionError  # the last attempt returned or raised

    def _address(self, version: str, suffix: str) -> str:
        return self._folder.address(version + suffix)

    def _check(self, about: Mapping[str, Any]) -> None:
        """Compare the files with what was written; versions of before there were checksums are taken as they are."""
        for suffix, expected in about.get("checksums", {}).items():
            name = about["files"] + suffix
            if _checksum(self._path / name) != expected:
                raise ValueError(f"{name} is not what was written")

    def _counting(self) -> str:
        """Name of the version that counts, "" where none does."""
        try:
            return str(json.loads(self._folder.read(self._pointer))["files"])
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return ""

    def _remove_but(self, needed: set[str]) -> None:
        self._folder.sweep("")
        for name in self._folder.names(""):
            match = _NAME.fullmatch(name)
            if match and name.startswith(f"{self._kind}-") and match["version"] not in needed and self._settled(name):
                self._folder.remove(name)

    def _settled(self, name: str) -> bool:
        try:
            return time.time() - (self._path / name).stat().st_mtime > SETTLED_SECONDS
        except FileNotFoundError:  # another process removed it
            return False


def _checksum(path: Path) -> int:
    found = 0
    with path.open("rb") as file:
        while piece := file.read(_AT_ONCE):
            found = zlib.crc32(piece, found)
    return found
