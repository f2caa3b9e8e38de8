import json

import numpy as np
import pytest

from core.annotation.items import Candidate
from core.annotation.queue import fill
from core.identity import Person
from core.labels.annotations import annotation_history
from core.lake import Lake
from data.wafer import WaferMap
from web.api import stores

ANNOTATIONS = "/api/v1/annotations"
KEY = "LOT1:W01"


@pytest.fixture
def wafer(home):
    """A wafer of 20 x 20 dies with a block of failing ones in one corner and two elsewhere."""
    dies = np.ones((20, 20), dtype=np.uint8)
    dies[2:6, 3:8] = 2
    dies[15, 15] = dies[15, 16] = 2
    wafer = WaferMap(dies=dies, lot_id="LOT1", wafer_id="W01", product="TC38")
    Lake(home / "lake").append_wafers([wafer])
    return wafer


def label(*marks, **more):
    return {"wafer_map_id": KEY, "annotations": list(marks), "annotation_time_seconds": 12.5, **more}


BLOCK_PX = {"defect_class": "particle", "polygon": [[45, 30], [120, 30], [120, 90], [45, 90]]}
BLOCK_DIES = [[row, column] for row in range(2, 6) for column in range(3, 8)]


def test_a_polygon_becomes_the_failing_dies_inside_it_and_the_label_that_core_keeps(client, wafer):
    response = client.post(ANNOTATIONS, json=label(BLOCK_PX))
    assert response.status_code == 201
    data = response.json()["data"]
    assert data["label"]["annotations"][0]["dies"] == BLOCK_DIES
    assert data["num_defects_annotated"] == 1
    assert data["inter_annotator_agreement"]["available"] is False
    with stores.database().reading() as session:
        (kept,) = annotation_history(session, KEY)
        assert kept.id == data["annotation_id"]
        assert kept.seconds == 12.5
        assert kept.read().kept[0].dies.tolist() == BLOCK_DIES
    assert response.headers["etag"] == f'"label-{kept.id}"'


def test_corners_may_be_dies_and_dies_may_be_named(client, wafer):
    corners = [[2.5, 1.5], [7.5, 1.5], [7.5, 5.5], [2.5, 5.5]]
    by_corners = {"defect_class": "particle", "frame": "die", "polygon": corners}
    by_dies = {"defect_class": "particle", "dies": BLOCK_DIES[::-1]}
    for mark in (by_corners, by_dies):
        data = client.post(ANNOTATIONS, json=label(mark)).json()["data"]
        assert data["label"]["annotations"][0]["dies"] == BLOCK_DIES
    assert len(client.get(f"{ANNOTATIONS}/{KEY}").json()["data"]["annotations"]) == 1, "sent again, kept once"


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"defect_class": "particle", "polygon": [[0, 0], [9, 9]]}, "annotations.0.polygon"),
        ({"defect_class": "stripe", "polygon": BLOCK_PX["polygon"]}, "annotations.0.defect_class"),
        ({"defect_class": "particle"}, "annotations.0"),
        ({"defect_class": "particle", "polygon": [[200, 0], [299, 0], [299, 30]]}, "annotations.0.polygon"),
        ({"defect_class": "particle", "polygon": [[0, 0], [300, 300], [300, 0], [0, 300]]}, "annotations.0.polygon"),
    ],
)
def test_marks_that_mean_nothing_are_refused_by_their_place(client, wafer, asked, field):
    response = client.post(ANNOTATIONS, json=label(asked))
    assert response.status_code == 422
    error = response.json()["error"]
    assert error["details"]["field"].startswith(field)


def test_a_label_that_fails_the_checks_is_refused_in_their_words_and_nothing_is_kept(client, wafer):
    for asked in (
        label(),
        label(BLOCK_PX, no_defect=True),
        label({"defect_class": "particle", "dies": [[0, 0], [0, 1]]}),
        label({"defect_class": "particle", "dies": [[50, 50]]}),
    ):
        response = client.post(ANNOTATIONS, json=asked)
        assert response.status_code == 422, asked
        assert response.json()["error"]["code"] == "INVALID_LABEL"
    assert client.get(f"{ANNOTATIONS}/{KEY}").json()["data"]["annotations"] == []
    assert client.post(ANNOTATIONS, json=label(BLOCK_PX) | {"wafer_map_id": "no:W"}).status_code == 404


def test_a_version_is_changed_taken_back_and_restored_and_the_history_keeps_all(client, wafer):
    first = client.post(ANNOTATIONS, json=label(BLOCK_PX)).json()["data"]["annotation_id"]
    two = label(BLOCK_PX, {"defect_class": "scratch", "dies": [[15, 15], [15, 16]]})
    second = client.put(f"{ANNOTATIONS}/{first}", json=two).json()["data"]
    assert second["label"]["replaces_id"] == first
    number = second["annotation_id"]
    gone = client.delete(f"{ANNOTATIONS}/{number}", params={"reason": "twice"}).json()["data"]
    assert gone["deleted_at"] is not None
    assert client.post(f"{ANNOTATIONS}/{number}/restore").json()["data"]["deleted_at"] is None
    history = client.get(f"{ANNOTATIONS}/{KEY}").json()["data"]["annotations"]
    assert [one["annotation_id"] for one in history] == [number, first]
    for method, path in (("DELETE", "/99"), ("POST", "/99/restore")):
        assert client.request(method, ANNOTATIONS + path).status_code == 404
    assert client.put(f"{ANNOTATIONS}/99", json=two).status_code == 404


def test_a_label_that_was_changed_meanwhile_is_not_overwritten(client, wafer):
    seen = client.post(ANNOTATIONS, json=label(BLOCK_PX)).headers["etag"]
    assert client.get(f"{ANNOTATIONS}/{KEY}").headers["etag"] == seen
    other = label({"defect_class": "ring", "dies": BLOCK_DIES})
    assert client.post(ANNOTATIONS, json=other, headers={"if-match": seen}).status_code == 201
    late = label({"defect_class": "edge", "dies": BLOCK_DIES})
    response = client.post(ANNOTATIONS, json=late, headers={"if-match": seen})
    assert response.status_code == 412
    assert response.json()["error"]["code"] == "CHANGED_MEANWHILE"
    number = int(seen.strip('"').removeprefix("label-"))
    assert client.put(f"{ANNOTATIONS}/{number}", json=late).status_code == 412


def test_agreement_with_a_colleague_comes_back(client, wafer):
    from core.annotation.submissions import submit
    from core.labels.label import Label, LabelInstance

    theirs = Label(KEY, (20, 20), (LabelInstance(1, "particle", np.array(BLOCK_DIES)[:10]),))
    with stores.database().writing() as session:
        submit(session, wafer, theirs, Person("ben"), 3.0)
    told = client.post(ANNOTATIONS, json=label(BLOCK_PX)).json()["data"]["inter_annotator_agreement"]
    assert told["available"] is True
    assert told["iou_score"] == pytest.approx(0.5)
    assert told["dice_score"] == pytest.approx(2 / 3)


@pytest.mark.parametrize("form", ["polygon", "rle"])
def test_labels_leave_as_coco(client, wafer, form):
    client.post(ANNOTATIONS, json=label(BLOCK_PX))
    said = json.loads(client.get(f"{ANNOTATIONS}/export/coco", params={"form": form}).content)
    assert len(said["images"]) == len(said["annotations"]) == 1
    assert isinstance(said["annotations"][0]["segmentation"], dict if form == "rle" else list)
    assert client.get(f"{ANNOTATIONS}/export/coco", params={"form": "svg"}).status_code == 422


def test_a_label_closes_its_item_of_the_queue(client, wafer):
    with stores.database().writing() as session:
        fill(session, [Candidate(KEY, 1.0)], Person("lead"))
    item = client.post(f"{ANNOTATIONS}/queue/next").json()["data"]["item"]
    assert item["wafer_map_id"] == KEY
    assert client.post(ANNOTATIONS, json=label(BLOCK_PX)).json()["data"]["queue_item"] == item["item_id"]
    assert client.get(f"{ANNOTATIONS}/queue").json()["data"]["total_completed"] == 1
