"""Secrets that must be kept, and read again, in the app database: encrypted by a key that lies in a file beside it."""

import os
from contextlib import suppress
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken

from core.settings import Settings, settings
from core.storage.home import FILE_MODE
from data.errors import AccountError, SettingError

FILE = "secret.key"


def encrypt(text: str, at: Settings | None = None) -> str:
    """Return a text as it may lie in a database.

    Args:
        text: the secret.
        at: settings that say where the key is, None for those of the process.

    Raises:
        SettingError: the key cannot be read or made.
    """
    return _fernet(at or settings()).encrypt(text.encode()).decode("ascii")


def decrypt(kept: str, at: Settings | None = None) -> str:
    """Return what `encrypt` was given.

    Args:
        kept: what it returned.
        at: settings that say where the key is, None for those of the process.

    Raises:
        AccountError: it was encrypted by another key.
        SettingError: the key cannot be read.
    """
    place = at or settings()
    try:
        return _fernet(place).decrypt(kept.encode("ascii", "replace")).decode()
    except InvalidToken as error:
        raise AccountError(
            str(_path(place)), "a secret in the app database belongs to another key", "Put the former file back."
        ) from error


def _path(at: Settings) -> Path:
    return Path(at.secret_key) if at.secret_key else at.home / FILE


def _fernet(at: Settings) -> Fernet:
    path = _path(at)
    try:
        _make(path)
        return Fernet(path.read_bytes().strip())
    except (OSError, ValueError) as error:
        raise SettingError(
            "WAFERSCOPE_SECRET_KEY",
            f"expected a file of one key at {path}, 44 characters of base64 ({error})",
            "Name a file that this process can read, the same for all replicas.",
        ) from error


def _make(path: Path) -> None:
    """Make a key where there is none; of two processes that do so at once one wins, and both use its key."""
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    mine = path.with_name(f"{path.name}.{os.getpid()}")
    with os.fdopen(os.open(mine, os.O_CREAT | os.O_EXCL | os.O_WRONLY, FILE_MODE), "wb") as file:
        file.write(Fernet.generate_key())
        file.flush()
        os.fsync(file.fileno())
    try:
        with suppress(FileExistsError):
            os.link(mine, path)
    finally:
        mine.unlink()
