"""A registry of three versions of the tiny model, made once and copied: MLflow takes seconds to make its database."""

import shutil
from pathlib import Path

import pytest

from core.database import AppDatabase
from core.registry.store import Registry
from core.settings import Settings
from tests.core.registry.models import make_home


@pytest.fixture(scope="session")
def made_home(tmp_path_factory) -> Path:
    """Versions 1, 2 and 3: as good as the shipped one's report says, then 5 points better, then worse in scratch."""
    return make_home(tmp_path_factory.mktemp("registry"))


@pytest.fixture
def at(made_home, tmp_path) -> Settings:
    """Settings of a home of its own with those versions."""
    shutil.copytree(made_home, tmp_path / "home")
    return Settings(home=tmp_path / "home", gate_latency_ratio=1e9)  # no claim here may hang on how busy the machine is


@pytest.fixture
def registry(at) -> Registry:
    return Registry(at)


@pytest.fixture
def database(at):
    opened = AppDatabase(at.database_place)
    yield opened
    opened.close()
