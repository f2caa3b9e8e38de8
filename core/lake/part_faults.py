"""What is wrong with parts of the lake: which cannot be read, and which no longer hold what was written."""

import errno
import hashlib
import io
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from core.storage.folder import Folder
from data.errors import LakeError

NEEDED = {"key", "sequence"}  # columns that every table has
_CHECKSUM = re.compile(r"-([0-9a-f]{64})(?:-merged)?\.parquet$")
_SEALED = "-{checksum}{suffix}"
_UNREADABLE = (pa.ArrowException, OSError, ValueError, KeyError)  # what a damaged file makes pyarrow raise
_OURS = {errno.EMFILE, errno.ENFILE, errno.ENOMEM}  # this process has no room: the part may be whole
_LOG = logging.getLogger("waferscope.lake")


@dataclass(frozen=True)
class Damage:
    """A part of the lake that cannot be read, or does not hold what was written.

    Args:
        table: that it belongs to.
        name: of its file.
        reason: what is wrong with it.
    """

    table: str
    name: str
    reason: str

    def __str__(self) -> str:
        """The part and its reason in one phrase; a checksum in its name is left out.

        Example:
            >>> str(Damage("dies", f"0012-ab-{'0' * 64}.parquet", "it is empty"))
            'dies/0012-ab….parquet (it is empty)'
        """
        checksum = checksum_in(self.name)
        name = self.name.replace(f"-{checksum}", "…") if checksum else self.name
        return f"{self.table}/{name} ({self.reason})"


class PartFaults:
    """The damaged parts of a lake, as far as they were met; threads may share one.

    Args:
        folder: of the lake.
    """

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._damaged: dict[tuple[str, str], tuple[Damage, object]] = {}
        self._sound: set[tuple[str, str, object]] = set()  # of which every row was read

    @property
    def known(self) -> tuple[Damage, ...]:
        """The damaged parts, by table and name."""
        return tuple(self._damaged[key][0] for key in sorted(self._damaged))

    def forget_gone(self) -> None:
        """Forget the damage of parts that were taken away, or in whose place another file was put."""
        if self._damaged:
            self._damaged = {key: kept for key, kept in self._damaged.items() if self._stamp(*key) == kept[1]}

    def of(self, table: str) -> frozenset[str]:
        """Names of the damaged parts of a table."""
        return frozenset(name for of_table, name in self._damaged if of_table == table)

    def look(self, parts: Mapping[str, frozenset[str]], *, rows: bool = False) -> tuple[Damage, ...]:
        """Look at parts, and keep in mind which are damaged.

        Args:
            parts: names by table.
            rows: read every row; False for what stands at the end of each file alone.

        Returns:
            Those that are damaged.

        Raises:
            LakeError: the storage cannot be reached.
        """
        found = []
        for table, name in [(table, name) for table, names in parts.items() for name in sorted(names)]:
            stamp = self._stamp(table, name)
            if (table, name, stamp) in self._sound:
                continue
            reason = fault_of(self._folder, table, name, rows=rows)
            if reason:
                damage = Damage(table, name, reason)
                self._damaged = {**self._damaged, (table, name): (damage, stamp)}
                _LOG.warning("A part of the lake is damaged and left out: %s", damage)
                found.append(damage)
            elif rows:
                self._sound.add((table, name, stamp))
        return tuple(found)

    def _stamp(self, table: str, name: str) -> object:
        """What changes when somebody puts another file in a part's place; None where nothing is there."""
        if self._folder.local is None:
            return self._folder.exists(f"{table}/{name}") or None
        try:
            found = (self._folder.local / table / name).lstat()
        except OSError:
            return None
        return found.st_size, found.st_mtime_ns, found.st_mode


def sealed(name: str, suffix: str, path: Path) -> str:
    """Return a part's name with the checksum of its content in it.

    Args:
        name: as it would be without, with its suffix.
        suffix: of the name.
        path: of the written file.
    """
    with path.open("rb") as file:
        checksum = hashlib.file_digest(file, "sha256").hexdigest()
    return name.removesuffix(suffix) + _SEALED.format(checksum=checksum, suffix=suffix)


def checksum_in(name: str) -> str:
    """Return the SHA-256 that a part's name promises, "" for parts that are older than that.

    Example:
        >>> checksum_in("0012-ab.parquet"), checksum_in(f"0012-ab-{'0' * 64}-merged.parquet")[:4]
        ('', '0000')
    """
    found = _CHECKSUM.search(name)
    return found[1] if found else ""


def fault_of(folder: Folder, table: str, name: str, *, rows: bool = False, checksum: bool = False) -> str:
    """Return what is wrong with a part, "" where nothing is; one that a merge has taken away meanwhile is fine.

    Args:
        folder: of the lake.
        table: that it belongs to.
        name: of its file.
        rows: read every row; False for what stands at the end of the file alone.
        checksum: compare its bytes with the checksum in its name, where there is one.

    Raises:
        LakeError: the storage cannot be reached.
    """
    place = f"{table}/{name}"
    try:
        content = folder.read(place) if rows or checksum else None
        if content is None and not folder.size(place):
            content = b""
        if content == b"":
            return "it is empty"
        promised = checksum_in(name) if checksum else ""
        if promised and hashlib.sha256(content or b"").hexdigest() != promised:
            return "its content is not what was written"
        if content is not None:
            return _fault_in(io.BytesIO(content), rows=rows)
        with folder.filesystem.open(folder.address(place), "rb") as file:
            return _fault_in(file, rows=False)
    except FileNotFoundError:
        return "it is listed, but is not there" if name in folder.names(table) else ""
    except OSError as error:
        if folder.local is None or error.errno in _OURS:
            said = f"it cannot be read ({error.strerror or error})"
            raise LakeError(folder.address(place), said, "Check the storage.") from error
        return f"it cannot be read: {error.strerror or error}"


def _fault_in(file: io.IOBase, *, rows: bool) -> str:
    try:
        part = pq.ParquetFile(file)
        missing = NEEDED - set(part.schema_arrow.names)
    except _UNREADABLE as error:
        _raise_of_storage(error)
        return "it is cut off or is no Parquet file"
    if missing:
        return f"it has no column {sorted(missing)[0]!r}"
    try:
        for _ in part.iter_batches() if rows else ():
            pass
    except _UNREADABLE as error:
        _raise_of_storage(error)
        return "its rows cannot be read"
    return ""


def _raise_of_storage(error: Exception) -> None:
    """Raise again what the storage said; what the file holds is at fault otherwise."""
    if isinstance(error, OSError) and error.errno is not None:
        raise error
