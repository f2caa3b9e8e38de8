"""A workspace from which jobs of the tests' own are started."""

import pytest

from core.settings import Settings
from tests.core.job_examples import start_jobs_from


@pytest.fixture
def at(tmp_path, monkeypatch) -> Settings:
    """Settings of a workspace, from which jobs of the test's own are started."""
    start_jobs_from(tmp_path / "project", monkeypatch)
    return Settings(home=tmp_path / "home")
