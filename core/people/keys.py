"""Keys of machines: shown once, kept as a hash, narrowed to scopes, with an end, replaced without a gap."""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from core.database import audit
from core.database.schema import NAME_LENGTH, Base, now, row_by_id
from core.identity import LONGEST_NAME, Person
from core.people.accounts import Account, acting, find_account
from core.people.roles import Permission, permit
from core.people.tokens import HASH_LENGTH, hash_of
from data.errors import AccountError

START = "ws"
PREFIX_BYTES, SECRET_BYTES = 4, 16
OVERLAP_HOURS = 24.0
"""For how long a key still works beside the one that replaces it."""
USED_SECONDS = 60.0
"""How exactly it is kept when a key was last used."""


class ApiKey(Base):
    """A key that was given out.

    Args:
        account_id: who acts by it.
        name: what it is for.
        prefix: by which one knows it again; it stands in the key itself.
        secret_hash: SHA-256 of the whole key.
        scopes: permissions that it has, as far as its account has them.
        made_at: when.
        ends_at: when it is worth nothing any more, None for never.
        last_used_at: to the minute or so, None where it was never used.
        last_address: from which it was last used.
        revoked_at: when it was taken back, None where it was not.
    """

    __tablename__ = "api_keys"

    id: Mapped[int] = mapped_column(init=False, primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), index=True)
    name: Mapped[str] = mapped_column(String(NAME_LENGTH))
    prefix: Mapped[str] = mapped_column(String(2 * PREFIX_BYTES), unique=True)
    secret_hash: Mapped[str] = mapped_column(String(HASH_LENGTH))
    scopes: Mapped[list[str]]
    made_at: Mapped[datetime]
    ends_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    last_address: Mapped[str] = mapped_column(String(NAME_LENGTH))
    revoked_at: Mapped[datetime | None]


def make_key(
    session: Session, person: Person, name: str, scopes: Sequence[Permission], ends_at: datetime | None = None
) -> str:
    """Make a key by which a machine acts as a person, and return it; nobody sees it again.

    Args:
        session: of a transaction.
        person: who acts by it.
        name: what it is for.
        scopes: what it may do; not more than the person may.
        ends_at: when it is worth nothing any more, None for never.

    Raises:
        NotAllowedError: a scope is none that the person has.
        AccountError: the person has no account, there is no name or scope, or the end has passed.
    """
    permit(person, Permission.ACCOUNT_WRITE)
    for scope in scopes:
        permit(person, scope)
    shown = " ".join(name.split())
    if person.id is None:
        raise AccountError(person.name, "a key belongs to an account", "Sign in, and make it then.")
    if not 0 < len(shown) <= LONGEST_NAME:
        raise AccountError("name", f"a key's name has 1 to {LONGEST_NAME} characters", "Say what it is for.")
    if not scopes:
        raise AccountError(shown, "a key without scopes can do nothing", "Choose what it may do.")
    if ends_at is not None and ends_at <= now():
        raise AccountError(shown, "its end has passed already", "Choose a later one, or none.")
    return _add(session, person, person.id, shown, sorted({scope.value for scope in scopes}), ends_at)


def key_of(session: Session, text: str) -> tuple[Person, tuple[str, ...]] | None:
    """Return who acts by a key and what it may do, None where it is none, has ended, or its account is not active.

    What the account may not do the key may not do either: the person asks `permit` with both.

    Args:
        session: of a transaction.
        text: the key as a machine sent it.
    """
    found = _standing(session, text)
    if found is None:
        return None
    key, account = found
    person = acting(account)
    scopes = tuple(key.scopes)
    return Person(person.name, person.origin, person.id, person.role, person.products, scopes), scopes


def use_key(session: Session, text: str, *, address: str) -> None:
    """Keep that a key is used now, once a minute at most.

    Args:
        session: of a transaction.
        text: the key.
        address: from which.
    """
    found = _standing(session, text)
    if found is None:
        return
    key, moment = found[0], now()
    if key.last_used_at is None or moment - key.last_used_at >= timedelta(seconds=USED_SECONDS):
        key.last_used_at = moment
    key.last_address = address[:NAME_LENGTH]


def rotate(session: Session, person: Person, number: int, overlap_hours: float = OVERLAP_HOURS) -> str:
    """Return a new key in place of one, which goes on working for a while so that nothing stands still.

    Args:
        session: of a transaction.
        person: whose key it is, or an admin.
        number: of the old key.
        overlap_hours: for which the old one still works.

    Raises:
        NotAllowedError: it is somebody else's key, and the acting person may not change accounts.
        AccountError: the key has ended.
    """
    old = _theirs(session, person, number)
    moment = now()
    if not _stands(old, moment):
        raise AccountError(old.name, "this key has ended", "Make a new one.")
    lasts = None if old.ends_at is None else moment + (old.ends_at - old.made_at)
    text = _add(session, person, old.account_id, old.name, list(old.scopes), lasts)
    last = moment + timedelta(hours=overlap_hours)
    old.ends_at = last if old.ends_at is None else min(old.ends_at, last)
    return text


def revoke(session: Session, person: Person, number: int) -> None:
    """Take a key back: it is worth nothing from now on.

    Raises:
        NotAllowedError: it is somebody else's key, and the acting person may not change accounts.
    """
    key = _theirs(session, person, number)
    if key.revoked_at is None:
        key.revoked_at = now()
        audit.record(session, person, "key.revoke", f"key {key.prefix}", {"name": key.name})


def list_keys(session: Session, account_id: int) -> list[ApiKey]:
    """List the keys of an account, also those that have ended, newest first."""
    wanted = select(ApiKey).where(ApiKey.account_id == account_id).order_by(ApiKey.id.desc())
    return list(session.scalars(wanted))


def stands(key: ApiKey) -> bool:
    """Return whether a key works now."""
    return _stands(key, now())


def _stands(key: ApiKey, moment: datetime) -> bool:
    return key.revoked_at is None and (key.ends_at is None or key.ends_at > moment)


def _standing(session: Session, text: str) -> tuple[ApiKey, Account] | None:
    start, _, rest = text.partition("_")
    prefix, _, _secret = rest.partition("_")
    if start != START or len(prefix) != 2 * PREFIX_BYTES:
        return None
    key = session.scalar(select(ApiKey).where(ApiKey.prefix == prefix))
    if key is None or not secrets.compare_digest(key.secret_hash, hash_of(text)) or not stands(key):
        return None
    account = find_account(session, key.account_id)
    return (key, account) if account.active else None


def _theirs(session: Session, person: Person, number: int) -> ApiKey:
    key = row_by_id(session, ApiKey, number, "key", "Look at the list of keys.")
    permit(person, Permission.ACCOUNT_WRITE if key.account_id == person.id else Permission.USER_WRITE)
    return key


def _add(
    session: Session, person: Person, account_id: int, name: str, scopes: list[str], ends_at: datetime | None
) -> str:
    prefix = secrets.token_hex(PREFIX_BYTES)
    text = f"{START}_{prefix}_{secrets.token_hex(SECRET_BYTES)}"
    session.add(
        ApiKey(
            account_id=account_id,
            name=name,
            prefix=prefix,
            secret_hash=hash_of(text),
            scopes=scopes,
            made_at=now(),
            ends_at=ends_at,
            last_used_at=None,
            last_address="",
            revoked_at=None,
        )
    )
    said = {"name": name, "scopes": scopes, "ends": ends_at.isoformat() if ends_at else None}
    audit.record(session, person, "key.make", f"key {prefix}", said)
    return text
