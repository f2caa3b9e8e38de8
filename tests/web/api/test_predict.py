import base64
import io

import numpy as np
import pytest

from core.analysis.result import analyse
from core.exports.images import read_mask_png
from core.lake import Lake
from core.segmentation import Segmenter
from data.classes import CLASS_INDEX, CLASS_KEYS
from data.formats.write import write_npz
from tests.core.lake_examples import drawn, found_on

PREDICT = "/api/v1/predict"
RINGED = "LOT000:W01"


def ringed(number=0):
    """A wafer with a dense rim, which the tiny model calls edge."""
    dies = np.ones((30, 30), dtype=np.uint8)
    dies[[0, 1, -1, -2]] = 2
    dies[:, [0, 1, -1, -2]] = 2
    return drawn(number, bins=None).__class__(
        dies=dies, lot_id="LOT000", wafer_id=f"W{number + 1:02d}", product="TC38", die_pitch_mm=(5.0, 5.0)
    )


@pytest.fixture
def lake(home):
    lake = Lake(home / "lake")
    lake.append_wafers([ringed(0), ringed(1)])
    return lake


@pytest.fixture
def expected(tiny_model_path):
    return analyse([ringed(0)], Segmenter.load(str(tiny_model_path)))[0]


def decoded(run_lengths):
    """By the definition: columns first, beginning with what is outside."""
    rows, columns = run_lengths["size"]
    flat = np.repeat(np.arange(len(run_lengths["counts"])) % 2 == 1, run_lengths["counts"])
    return flat.reshape(columns, rows).T


def test_a_stored_wafer_without_a_result_gets_the_models_answer_which_is_not_stored(client, lake, expected):
    response = client.post(PREDICT, json={"wafer_map_ids": [RINGED], "return_masks": True})
    assert response.status_code == 200
    data = response.json()["data"]
    (one,) = data["predictions"]
    assert one["classes"] == list(expected.segmentation.classes_present) == ["edge"]
    assert one["model_version"] == expected.segmentation.model
    assert (one["stored"], one["inference_time_ms"] > 0) == (False, True)
    assert np.array_equal(
        decoded(one["segmentation_mask"]["classes"]["edge"]), expected.segmentation.masks[CLASS_INDEX["edge"]]
    )
    (defect,) = one["defects"]
    (instance,) = expected.instances
    assert defect["die_count"] == instance.die_count
    assert defect["confidence"] == pytest.approx(instance.mean_confidence, abs=1e-4)
    assert defect["area"]["mm2"] == pytest.approx(instance.die_count * 25)
    assert one["metrics"]["affected_dies"] == instance.die_count
    assert one["metrics"]["spatial_distribution"]["edge"] > 0.5
    assert one["severity"]["score"] == pytest.approx(expected.severity.score, abs=1e-3)
    assert lake.results_by_keys([RINGED]) == {}


def test_a_stored_answer_of_the_served_model_comes_as_it_is(client, lake, expected):
    lake.append_results([expected])
    one = client.post(PREDICT, json={"wafer_map_ids": [RINGED]}).json()["data"]["predictions"][0]
    assert (one["stored"], one["inference_time_ms"]) == (True, None)
    assert client.get(f"{PREDICT}/{RINGED}").json()["data"] == one


def test_an_answer_of_another_model_is_not_passed_off_as_the_served_ones(client, lake, expected):
    lake.append_results([found_on(ringed(0), "scratch", model="old@1")])
    one = client.post(PREDICT, json={"wafer_map_ids": [RINGED]}).json()["data"]["predictions"][0]
    assert one["model_version"] == expected.segmentation.model
    assert one["classes"] == ["edge"]
    assert client.get(f"{PREDICT}/{RINGED}").json()["data"]["classes"] == ["edge"]


@pytest.mark.parametrize("form", ["png", "npz"])
def test_masks_come_in_every_form(client, lake, expected, form):
    asked = {"wafer_map_ids": [RINGED], "return_masks": True, "mask_format": form}
    one = client.post(PREDICT, json=asked).json()["data"]["predictions"][0]
    content = base64.b64decode(one["segmentation_mask"]["base64"])
    masks = read_mask_png(content) if form == "png" else np.load(io.BytesIO(content))["masks"]
    assert np.array_equal(masks, expected.segmentation.masks)


def test_less_certain_clusters_are_left_out_of_everything(client, lake, expected):
    sure = max(one.mean_confidence for one in expected.instances)
    asked = {"wafer_map_ids": [RINGED], "return_masks": True, "confidence_threshold": min(1.0, sure + 1e-3)}
    one = client.post(PREDICT, json=asked).json()["data"]["predictions"][0]
    assert one["defects"] == []
    assert one["classes"] == []
    assert one["segmentation_mask"]["classes"] == {}
    assert one["metrics"]["affected_dies"] == 0


def test_files_are_answered_and_not_kept(client, home, tmp_path, expected):
    write_npz([ringed(0)], tmp_path / "a.npz")
    files = [("files", ("a.npz", (tmp_path / "a.npz").read_bytes())), ("files", ("b.npz", b"none"))]
    data = client.post(f"{PREDICT}/upload", files=files, data={"return_masks": "true"}).json()["data"]
    (one,) = data["predictions"]
    assert one["wafer_map_id"] == RINGED
    assert set(one["segmentation_mask"]["classes"]) == {"edge"}
    assert len(data["failures"]) == 1
    assert Lake(home / "lake").count() == 0


@pytest.mark.parametrize(
    ("asked", "status", "field"),
    [
        ({"wafer_map_ids": []}, 422, "wafer_map_ids"),
        ({"wafer_map_ids": ["L:W"] * 101}, 422, "wafer_map_ids"),
        ({"wafer_map_ids": ["L:W"]}, 404, None),
        ({"wafer_map_ids": [RINGED], "confidence_threshold": 2}, 422, "confidence_threshold"),
        ({"wafer_map_ids": [RINGED], "model_version": "v9"}, 422, "model_version"),
        ({"wafer_map_ids": [RINGED], "mask_format": "gif"}, 422, "mask_format"),
    ],
)
def test_wrong_questions_are_refused_with_their_field(client, lake, asked, status, field):
    response = client.post(PREDICT, json=asked)
    assert response.status_code == status
    if field:
        assert response.json()["error"]["details"]["field"] == field


def test_broken_json_is_refused(client, lake):
    response = client.post(PREDICT, content=b"{", headers={"content-type": "application/json"})
    assert response.status_code == 422
    assert response.json()["error"]["code"] == "INVALID_INPUT"


def test_no_class_is_unknown_to_presence(client, lake):
    one = client.get(f"{PREDICT}/{RINGED}").json()["data"]
    assert set(one["presence"]) == set(CLASS_KEYS)
