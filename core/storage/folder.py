"""A folder, here or on an object store, into which whole files appear at once or not at all."""

import os
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import fsspec
from filelock import FileLock, Timeout
from fsspec.implementations.local import LocalFileSystem

from data.errors import LakeError

UNFINISHED = ".tmp"
TURNS = ".lock"
ABANDONED_SECONDS = 6 * 3600


class Folder:
    """Files below a path or fsspec URL. Any number of processes may use it at once; nobody edits a file.

    Args:
        url: local path, file://, s3://, memory:// or any other URL that fsspec knows.

    Raises:
        LakeError: the URL's protocol is not known or its driver is not installed.

    Example:
        >>> folder = Folder("memory://doctest")
        >>> with folder.new_file("a/b.txt") as path:
        ...     _ = path.write_text("hello")
        >>> folder.read("a/b.txt"), folder.names("a"), folder.names("nowhere")
        (b'hello', frozenset({'b.txt'}), frozenset())
    """

    def __init__(self, url: str | Path) -> None:
        try:
            self.filesystem, self._root = fsspec.core.url_to_fs(str(url))
        except (ValueError, ImportError) as error:
            raise LakeError(
                str(url), f"the place cannot be used ({error})", "Give a folder or an fsspec URL."
            ) from error
        self.local = Path(self._root) if isinstance(self.filesystem, LocalFileSystem) else None

    def address(self, name: str) -> str:
        """Full path (local) or URL of a file."""
        path = f"{self._root.rstrip('/')}/{name}"
        return path if self.local else str(self.filesystem.unstrip_protocol(path))

    def names(self, folder: str) -> frozenset[str]:
        """Names of the finished files directly in a sub-folder; none when it does not exist."""
        try:
            if self.local:
                with os.scandir(self.local / folder) as entries:
                    found = [entry.name for entry in entries]
            else:
                self.filesystem.invalidate_cache()
                found = [Path(p).name for p in self.filesystem.ls(self.address(folder), detail=False)]
        except FileNotFoundError:
            return frozenset()
        return frozenset(name for name in found if not name.endswith((UNFINISHED, TURNS)))

    def exists(self, name: str) -> bool:
        """Whether a finished file is there."""
        return bool(self.filesystem.exists(self.address(name)))

    def size(self, name: str) -> int:
        """Bytes of a file."""
        return int(self.filesystem.size(self.address(name)))

    def read(self, name: str) -> bytes:
        """Whole content of a file.

        Raises:
            FileNotFoundError: it is not there.
        """
        content: bytes = self.filesystem.cat_file(self.address(name))
        return content

    @contextmanager
    def new_file(self, name: str, *, durable: bool = True, seal: Callable[[Path], str] | None = None) -> Iterator[Path]:
        """Yield a local path to write to; when the block ends well, its content durably has `name`.

        Locally that is a temporary name of its own for every writer, fsync, rename, fsync of the folder; on an object
        store one put. When the block raises or the process dies, `name` does not appear, or stays what it was.

        Args:
            name: of the file, in sub-folders by slashes.
            durable: False where a power cut may take the file: then nobody waits for the disk.
            seal: names the written file by its content, in the folder of `name`; None: it gets `name` itself.
        """
        if self.local is None:
            with TemporaryDirectory() as scratch:
                path = Path(scratch) / "file"
                yield path
                folder = self.address(name).rpartition("/")[0]
                self.filesystem.makedirs(folder, exist_ok=True)
                self.filesystem.put_file(str(path), f"{folder}/{seal(path)}" if seal else self.address(name))
            return
        target = self.local / name
        _make_durable_folder(target.parent)
        path = target.with_name(f"{target.name}.{uuid.uuid4().hex}{UNFINISHED}")
        try:
            yield path
            if durable:
                make_durable(path)
            path.replace(target.with_name(seal(path)) if seal else target)
        finally:
            path.unlink(missing_ok=True)
        if durable:
            make_durable(target.parent)

    def write_text(self, name: str, text: str, *, durable: bool = True) -> None:
        """Write a small file as UTF-8, whole or not at all, however many write it at once.

        Args:
            name: of the file.
            text: its content.
            durable: as of `new_file`.
        """
        with self.new_file(name, durable=durable) as path:
            path.write_text(text, encoding="utf-8")

    @contextmanager
    def turn(self, name: str) -> Iterator[None]:
        """Wait to be the only one who reads, changes and writes a file again; the turn ends with the block.

        Within it the same file's turn must not be asked for once more. An object store knows no locks: there nobody
        waits.

        Args:
            name: of the file, which need not be there; the lock is a file beside it.
        """
        if self.local is None:
            yield
            return
        lock = self.local / f"{name}{TURNS}"
        _make_durable_folder(lock.parent)
        with FileLock(lock):
            yield

    def remove(self, name: str) -> None:
        """Remove a file, durably; one that is gone already is fine."""
        with suppress(FileNotFoundError):
            self.filesystem.rm_file(self.address(name))
            if self.local:
                make_durable((self.local / name).parent)

    def move(self, name: str, new_name: str) -> None:
        """Rename a file below this folder, durably; its content stays.

        Raises:
            OSError: the storage refuses, or it is not there.
        """
        if self.local is None:
            self.filesystem.makedirs(self.address(new_name).rpartition("/")[0], exist_ok=True)
            self.filesystem.mv(self.address(name), self.address(new_name))
            return
        target = self.local / new_name
        _make_durable_folder(target.parent)
        (self.local / name).rename(target)
        make_durable(target.parent)
        make_durable((self.local / name).parent)

    @contextmanager
    def claimed(self, name: str) -> Iterator[bool]:
        """Try to be the only one who works under a name; the claim ends with the block, or with the process.

        Gives False where another process or thread holds it. An object store knows no locks: there it is always True,
        as in a folder that does not exist.
        """
        if self.local is None or not self.local.exists():
            yield True
            return
        lock = FileLock(self.local / name, timeout=0)
        try:
            lock.acquire()
        except Timeout:
            yield False
            return
        try:
            yield True
        finally:
            lock.release()

    def sweep(self, folder: str) -> int:
        """Remove what writers that died hours ago left unfinished in a sub-folder; give the number of files."""
        if self.local is None:
            return 0
        swept = 0
        for path in (self.local / folder).glob(f"*{UNFINISHED}"):
            with suppress(FileNotFoundError):
                if time.time() - path.stat().st_mtime > ABANDONED_SECONDS:
                    path.unlink()
                    swept += 1
        return swept


def _make_durable_folder(folder: Path) -> None:
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    for path in reversed(missing):
        path.mkdir(exist_ok=True)
        make_durable(path.parent)


def make_durable(path: Path) -> None:
    """Wait until the disk holds a file's bytes, or a folder's names."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
