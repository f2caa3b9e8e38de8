import pytest

from core.annotation.items import Candidate
from core.annotation.queue import fill
from core.identity import Person
from web.api import stores

QUEUE = "/api/v1/annotations/queue"


@pytest.fixture
def filled(home):
    with stores.database().writing() as session:
        fill(session, [Candidate(f"L1:W{n:02d}", float(n), f"reason {n}") for n in range(5)], Person("lead"))


def test_the_queue_is_listed_by_priority_in_pages(client, filled):
    data = client.get(QUEUE, params={"limit": 2}).json()["data"]
    assert [item["wafer_map_id"] for item in data["queue"]] == ["L1:W04", "L1:W03"]
    assert data["queue"][0]["reason"] == "reason 4"
    assert (data["total_pending"], data["total_in_progress"], data["total_completed"]) == (5, 0, 0)
    assert data["pagination"] == {"page": 1, "page_size": 2, "total_pages": 3}
    last = client.get(QUEUE, params={"limit": 2, "page": 3, "sort_by": "queued_at"}).json()["data"]
    assert [item["wafer_map_id"] for item in last["queue"]] == ["L1:W04"]
    assert client.get(QUEUE, params={"iteration": 2}).json()["data"]["queue"] == []
    for wrong in ({"status": "lost"}, {"limit": 0}, {"page": 0}, {"sort_by": "mood"}):
        assert client.get(QUEUE, params=wrong).status_code == 422, wrong


def test_an_item_is_taken_let_go_and_left_out(client, filled):
    first = client.post(f"{QUEUE}/next").json()["data"]["item"]
    assert (first["wafer_map_id"], first["annotation_status"]) == ("L1:W04", "in_progress")
    assert client.post(f"{QUEUE}/{first['item_id']}/release").json()["data"]["annotation_status"] == "pending"
    again = client.post(f"{QUEUE}/{first['item_id']}/assign").json()["data"]
    assert again["annotation_status"] == "in_progress"
    assert client.post(f"{QUEUE}/{first['item_id']}/skip", json={"reason": "blurred"}).status_code == 200
    data = client.get(QUEUE).json()["data"]
    assert (data["total_pending"], data["total_in_progress"]) == (4, 0)
    assert client.post(f"{QUEUE}/{first['item_id']}/assign").status_code == 409
    assert client.post(f"{QUEUE}/{first['item_id']}/skip", json={"reason": ""}).status_code == 422


@pytest.mark.parametrize("what", ["assign", "release", "skip"])
def test_an_item_that_is_not_there_is_not_found(client, filled, what):
    assert client.post(f"{QUEUE}/99/{what}", json={"reason": "x"}).status_code == 404


def test_nothing_waits_in_an_empty_queue(client, home):
    assert client.post(f"{QUEUE}/next").json()["data"] == {"item": None}
