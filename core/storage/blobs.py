"""The original files of all wafers, each once, named by the hash of its bytes."""

import hashlib
from pathlib import Path
from typing import IO

from core.storage.folder import Folder
from data.errors import LakeError

_CHUNK = 2**20


class Blobs:
    """Content-addressed files below a folder or URL: what was added once is never written again, and never changes.

    Args:
        url: folder or fsspec URL.

    Raises:
        LakeError: the place cannot be used.

    Example:
        >>> blobs = Blobs("memory://blobs-example")
        >>> blobs.read(blobs.add(b"wafer"))
        b'wafer'
    """

    def __init__(self, url: str | Path) -> None:
        self._folder = Folder(url)

    def add(self, content: bytes) -> str:
        """Keep a file's bytes.

        Returns:
            Their sha256, by which they are read again.
        """
        sha256 = hashlib.sha256(content).hexdigest()
        if sha256 not in self:
            with self._folder.new_file(_name(sha256)) as path:
                path.write_bytes(content)
        return sha256

    def add_stream(self, stream: IO[bytes], sha256: str) -> None:
        """Keep an open file whose hash is known already, with little memory.

        Raises:
            LakeError: its bytes have another hash, for it was changed meanwhile; nothing is kept.
        """
        if sha256 in self:
            return
        digest = hashlib.sha256()
        with self._folder.new_file(_name(sha256)) as path, path.open("wb") as file:
            while chunk := stream.read(_CHUNK):
                digest.update(chunk)
                file.write(chunk)
            if digest.hexdigest() != sha256:
                problem = f"expected content with hash {sha256[:12]}, found {digest.hexdigest()[:12]}: it was changed"
                raise LakeError(str(getattr(stream, "name", "file")), problem, "Ingest it again when it is complete.")

    def read(self, sha256: str) -> bytes:
        """Return a file's bytes.

        Raises:
            LakeError: no such file is kept.
        """
        try:
            return self._folder.read(_name(sha256))
        except FileNotFoundError as error:
            problem = f"there is no original file with hash {sha256!r}"
            raise LakeError(self._folder.address(""), problem, "Ingest the file again.") from error

    def __contains__(self, sha256: str) -> bool:
        """Whether a file with this hash is kept."""
        return self._folder.exists(_name(sha256))


def _name(sha256: str) -> str:
    return f"{sha256[:2]}/{sha256}"
