"""An empty app database, once in SQLite and once in PostgreSQL."""

import pytest

from core.database import AppDatabase
from core.identity import Person
from tests.core.database.places import postgres_database, postgres_server


@pytest.fixture
def ana():
    return Person("ana")


@pytest.fixture(scope="session")
def server():
    with postgres_server() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request, tmp_path):
    """Where an empty database is to be: a path or a URL."""
    if request.param == "sqlite":
        yield str(tmp_path / "decisions.db")
        return
    with postgres_database(request.getfixturevalue("server")) as url:
        yield url


@pytest.fixture
def database(place):
    """An open database."""
    opened = AppDatabase(place)
    yield opened
    opened.close()
