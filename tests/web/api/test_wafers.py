import io
import zipfile

import numpy as np
import pytest

from core.lake import Lake
from data.formats.write import write_npz, write_table
from tests.core.lake_examples import drawn, found_on

WAFERS = "/api/v1/wafers"


@pytest.fixture
def lake(home):
    """Seven wafers, four of them segmented, one of them undated."""
    lake = Lake(home / "lake")
    wafers = [drawn(n) for n in range(6)] + [drawn(6, tested_at=None)]
    lake.append_wafers(wafers)
    lake.append_results([found_on(wafers[n], "edge", "ring") for n in range(4)])
    return lake


def test_a_list_says_of_each_wafer_what_the_lake_says(client, lake):
    said = client.get(WAFERS, params={"sort": "key"}).json()
    assert said["success"] is True
    assert said["error"] is None
    data = said["data"]
    assert data["total"] == 7
    assert data["next_cursor"] is None
    table = lake.wafers_page(sort="key")
    assert [row["key"] for row in data["wafers"]] == table["key"].tolist()
    assert [row["fail_count"] for row in data["wafers"]] == table["fail_count"].tolist()
    assert data["wafers"][0]["tested_at"] == "2026-03-01T00:00:00Z"
    assert data["wafers"][0]["classes_present"] == ["edge", "ring"]
    assert data["wafers"][6]["tested_at"] is None
    assert data["wafers"][6]["severity"] is None


@pytest.mark.parametrize("sort", ["key", "-tested_at", "severity", "-severity", "-mean_confidence", "product"])
def test_pages_hold_every_wafer_once_in_the_order_of_the_list(client, lake, sort):
    found, cursor = [], ""
    for _ in range(7):
        data = client.get(WAFERS, params={"sort": sort, "limit": 2, "cursor": cursor}).json()["data"]
        found += [row["key"] for row in data["wafers"]]
        cursor = data["next_cursor"]
        if cursor is None:
            break
    assert found == lake.wafers_page(sort=sort)["key"].tolist()


def test_a_wafer_that_comes_in_meanwhile_moves_no_other_from_page_to_page(client, lake):
    first = client.get(WAFERS, params={"sort": "key", "limit": 3}).json()["data"]
    lake.append_wafers([drawn(0, lot_id="A")])
    second = client.get(WAFERS, params={"sort": "key", "limit": 9, "cursor": first["next_cursor"]}).json()["data"]
    keys = [row["key"] for row in first["wafers"] + second["wafers"]]
    assert keys == [drawn(n).key for n in range(7)]


def test_filters_are_those_of_the_wafers_page(client, lake):
    def keys(**asked):
        return [row["key"] for row in client.get(WAFERS, params={"sort": "key", **asked}).json()["data"]["wafers"]]

    assert keys(product=["TC38", "TC39"]) == [drawn(n).key for n in (0, 1, 3, 4, 6)]
    assert keys(defect_class="edge") == [drawn(n).key for n in range(4)]
    assert keys(undated=True) == [drawn(6).key]
    assert keys(attribute="cmp_tool=CMP1") == [drawn(n).key for n in (1, 5)]
    assert keys(since="2026-03-01T02:00:00Z", until="2026-03-01T04:00:00Z") == [drawn(n).key for n in (2, 3)]


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"sort": "dies"}, "sort"),
        ({"defect_class": "stripe"}, "defect_class"),
        ({"zone": "moon"}, "zone"),
        ({"limit": 0}, "limit"),
        ({"limit": 501}, "limit"),
        ({"cursor": "x"}, "cursor"),
        ({"cursor": "WyJrZXkiLCAxXQ=="}, "cursor"),
        ({"severity_min": "nan"}, "severity_min"),
        ({"since": "yesterday"}, "since"),
    ],
)
def test_a_question_that_cannot_be_answered_names_its_field_and_a_remedy(client, lake, asked, field):
    response = client.get(WAFERS, params=asked)
    assert response.status_code == 422
    assert response.headers["content-type"] == "application/problem+json"
    error = response.json()["error"]
    assert error["code"] == "INVALID_INPUT"
    assert error["details"]["field"] == field
    assert error["remedy"]


def test_a_cursor_of_another_order_is_refused(client, lake):
    cursor = client.get(WAFERS, params={"sort": "key", "limit": 2}).json()["data"]["next_cursor"]
    assert client.get(WAFERS, params={"sort": "-key", "cursor": cursor}).status_code == 422


def test_one_wafer_says_its_tests_and_on_demand_its_dies(client, lake):
    wafer = drawn(2)
    data = client.get(f"{WAFERS}/{wafer.key}").json()["data"]
    assert data["failing_dies"] == wafer.fail_count
    assert data["attributes"] == {"cmp_tool": "CMP2"}
    assert [test["shown"] for test in data["tests"]] == [True]
    assert data["dies"] is None
    data = client.get(f"{WAFERS}/{wafer.key}", params={"dies": True}).json()["data"]
    assert np.array_equal(data["dies"], wafer.dies)
    test = data["tests"][0]["id"]
    assert client.get(f"{WAFERS}/{wafer.key}", params={"test": test}).status_code == 200
    assert client.get(f"{WAFERS}/{wafer.key}", params={"test": "none"}).status_code == 404


def test_what_is_not_there_is_said_in_the_envelope(client, lake):
    for path in (f"{WAFERS}/LOT9:W99", "/api/v1/nothing", "/api/nothing", "/api/"):
        response = client.get(path)
        assert response.status_code == 404, path
        said = response.json()
        assert (said["success"], said["data"], said["error"]["code"]) == (False, None, "NOT_FOUND")
        assert said["metadata"]["request_id"] == response.headers["x-request-id"]


def test_files_are_taken_in_segmented_and_kept_and_bad_ones_named(client, home, tmp_path):
    write_npz([drawn(0), drawn(1)], tmp_path / "two.npz")
    write_table([drawn(2)], tmp_path / "one.csv")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.write(tmp_path / "one.csv", "one.csv")
    files = [
        ("files", ("two.npz", (tmp_path / "two.npz").read_bytes())),
        ("files", ("pack.zip", packed.getvalue())),
        ("files", ("bad.npz", b"no archive")),
    ]
    response = client.post(WAFERS, files=files)
    assert response.status_code == 201
    data = response.json()["data"]
    assert data["wafers"] == [drawn(n).key for n in range(3)]
    assert (data["new"], data["already"], data["segmented"]) == (3, 0, 3)
    assert len(data["failures"]) == 1
    assert "bad.npz" in data["failures"][0]
    lake = Lake(home / "lake")
    assert np.array_equal(lake.wafer(drawn(2).key).dies, drawn(2).dies)
    assert len(lake.results_by_keys(data["wafers"])) == 3
    again = client.post(WAFERS, files=files[:1]).json()["data"]
    assert (again["new"], again["already"], again["segmented"]) == (0, 2, 0)


def test_what_files_leave_open_is_said_beside_them(client, home, tmp_path):
    rows = [f"{x},{y},{1 + (x == y)}" for x in range(10) for y in range(10)]
    (tmp_path / "map.csv").write_text("\n".join(["x,y,bin", *rows]))
    fields = {"lot": "LOTX", "product": "P7", "die_pitch_row_mm": 5, "die_pitch_column_mm": 4, "diameter_mm": 150}
    files = [("files", ("map.csv", (tmp_path / "map.csv").read_bytes()))]
    data = client.post(WAFERS, data=fields, files=files).json()["data"]
    (key,) = data["wafers"]
    wafer = Lake(home / "lake").wafer(key)
    assert (wafer.lot_id, wafer.product, wafer.die_pitch_mm, wafer.diameter_mm) == ("LOTX", "P7", (5.0, 4.0), 150.0)
    one = client.post(WAFERS, data={"die_pitch_row_mm": 5}, files=files)
    assert one.status_code == 422
    assert one.json()["error"]["details"]["field"] == "die_pitch_column_mm"
    assert client.post(WAFERS, data={"lot": "L"}).status_code == 422
