"""A folder of exported files as one archive."""

import zipfile
from pathlib import Path
from typing import IO

_PACKED_ALREADY = {".png", ".npz", ".pdf", ".xlsx"}


def zip_folder(folder: Path, file: IO[bytes]) -> None:
    """Write all files of a folder, and of those in it, as one archive.

    Args:
        folder: where they are.
        file: where to write; it need not be seekable.
    """
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in files_below(folder):
            kind = zipfile.ZIP_STORED if path.suffix in _PACKED_ALREADY else zipfile.ZIP_DEFLATED
            archive.write(path, path.relative_to(folder).as_posix(), kind)


def files_below(folder: Path) -> list[Path]:
    """List the files of a folder and of those in it, by path."""
    return sorted(path for path in folder.rglob("*") if path.is_file())
