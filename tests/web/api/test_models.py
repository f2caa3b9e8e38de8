import hashlib

import pytest

from core.registry.store import Registry
from core.settings import Settings

MODELS = "/api/v1/models"


def test_the_shipped_version_is_listed_described_and_sent(client, home):
    (row,) = client.get(MODELS).json()["data"]
    assert (row["model_version"], row["status"]) == (0, "production")
    card = Registry(Settings(home=home)).version(0).card
    told = client.get(f"{MODELS}/0/metadata").json()["data"]
    assert told["card"]["sha256"] == card.sha256
    file = client.get(f"{MODELS}/0")
    assert hashlib.sha256(file.content).hexdigest() == card.sha256 == file.headers["x-model-sha256"]
    served = client.get(f"{MODELS}/served").json()["data"]
    assert served == {"production": 0, "challenger": None, "challenger_share": 0.0, "before": []}


@pytest.mark.parametrize("version", [7, 2**31 - 1])
def test_a_version_that_is_not_there_is_not_found(client, home, version):
    assert client.get(f"{MODELS}/{version}").status_code == 404
    assert client.get(f"{MODELS}/{version}/metadata").status_code == 404
    assert client.post(f"{MODELS}/{version}/promote").status_code == 404
    assert client.put(f"{MODELS}/challenger", json={"model_version": version}).status_code == 404


def test_what_does_not_go_as_things_stand_is_a_conflict(client, home):
    assert client.post(f"{MODELS}/0/promote").status_code == 409
    assert client.post(f"{MODELS}/rollback").status_code == 409
    assert client.put(f"{MODELS}/challenger", json={"model_version": 0}).status_code == 409
    assert client.put(f"{MODELS}/challenger", json={"model_version": None}).status_code == 409
    assert client.get(MODELS).json()["data"][0]["status"] == "production"


@pytest.mark.parametrize("path", ["x", "-1", str(2**31)])
def test_a_version_is_a_number(client, home, path):
    assert client.get(f"{MODELS}/{path}").status_code == 422
    assert client.put(f"{MODELS}/challenger", json={"model_version": 1, "share": 0.9}).status_code == 422
