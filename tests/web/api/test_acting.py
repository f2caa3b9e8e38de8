"""Who asks the API gets what the role allows, of the products that the account may see."""

from dataclasses import replace

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient

from core.annotation.items import Candidate
from core.annotation.queue import fill
from core.identity import CALLER, Person
from core.lake import Lake
from core.people.roles import Role
from tests.core.lake_examples import drawn, found_on
from web.api import make_api, stores
from web.api.service import PATH

OWN, OTHER = "TC38", "HIDDEN9"
HIDDEN = f"{OTHER}L0:W01"
READS = {
    "/wafers": Role.VIEWER,
    "/models/served": Role.ENGINEER,
    "/train": Role.ENGINEER,
    "/annotations/queue": Role.ANNOTATOR,
    "/annotations/export/coco": Role.ENGINEER,
}
WRITES = {
    ("POST", "/annotations/queue/next"): Role.ANNOTATOR,
    ("POST", "/models/rollback"): Role.ML_ENGINEER,
    ("POST", "/train"): Role.ML_ENGINEER,
}


@pytest.fixture
def as_person(home):
    """Ask as somebody, as the guard would have it."""

    def asking(role: Role, products=None, scopes=None) -> TestClient:
        person = Person("zoe", "account", 7, role.value, products, scopes)
        app = Starlette(routes=[Mount(PATH, make_api())])

        async def guarded(scope, receive, send):
            await app({**scope, CALLER: person}, receive, send)

        return TestClient(guarded, base_url="http://localhost")

    return asking


@pytest.fixture
def two_products(home):
    lake = Lake(home / "lake")
    for product in (OWN, OTHER):
        wafers = [replace(drawn(n), product=product, lot_id=f"{product}L0", wafer_id=f"W0{n}") for n in range(3)]
        lake.append_wafers(wafers)
        lake.append_results(found_on(wafer, "edge") for wafer in wafers)
    with stores.database().writing() as session:
        keys = lake.query("SELECT key FROM wafers ORDER BY key")["key"]
        fill(session, [Candidate(key, 1.0) for key in keys], Person("root"))


@pytest.mark.parametrize("path", READS)
def test_reading_takes_the_role(as_person, path):
    roles = list(Role)
    for role in roles:
        expected = {200} if roles.index(role) >= roles.index(READS[path]) else {403}
        response = as_person(role).get(f"/api/v1{path}")
        assert response.status_code in expected, (role, response.text)
    assert as_person(Role.ADMIN, scopes=("account.write",)).get(f"/api/v1{path}").status_code == 403


@pytest.mark.parametrize(("method", "path"), WRITES)
def test_writing_takes_the_role(as_person, method, path):
    below = list(Role)[list(Role).index(WRITES[method, path]) - 1]
    response = as_person(below).request(method, f"/api/v1{path}", json={"recipe": "x", "name": "y"})
    assert response.status_code in (403, 422)
    body = response.json()
    assert body["success"] is False
    if response.status_code == 403:
        assert "Ask" in body["error"]["remedy"]


def test_a_refusal_says_who_may(as_person):
    error = as_person(Role.VIEWER).post("/api/v1/annotations/queue/next").json()["error"]
    assert (error["code"], error["status"]) == ("NOT_ALLOWED", 403)
    assert error["remedy"] == "Ask an annotator or an admin."


def test_of_other_products_there_is_no_trace(as_person, two_products):
    narrow, whole = as_person(Role.ADMIN, (OWN,)), as_person(Role.ADMIN)
    for path in ("/wafers", "/annotations/queue"):
        assert OTHER in whole.get(f"/api/v1{path}").text
        assert OTHER not in narrow.get(f"/api/v1{path}").text
    for path in (f"/wafers/{HIDDEN}", f"/predict/{HIDDEN}", f"/annotations/{HIDDEN}"):
        assert whole.get(f"/api/v1{path}").status_code == 200
        assert narrow.get(f"/api/v1{path}").status_code == 404
    assert narrow.post("/api/v1/predict", json={"wafer_map_ids": [HIDDEN]}).status_code == 404
    assert narrow.post("/api/v1/predict/batch-async", json={"wafer_map_ids": [HIDDEN]}).status_code == 404
    taken = [narrow.post("/api/v1/annotations/queue/next").json()["data"]["item"] for _ in range(4)]
    assert [item and item["wafer_map_id"][: len(OWN)] for item in taken] == [OWN, OWN, OWN, None]
