"""Bringing an app database to the schema of this version, by one process at a time."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from filelock import FileLock
from sqlalchemy import URL, Connection, Engine, text

from core.storage.home import make_private_folder
from data.errors import AppDatabaseError

MIGRATIONS = Path(__file__).parents[1] / "migrations"
MIGRATION_LOCK = 0x57414644  # any number that nobody else locks in the same PostgreSQL database

_UPGRADING = threading.Lock()  # alembic keeps what it works on in a global


class NewEngine(Protocol):
    """Opens the database; without foreign keys where tables are to be made anew."""

    def __call__(self, *, foreign_keys: bool) -> Engine:
        """Open it."""


def to_head(url: URL, readers: Engine, new_engine: NewEngine) -> None:
    """Bring a database to the present schema, in one transaction and one process at a time.

    One that has it already is only read: whoever writes there meanwhile is not held up.

    Args:
        url: where it is.
        readers: reads it without a lock.
        new_engine: opens it to be changed.

    Raises:
        AppDatabaseError: a newer version has written it.
    """
    config = _config()
    scripts = ScriptDirectory.from_config(config)
    with _alone(url):
        with readers.connect() as connection:
            if _heads(connection) == set(scripts.get_heads()):
                return
        engine = new_engine(foreign_keys=False)
        try:
            with engine.begin() as connection:
                _upgrade(url, connection, scripts, config)
        finally:
            engine.dispose()


def _upgrade(url: URL, connection: Connection, scripts: ScriptDirectory, config: Config) -> None:
    if url.get_backend_name() == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": MIGRATION_LOCK})
    unknown = _heads(connection) - {script.revision for script in scripts.walk_revisions()}
    if unknown:
        raise AppDatabaseError(
            url.render_as_string(hide_password=True),
            f"a newer version of Waferscope has written it (schema {', '.join(sorted(unknown))})",
            "Start that version, or point WAFERSCOPE_DATABASE elsewhere.",
        )
    config.attributes["connection"] = connection
    with _UPGRADING:
        command.upgrade(config, "head")


def _heads(connection: Connection) -> set[str]:
    return set(MigrationContext.configure(connection).get_current_heads())


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


@contextmanager
def _alone(url: URL) -> Iterator[None]:
    """Keep other processes from migrating the same SQLite file. PostgreSQL has a lock of its own."""
    if url.get_backend_name() != "sqlite":
        yield
        return
    path = Path(url.database or "")
    if not path.parent.exists():
        make_private_folder(path.parent)
    with FileLock(path.with_name(f"{path.name}.lock")):
        yield
