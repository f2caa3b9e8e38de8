"""What the tables of the database share: their base, the types of their columns, and looking up a row."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, TypeVar

from sqlalchemy import JSON, DateTime, Dialect, MetaData, String
from sqlalchemy.orm import DeclarativeBase, MappedAsDataclass, Session
from sqlalchemy.types import TypeDecorator

from data.errors import AppDatabaseError

NAME_LENGTH = 200
"""Longest name of a person, wafer, rule or action, in characters."""
KEYS_AT_ONCE = 10_000
"""Most keys in one statement: databases bound the values that one may hold."""

Row = TypeVar("Row", bound="Base")


class Moment(TypeDecorator[datetime]):
    """A time, always aware and UTC in Python. SQLite, which knows no zones, holds it as UTC without one."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Turn a time into what the database holds.

        Raises:
            ValueError: it has no zone, so nobody can say which moment it is.
        """
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"expected a time with a zone, found {value.isoformat()}")
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Turn what the database holds into an aware UTC time."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Choice(TypeDecorator[StrEnum]):
    """A value of a StrEnum, kept as its text.

    Args:
        kind: the enumeration.
    """

    impl = String
    cache_ok = True

    def __init__(self, kind: type[StrEnum]) -> None:
        super().__init__(NAME_LENGTH)
        self.kind = kind

    def process_result_value(self, value: str | None, dialect: Dialect) -> StrEnum | None:
        """Turn the text into the value."""
        return None if value is None else self.kind(value)


class Base(MappedAsDataclass, DeclarativeBase, kw_only=True, eq=False):
    """Base of every table of database: typed columns, a constructor that takes them by name."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {datetime: Moment, dict[str, Any]: JSON, list[str]: JSON, str: String}  # noqa: RUF012


def row_by_id(session: Session, table: type[Row], number: int, what: str, remedy: str) -> Row:
    """Return a row of a table by its number.

    Args:
        session: of a transaction.
        table: whose row.
        number: of the row.
        what: a row of the table is, for people.
        remedy: what to do where there is none.

    Raises:
        AppDatabaseError: there is none of that number.
    """
    found = session.get(table, number)
    if found is None:
        raise AppDatabaseError(f"{what} {number}", f"there is no such {what}", remedy)
    return found


def now() -> datetime:
    """The present time, aware, as database are stamped with."""
    return datetime.now(UTC)
