import shutil

import pytest

from core.database import AppDatabase
from core.lake import Lake


@pytest.fixture(scope="package")
def empty_database(tmp_path_factory):
    """An app database with all its tables and nothing decided; setting one up takes a second."""
    place = tmp_path_factory.mktemp("decisions") / "decisions.db"
    AppDatabase(place).close()
    return place


@pytest.fixture
def lake(tmp_path):
    return Lake(tmp_path / "lake")


@pytest.fixture
def database(tmp_path, empty_database):
    opened = AppDatabase(shutil.copy(empty_database, tmp_path / "decisions.db"))
    yield opened
    opened.close()
