import io
import time
import zipfile

import pytest

from core.lake import Lake
from data.formats.write import write_npz
from tests.core.lake_examples import drawn

BATCHES = "/api/v1/predict/batch-async"

pytestmark = pytest.mark.slow


def ended(client, name):
    for _ in range(600):
        data = client.get(f"{BATCHES}/{name}/status").json()["data"]
        if data["status"] in ("completed", "failed", "cancelled", "paused"):
            return data
        time.sleep(0.1)
    raise AssertionError(data)


def test_a_batch_of_the_lake_runs_to_its_archive_which_comes_whole_and_in_ranges(client, home):
    Lake(home / "lake").append_wafers([drawn(n) for n in range(4)])
    keys = [drawn(n).key for n in range(4)]
    response = client.post(BATCHES, json={"wafer_map_ids": keys, "title": "Four"})
    assert response.status_code == 202
    name = response.json()["data"]["job_id"]
    assert client.get(f"{BATCHES}/{name}/results").status_code in (200, 404)
    data = ended(client, name)
    assert (data["status"], data["progress"]["total_wafers"], data["progress"]["failures"]) == ("completed", 4, 0)
    whole = client.get(data["results_url"])
    with zipfile.ZipFile(io.BytesIO(whole.content)) as archive:
        assert archive.testzip() is None
    assert whole.headers["etag"]
    part = client.get(data["results_url"], headers={"range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, whole.content[10:20])
    assert client.post(f"{BATCHES}/{name}/pause").status_code == 409
    assert client.post(f"{BATCHES}/{name}/cancel").status_code == 409


def test_a_zip_becomes_a_batch_whose_results_are_kept_when_asked(client, home, tmp_path):
    write_npz([drawn(7), drawn(8)], tmp_path / "two.npz")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.write(tmp_path / "two.npz", "lots/two.npz")
        archive.writestr("bad.npz", b"none")
    files = [("files", ("lot.zip", packed.getvalue()))]
    name = client.post(f"{BATCHES}/upload", files=files, data={"save": "true"}).json()["data"]["job_id"]
    data = ended(client, name)
    assert (data["status"], data["progress"]["failures"]) == ("completed", 1)
    assert Lake(home / "lake").count() == 2


@pytest.mark.parametrize("name", ["none", "%2e%2e", "a%2Fb"])
def test_a_batch_that_is_not_there_is_not_found(client, home, name):
    for path in ("status", "results"):
        assert client.get(f"{BATCHES}/{name}/{path}").status_code == 404
    assert client.post(f"{BATCHES}/{name}/resume").status_code == 404


def test_wafers_that_are_not_there_and_too_many_are_refused(client, home):
    assert client.post(BATCHES, json={"wafer_map_ids": ["L:W"]}).status_code == 404
    assert client.post(BATCHES, json={"wafer_map_ids": []}).status_code == 422
    assert client.post(BATCHES, json={"wafer_map_ids": ["L:W"] * 10_001}).status_code == 422
    assert not list(home.glob("batches/*"))
