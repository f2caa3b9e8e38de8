"""A lake and database without any rule, and a receiver of webhooks."""

import pytest
from sqlalchemy import delete

from core.alarms.store import AlarmRule
from core.database import AppDatabase
from core.identity import Person
from core.lake import Lake
from tests.core.alarms.receiver import receiving


@pytest.fixture
def ana() -> Person:
    return Person("ana")


@pytest.fixture
def lake(tmp_path) -> Lake:
    return Lake(tmp_path / "lake")


@pytest.fixture
def database(tmp_path) -> AppDatabase:
    opened = AppDatabase(tmp_path / "decisions.db")
    with opened.writing() as session:
        session.execute(delete(AlarmRule))
    return opened


@pytest.fixture
def receiver():
    with receiving() as server:
        yield server
