import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient

from web.api import make_api
from web.api.service import PATH


@pytest.fixture
def home(tmp_path, monkeypatch, tiny_model_path):
    """An empty workspace with the tiny model."""
    monkeypatch.setenv("WAFERSCOPE_HOME", str(tmp_path))
    monkeypatch.setenv("WAFERSCOPE_MODEL", str(tiny_model_path))
    return tmp_path


@pytest.fixture
def client(home):
    """Asks the API of that workspace, mounted as the app mounts it."""
    with TestClient(Starlette(routes=[Mount(PATH, make_api())]), base_url="http://localhost") as asking:
        yield asking
