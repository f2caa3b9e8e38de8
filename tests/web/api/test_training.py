import time

import pytest

TRAIN = "/api/v1/train"


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"name": "../x"}, "name"),
        ({"name": "a", "recipe": "Soup"}, "recipe"),
        ({"name": "a", "hyperparameters": {"tempo": 3}}, "hyperparameters.tempo"),
        ({"name": "a", "hyperparameters": {"name": "b"}}, "hyperparameters.name"),
        ({"name": "a", "hyperparameters": {"steps": "many"}}, "hyperparameters.steps"),
        ({"name": "a", "hyperparameters": {"steps": True}}, "hyperparameters.steps"),
        ({"name": "a", "hyperparameters": {"steps": 0}}, "hyperparameters"),
        ({"name": "a", "hyperparameters": {"encoder": "vit"}}, "hyperparameters.encoder"),
        ({"name": "a", "hyperparameters": {"from": "/etc/passwd"}}, "hyperparameters.from"),
        ({"name": "a", "hyperparameters": {"real": ["/etc/x.npz"]}}, "hyperparameters.real"),
        ({"name": "a", "hyperparameters": {"unlabelled": ["x.npz"]}}, "hyperparameters.unlabelled"),
    ],
)
def test_settings_that_cannot_be_and_paths_are_refused_by_their_place(client, home, asked, field):
    response = client.post(TRAIN, json=asked)
    assert response.status_code == 422
    assert response.json()["error"]["details"]["field"] == field
    assert client.get(TRAIN).json()["data"] == []


@pytest.mark.parametrize("path", ["status", "metrics", "log"])
def test_a_training_that_is_not_there_is_not_found(client, home, path):
    assert client.get(f"{TRAIN}/7/{path}").status_code == 404
    assert client.get(f"{TRAIN}/99999999999/{path}").status_code == 404


@pytest.mark.slow
def test_a_training_is_started_watched_and_stopped(client, home):
    pytest.importorskip("torch", reason="training needs torch; run make train-setup")
    asked = {
        "name": "tiny",
        "hyperparameters": {
            "encoder": "dies",
            "depth": 4,
            "decoder_channels": [32, 24, 16, 8],
            "steps": 100_000,
            "seed": 1,
        },
    }
    response = client.post(TRAIN, json=asked)
    assert response.status_code == 201, response.text
    number = response.json()["data"]["training_job_id"]
    assert client.post(f"{TRAIN}/{number}/resume").status_code == 409
    assert client.post(f"{TRAIN}/{number}/cancel").status_code == 200
    for _ in range(600):
        data = client.get(f"{TRAIN}/{number}/status").json()["data"]
        if data["ended_at"]:
            break
        time.sleep(0.1)
    assert data["status"] == "cancelled"
    assert client.get(f"{TRAIN}/{number}/metrics").json()["data"]["run"] == "tiny"
    assert client.get(f"{TRAIN}/{number}/log").status_code == 200
    assert client.post(f"{TRAIN}/{number}/cancel").status_code == 409
