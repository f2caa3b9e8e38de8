"""What is kept about a person, for them to take away: account, sessions, keys, and what the trail says of them."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from core.database.trail_search import TrailFilter, row_of, walk
from core.identity import Person
from core.people.accounts import find_account
from core.people.keys import list_keys
from core.people.roles import Permission, permit
from core.people.second_factor import codes_left, has_second_factor
from core.people.sessions import list_sessions
from data.errors import AccountError

Plain = dict[str, Any]


def own_data(session: Session, person: Person) -> Plain:
    """Return what is kept about the acting person, as JSON knows it; no secrets, and no hashes of them.

    Args:
        session: of a transaction.
        person: whose data.

    Raises:
        AccountError: the acting person has no account.
    """
    permit(person, Permission.ACCOUNT_WRITE)
    if person.id is None:
        raise AccountError(person.name, "there is no account with data", "Sign in.")
    account = find_account(session, person.id)
    names = ("id", "name", "email", "sign_in", "role", "products", "active", "created_at", "last_seen_at")
    factor = {"second_factor": has_second_factor(session, account.id), "codes_left": codes_left(session, account.id)}
    of_session = ("id", "started_at", "seen_at", "ends_at", "address", "browser")
    of_key = ("name", "prefix", "scopes", "made_at", "ends_at", "last_used_at", "last_address", "revoked_at")
    return {
        "account": _fields(account, names) | factor,
        "sessions": [_fields(visit, of_session) for visit in list_sessions(session, account.id)],
        "keys": [_fields(key, of_key) for key in list_keys(session, account.id)],
        "trail": [_plain(row_of(entry)) for entry in walk(session, TrailFilter(person_id=account.id))],
    }


def as_rows(data: Mapping[str, Any]) -> Iterator[Plain]:
    """Return the same as the rows of a table: kind, number, field and value.

    Example:
        >>> list(as_rows({"account": {"name": "Ana"}, "keys": [{"prefix": "ab"}]}))[1]
        {'kind': 'keys', 'number': 1, 'field': 'prefix', 'value': 'ab'}
    """
    for kind, held in data.items():
        for number, fields in enumerate(held if isinstance(held, list) else [held], 1):
            for field, value in fields.items():
                yield {"kind": kind, "number": number, "field": field, "value": value}


def _fields(row: object, names: tuple[str, ...]) -> Plain:
    return _plain({name: getattr(row, name) for name in names})


def _plain(fields: Plain) -> Plain:
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in fields.items()}
