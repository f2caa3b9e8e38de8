"""A registry of three versions of the tiny model, made once and copied: MLflow takes seconds to make its database."""

import shutil
from pathlib import Path

import pytest
from sqlalchemy import Engine, event

from core.decisions import Decisions
from core.identity import Person
from core.registry.card import card_of
from core.registry.store import Registry
from core.settings import Settings
from tests.core.registry.models import report, write_model

ANA = Person("ana")


@event.listens_for(Engine, "connect")
def hurried(connection, _entry) -> None:
    """MLflow's fifty migrations wait for the disk after each step; no test here pulls the plug."""
    if str(connection.execute("PRAGMA database_list").fetchone()[2]).endswith("mlflow.db"):
        connection.execute("PRAGMA synchronous=OFF")


@pytest.fixture(scope="session")
def made_home(tmp_path_factory) -> Path:
    """Versions 1, 2 and 3: as good as the shipped one's report says, then 5 points better, then worse in scratch."""
    home = tmp_path_factory.mktemp("registry")
    registry = Registry(Settings(home=home))
    for name, better in (("one", {}), ("two", dict.fromkeys(("edge", "ring"), 0.2)), ("three", {"scratch": -0.1})):
        model = write_model(home, name)
        reports = [report(home, model, better)]
        registry.register(model, card_of(model, reports, data="synthetic", commit="abc1234"), ANA, f"model {name}")
    return home


@pytest.fixture
def at(made_home, tmp_path) -> Settings:
    """Settings of a home of its own with those versions."""
    shutil.copytree(made_home, tmp_path / "home")
    return Settings(home=tmp_path / "home", gate_latency_ms=1e9)  # no claim here may hang on how busy the machine is


@pytest.fixture
def registry(at) -> Registry:
    return Registry(at)


@pytest.fixture
def decisions(at):
    opened = Decisions(at.decisions_place)
    yield opened
    opened.close()
