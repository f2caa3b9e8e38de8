"""The home folder is for its owner alone, as are databases and secrets; and what killed processes left in it goes."""

import os
import re
import shutil
import stat
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from core.storage.folder import ABANDONED_SECONDS, UNFINISHED

FOLDER_MODE, FILE_MODE = 0o700, 0o600
_DATABASES = ("*.db", "*.db-wal", "*.db-shm")
_UNFINISHED = re.compile(rf".+\.[0-9a-f]{{32}}{re.escape(UNFINISHED)}")
_SCRATCH = re.compile(r"tmp[a-z0-9_]{8}")
"""Folders as `tempfile` names them."""


def open_home(home: Path, database: str, secrets: Iterable[Path] = ()) -> None:
    """Make the home folder for its owner alone, and take back what others may do with its databases and with secrets.

    Whoever starts calls it, so that what an earlier version left open is closed. What belongs to somebody else stays.

    Args:
        home: made when missing.
        database: path or URL of the app database.
        secrets: further files that nobody else shall read, as far as they are there.

    Raises:
        OSError: the folder cannot be made.
    """
    make_private_folder(home)
    own = [] if "://" in database else [Path(f"{database}{ending}") for ending in ("", "-wal", "-shm")]
    for path in (*own, *secrets, *(path for pattern in _DATABASES for path in home.glob(pattern))):
        keep_private(path, FILE_MODE)


def make_private_folder(folder: Path) -> None:
    """Make a folder that is for its owner alone; one that is there already becomes so.

    Raises:
        OSError: it cannot be made.
    """
    folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    keep_private(folder, FOLDER_MODE)


def make_private_file(path: Path) -> None:
    """Make an empty file that is for its owner alone; one that is there already becomes so.

    Raises:
        OSError: it cannot be made.
    """
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, FILE_MODE))
    keep_private(path, FILE_MODE)


def keep_private(path: Path, mode: int) -> None:
    """Take away what a mode does not allow; nothing where the path is not there, or not ours to change."""
    with suppress(OSError):
        present = stat.S_IMODE(path.stat().st_mode)
        if present & ~mode:
            path.chmod(present & mode)


def sweep(*places: Path) -> int:
    """Remove what writers that died hours ago left unfinished below some folders; give the number of files and folders.

    Only names that this app gives to what is not finished are looked at, and nothing that was changed lately.

    Args:
        places: folders, as far as they are there.
    """
    swept = 0
    for place in places:
        for folder, folders, names in os.walk(place):
            found = [Path(folder) / name for name in names if _UNFINISHED.fullmatch(name)]
            scratch = [name for name in folders if _SCRATCH.fullmatch(name)]
            folders[:] = [name for name in folders if name not in scratch]
            for path in (*found, *(Path(folder) / name for name in scratch)):
                swept += _removed(path)
    return swept


def _removed(path: Path) -> bool:
    with suppress(OSError):
        if time.time() - _changed(path) > ABANDONED_SECONDS:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
            return True
    return False


def _changed(path: Path) -> float:
    """When a file, or anything in a folder, was last changed."""
    inside = path.rglob("*") if path.is_dir() else ()
    times: list[float] = [one.lstat().st_mtime for one in (path, *inside)]
    return max(times)
