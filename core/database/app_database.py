"""The app database: SQLite in a file, or PostgreSQL by URL, brought to the present schema when opened."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionError
from sqlalchemy.orm import Session
from sqlalchemy.pool import ConnectionPoolEntry

from core.database import migrating
from core.database.write_queue import WriteQueue
from core.storage.home import make_private_file, make_private_folder
from data.errors import AppDatabaseError

BUSY_SECONDS = 30
WRITER_LOCK = 0x57415645  # any number that nobody else locks in the same PostgreSQL database
_BEGIN = "waferscope_begin"
_OF_THE_PLACE = (OperationalError, InterfaceError, NoConnectionError)
"""What is raised about the database as a whole, not about what one asked of it."""


class AppDatabase:
    """What people decide. Threads share one; processes each open their own, on the same place.

    What `writing` has returned for survives kill -9 and power loss; what it has not returned for is there whole or not
    at all.

    Args:
        place: path of an SQLite file (made with its folders when missing), or a postgresql:// URL.
        busy_seconds: for which a writer waits for others before it gives up.

    Raises:
        AppDatabaseError: the place cannot be used, or a newer version has been there.

    Example:
        >>> from tempfile import mkdtemp
        >>> from core.root_causes import findings_by_keys, write_finding
        >>> from core.identity import Person
        >>> database = AppDatabase(Path(mkdtemp()) / "decisions.db")
        >>> with database.writing() as session:
        ...     finding = write_finding(session, "L1:W01", "worn CMP pad", "", Person("ana"))
        >>> with database.reading() as session:
        ...     findings_by_keys(session, ["L1:W01"])["L1:W01"].root_cause
        'worn CMP pad'
    """

    def __init__(self, place: str | Path, *, busy_seconds: float = BUSY_SECONDS) -> None:
        self._busy_seconds = busy_seconds
        self.url = url_of(place)
        self.name = str(place) if self._is_sqlite else self.url.render_as_string(hide_password=True)
        # SQLite itself makes writers poll, and under load some starve.
        self._writers = WriteQueue(Path(f"{self.url.database}.line")) if self._is_sqlite else None
        begin = {_BEGIN: "DEFERRED"} if self._is_sqlite else {"isolation_level": "REPEATABLE READ"}
        try:
            self.engine = self._new_engine()
            self._readers = self.engine.execution_options(**begin)
            migrating.to_head(self.url, self._readers, self._new_engine)
        except (DBAPIError, OSError) as error:
            raise self._unusable(error) from error

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """Return a session in a transaction that is kept when the block ends well, and undone when it raises.

        One block at a time runs on a database, whoever else writes: what is read in it still holds when it is written.
        So keep it short. Rows stay readable after it.

        Raises:
            AppDatabaseError: the database cannot be reached or written, or others kept it busy too long.
        """
        try:
            turn = self._writers.turn() if self._writers else nullcontext()
            with turn, Session(self.engine, expire_on_commit=False) as session, session.begin():
                if not self._is_sqlite:
                    session.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": WRITER_LOCK})
                yield session
        except _OF_THE_PLACE as error:
            raise self._unusable(error) from error

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Return a session that sees one moment of the database; what is changed in it is not kept.

        Raises:
            AppDatabaseError: the database cannot be reached.
        """
        try:
            with Session(self._readers, expire_on_commit=False) as session:
                yield session
        except _OF_THE_PLACE as error:
            raise self._unusable(error) from error

    def close(self) -> None:
        """Let go of the connections; the next use opens new ones."""
        self.engine.dispose()

    @property
    def _is_sqlite(self) -> bool:
        return self.url.get_backend_name() == "sqlite"

    def _new_engine(self, *, foreign_keys: bool = True) -> Engine:
        if self._is_sqlite:
            return _sqlite_engine(self.url, self._busy_seconds, foreign_keys=foreign_keys)
        return create_engine(self.url, pool_pre_ping=True, connect_args={"timeout": 2 * self._busy_seconds})

    def _unusable(self, error: Exception) -> AppDatabaseError:
        return AppDatabaseError(
            self.name,
            f"the app database cannot be used ({_said(error)})",
            "Check that its place exists, has room and may be written, and that WAFERSCOPE_DATABASE is right.",
        )


def _said(error: Exception) -> str:
    """What the driver said, without the statement, which may hold what nobody should read."""
    if not isinstance(error, DBAPIError):
        return str(error)
    words = error.orig.args[0] if error.orig and error.orig.args else type(error).__name__
    return str(words.get("M", words) if isinstance(words, dict) else words)


def url_of(place: str | Path) -> URL:
    """Return how SQLAlchemy reaches a place.

    Args:
        place: path of an SQLite file, or a postgresql:// URL.

    Raises:
        AppDatabaseError: it is neither.
    """
    if "://" not in str(place):
        return URL.create("sqlite", database=str(Path(place).absolute()))
    try:
        url = make_url(str(place))
    except (ArgumentError, ValueError) as error:
        raise _unknown_place(str(place).partition("://")[0]) from error
    if url.get_backend_name() != "postgresql":
        raise _unknown_place(url.drivername)
    return url.set(drivername="postgresql+pg8000")


def _unknown_place(kind: str) -> AppDatabaseError:
    return AppDatabaseError(
        "WAFERSCOPE_DATABASE",
        f"expected a file's path or a postgresql:// URL, found one of {kind!r}",
        "Write postgresql://USER:PASSWORD@HOST/DATABASE, or unset it.",
    )


def _sqlite_engine(url: URL, busy_seconds: float, *, foreign_keys: bool) -> Engine:
    path = Path(url.database or "")
    if not path.parent.exists():
        make_private_folder(path.parent)
    make_private_file(path)  # what SQLite puts beside it gets the same rights
    engine = create_engine(url, connect_args={"timeout": busy_seconds, "isolation_level": None})

    @event.listens_for(engine, "connect")
    def connected(connection: object, _entry: ConnectionPoolEntry) -> None:
        cursor = connection.cursor()  # type: ignore[attr-defined]
        for pragma in ("journal_mode=WAL", "synchronous=FULL", f"foreign_keys={int(foreign_keys)}"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    # The driver would begin too late and without the lock, so it is kept from beginning at all.
    @event.listens_for(engine, "begin")
    def begun(connection: Connection) -> None:
        connection.exec_driver_sql(f"BEGIN {connection.get_execution_options().get(_BEGIN, 'IMMEDIATE')}")

    return engine
