import pytest

from core.lake import Lake
from tests.core.lake_examples import drawn, found_on


@pytest.fixture(autouse=True)
def filled(home):
    lake = Lake(home / "lake")
    wafers = [drawn(n) for n in range(60)]
    lake.append_wafers(wafers)
    lake.append_results(found_on(wafer, *(("edge",) if n % 3 else ())) for n, wafer in enumerate(wafers))


def test_a_series_counts_as_its_page_does(client):
    data = client.get("/api/v1/trends", params={"subject_class": "edge", "period": "lot"}).json()["data"]
    assert sum(row["wafers"] for row in data["rows"]) == 60
    assert sum(row["affected"] for row in data["rows"]) == 40
    assert data["measure"] == "share"
    assert data["limits"] is None or len(data["limits"]["upper"]) == len(data["rows"])


@pytest.mark.parametrize("query", [{"subject_class": "hole"}, {"subject_zone": "rim"}, {"period": "hour"}])
def test_what_there_is_not_is_refused_with_its_name(client, query):
    response = client.get("/api/v1/trends", params=query)
    assert response.status_code == 422
    assert response.json()["error"]["code"] == "INVALID_INPUT"


def test_commonality_names_what_affected_wafers_share(client):
    data = client.get("/api/v1/commonality", params={"subject_class": "edge"}).json()["data"]
    assert (data["wafers"], data["affected"], data["lots"]) == (60, 40, 3)
    assert {row["attribute"] for row in data["values"]} >= {"cmp_tool"}


def test_lots_are_listed_and_one_is_added_up(client):
    names = [row["lot_id"] for row in client.get("/api/v1/lots").json()["data"]]
    assert sorted(names) == ["LOT000", "LOT001", "LOT002"]
    data = client.get("/api/v1/lots/LOT001").json()["data"]
    assert data["figures"]["wafers"] == len(data["wafers"]) == 25
    assert data["figures"]["affected"]["edge"] == sum(n % 3 > 0 for n in range(25, 50))
    assert client.get("/api/v1/lots/nothing").status_code == 404
