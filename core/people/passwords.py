"""Passwords: hashed by argon2id, checked two at a time, and refused when they are short or well known."""

import threading
from datetime import datetime
from functools import cache
from itertools import pairwise
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, Session, mapped_column

from core.database.schema import Base, now
from data.errors import PasswordError

LEAST, MOST = 12, 256
"""Characters of a password."""
MEMORY_KIB, PASSES = 19 * 1024, 2
AT_ONCE = 2
"""Each takes 19 MiB and a core: whoever tries many passwords keeps no others from their work."""
HASH_LENGTH = 200
COMMON = Path(__file__).parent / "assets" / "common_passwords.txt"
_FOLDED = str.maketrans("@$03", "asoe")
_UP = ("01234567890", "abcdefghijklmnopqrstuvwxyz", "qwertyuiop", "qwertzuiop", "asdfghjkl", "zxcvbnm")
_ROWS = tuple(row.translate(_FOLDED) for up in _UP for row in (up, up[::-1]))

_HASHER = PasswordHasher(time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=1)
_TURNS = threading.BoundedSemaphore(AT_ONCE)


class Password(Base):
    """The password of an account that signs in by one.

    Args:
        account_id: whose.
        hash: by argon2id, with its salt and its costs.
        changed_at: when it was set.
    """

    __tablename__ = "passwords"

    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), primary_key=True)
    hash: Mapped[str] = mapped_column(String(HASH_LENGTH))
    changed_at: Mapped[datetime]


def hash_password(password: str) -> str:
    """Return what is kept of a password."""
    with _TURNS:
        return _HASHER.hash(_bytes(password))


def verify(hashed: str | None, password: str) -> bool:
    """Return whether a password is the one that was hashed; without one it takes as long and is none.

    Args:
        hashed: what is kept of it, None where there is no such account or no password.
        password: as somebody wrote it.
    """
    with _TURNS:
        try:
            matches = _HASHER.verify(hashed or _of_nobody(), _bytes(password[: MOST + 1]))
        except (VerificationError, InvalidHashError):
            return False
    return matches and hashed is not None


def needs_new_hash(hashed: str) -> bool:
    """Return whether a password was hashed at other costs than today's."""
    return _HASHER.check_needs_rehash(hashed)


def password_of(session: Session, account_id: int) -> str | None:
    """Return what is kept of an account's password, None where it has none."""
    kept = session.get(Password, account_id)
    return kept.hash if kept else None


def keep_password(session: Session, account_id: int, hashed: str) -> None:
    """Keep the password of an account in place of an older one.

    Args:
        session: of a transaction.
        account_id: whose.
        hashed: what `hash_password` returned.
    """
    session.merge(Password(account_id=account_id, hash=hashed, changed_at=now()))


def check_new(password: str, *own: str) -> None:
    """Refuse a new password that is easily guessed. Of what kinds its characters are is its owner's business.

    Args:
        password: the new one.
        own: what others know of its owner, as the e-mail address and the name.

    Raises:
        PasswordError: it is too short, too long, well known, or little more than the owner's name.
    """
    if not LEAST <= len(password) <= MOST:
        raise PasswordError(
            "password",
            f"expected {LEAST} to {MOST} characters, found {len(password)}",
            "Several words make a good one.",
        )
    plain = password.strip().lower()
    if _worth(plain) < LEAST // 2:
        raise PasswordError("password", "this one is among the first that are guessed", "Use several words.")
    for known in own:
        for part in (known.lower(), known.lower().partition("@")[0]):
            if len(part) > LEAST // 3 and part in plain and len(plain) - len(part) < LEAST // 2:
                raise PasswordError("password", "it is little more than your name or e-mail", "Use several words.")


def _worth(plain: str) -> int:
    """Return how many pieces a guesser has to find: a well-known word, a run and a repeated sign are one each."""
    folded = plain.translate(_FOLDED)
    for word in _common():
        folded = folded.replace(word, "\0")
    runs = sum(a == b or any(a + b in row for row in _ROWS) for a, b in pairwise(folded))
    return min(len(folded) - runs, 2 * len(set(folded)))


def _bytes(password: str) -> bytes:
    return password.encode("utf-8", "surrogatepass")


@cache
def _of_nobody() -> str:
    return _HASHER.hash(b"nobody signs in with this")


@cache
def _common() -> tuple[str, ...]:
    words = {word.translate(_FOLDED) for word in COMMON.read_text(encoding="utf-8").split()}
    return tuple(sorted(words, key=len, reverse=True))
