"""Bringing a database of decisions to the schema of this version, by one process at a time."""

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

from data.errors import DecisionsError

MIGRATIONS = Path(__file__).parent / "migrations"
MIGRATION_LOCK = 0x57414644  # any number that nobody else locks in the same PostgreSQL database

_UPGRADING = threading.Lock()  # alembic keeps what it works on in a global


class NewEngine(Protocol):
    """Opens the database; without foreign keys where tables are to be made anew."""

    def __call__(self, *, foreign_keys: bool) -> Engine:
        """Open it."""


def to_head(url: URL, new_engine: NewEngine) -> None:
    """Bring a database to the present schema, in one transaction and one process at a time.

    Args:
        url: where it is.
        new_engine: opens it.

    Raises:
        DecisionsError: a newer version has written it.
    """
    config = _config()
    scripts = ScriptDirectory.from_config(config)
    engine = new_engine(foreign_keys=False)
    try:
        with _alone(url), engine.begin() as connection:
            if url.get_backend_name() == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": MIGRATION_LOCK})
            found = set(MigrationContext.configure(connection).get_current_heads())
            if found == set(scripts.get_heads()):
                return
            unknown = found - {script.revision for script in scripts.walk_revisions()}
            if unknown:
                raise DecisionsError(
                    url.render_as_string(hide_password=True),
                    f"a newer version of Waferscope has written it (schema {', '.join(sorted(unknown))})",
                    "Start that version, or point WAFERSCOPE_DECISIONS elsewhere.",
                )
            _upgrade(config, connection)
    finally:
        engine.dispose()


def _upgrade(config: Config, connection: Connection) -> None:
    config.attributes["connection"] = connection
    with _UPGRADING:
        command.upgrade(config, "head")


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
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(path.with_name(f"{path.name}.lock")):
        yield
