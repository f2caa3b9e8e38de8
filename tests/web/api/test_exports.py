import io
import json
import zipfile

import pytest

from core.downloads.formats import LOT_FORMATS, WAFER_FORMATS
from core.lake import Lake
from tests.core.lake_examples import drawn, found_on

WAFER = "LOT000:W01"


@pytest.fixture(autouse=True)
def filled(home):
    lake = Lake(home / "lake")
    wafers = [drawn(n, die_pitch_mm=(5.0, 5.0)) for n in range(4)]
    lake.append_wafers(wafers)
    lake.append_results(found_on(wafer, "edge") for wafer in wafers[:3])


def test_every_kind_of_file_is_listed_and_given(client):
    listed = client.get("/api/v1/exports").json()["data"]
    assert {row["of"] for row in listed} == {"wafer", "lot", "period"}
    for one in WAFER_FORMATS:
        response = client.get(f"/api/v1/exports/wafers/{WAFER}", params={"format": one.key})
        assert response.status_code == 200, one
        assert response.content
        assert one.ending in response.headers["content-disposition"]
    for one in LOT_FORMATS:
        assert client.get("/api/v1/exports/lots/LOT000", params={"format": one.key}).content
    assert client.get("/api/v1/exports/period").content.startswith(b"%PDF")


def test_many_wafers_come_as_one_archive_with_its_summary(client):
    response = client.post("/api/v1/exports", json={"wafer_map_ids": [WAFER, "LOT000:W02"], "formats": ["png", "json"]})
    with zipfile.ZipFile(io.BytesIO(response.content)) as archive:
        names = archive.namelist()
        assert len([name for name in names if name.endswith(".png")]) == 2
        assert json.loads(archive.read("export.json"))["wafers"] == 2


@pytest.mark.parametrize(
    ("path", "query", "status"),
    [
        (f"wafers/{WAFER}", {"format": "docx"}, 422),
        (f"wafers/{WAFER}", {"format": "lot-pdf"}, 422),
        (f"wafers/{WAFER}", {}, 422),
        ("wafers/L:W", {"format": "png"}, 404),
        ("wafers/LOT000:W04", {"format": "png"}, 404),
        ("lots/none", {"format": LOT_FORMATS[0].key}, 404),
    ],
)
def test_what_cannot_be_given_is_said(client, path, query, status):
    response = client.get(f"/api/v1/exports/{path}", params=query)
    assert response.status_code == status
    assert response.json()["error"]["remedy"]


def test_an_archive_of_what_is_not_there_is_refused(client):
    assert client.post("/api/v1/exports", json={"wafer_map_ids": ["L:W"], "formats": ["png"]}).status_code == 404
    assert client.post("/api/v1/exports", json={"wafer_map_ids": [WAFER], "formats": ["x"]}).status_code == 422
    assert client.post("/api/v1/exports", json={"wafer_map_ids": [], "formats": ["png"]}).status_code == 422
