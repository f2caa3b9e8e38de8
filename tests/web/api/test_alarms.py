import pytest

from core.alarms import check_and_send
from core.lake import Lake
from tests.core.alarms.examples import keep, severe
from web.api import stores

RULE = {"name": "hot", "kind": "severity", "threshold": 50.0}
WAFER = "LOT000:W01"


@pytest.fixture
def alarm(home):
    lake = Lake(home / "lake")
    keep(lake, severe(0, 90.0))
    assert check_and_send(lake, stores.database(), None).raised == 1


def test_an_alarm_is_listed_opened_and_acknowledged_once(client, alarm):
    [row] = client.get("/api/v1/alarms").json()["data"]
    assert client.get(f"/api/v1/alarms/{row['id']}").json()["data"]["wafers"] == [WAFER]
    said = client.post(f"/api/v1/alarms/{row['id']}/acknowledge", json={"comment": "cleaned"})
    assert said.json()["data"]["comment"] == "cleaned"
    assert client.post(f"/api/v1/alarms/{row['id']}/acknowledge", json={"comment": "again"}).status_code == 409
    assert client.get("/api/v1/alarms").json()["data"] == []
    assert [one["id"] for one in client.get("/api/v1/alarms?state=acknowledged").json()["data"]] == [row["id"]]


@pytest.mark.parametrize("number", [0, -1, 99, 2**40])
def test_an_alarm_that_is_not_there_is_404(client, home, number):
    assert client.get(f"/api/v1/alarms/{number}").status_code == 404
    assert client.post(f"/api/v1/alarms/{number}/acknowledge", json={"comment": "x"}).status_code == 404


def test_a_rule_is_added_and_changed(client, home):
    made = client.post("/api/v1/alarms/rules", json=RULE)
    assert made.status_code == 201
    number = made.json()["data"]["id"]
    changed = client.put(f"/api/v1/alarms/rules/{number}", json={**RULE, "enabled": False}).json()["data"]
    assert (changed["enabled"], changed["name"]) == (False, "hot")
    assert changed in client.get("/api/v1/alarms/rules").json()["data"]
    assert client.put("/api/v1/alarms/rules/999", json=RULE).status_code == 404


@pytest.mark.parametrize("wrong", [{"threshold": 101}, {"days": 0}, {"kind": "x"}, {"name": ""}, {"defect_class": "x"}])
def test_a_rule_that_is_none_is_refused(client, home, wrong):
    assert client.post("/api/v1/alarms/rules", json={**RULE, **wrong}).status_code == 422


def test_a_finding_is_written_and_its_versions_are_kept(client, alarm):
    for cause in ("slurry", "pad"):
        assert client.put(f"/api/v1/findings/{WAFER}", json={"root_cause": cause}).status_code == 200
    assert [one["root_cause"] for one in client.get(f"/api/v1/findings/{WAFER}").json()["data"]] == ["pad", "slurry"]
    assert client.put("/api/v1/findings/L:W", json={"root_cause": "x"}).status_code == 404
    assert client.put(f"/api/v1/findings/{WAFER}", json={"root_cause": "x" * 4001}).status_code == 422
