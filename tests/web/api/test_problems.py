from starlette.testclient import TestClient

import data.errors
from core.database import AppDatabase
from core.database.audit import entries
from core.identity import CALLER, Person
from core.people.roles import Permission, permit
from data.errors import WaferError
from web.api import make_api
from web.api.problems import STATUS, status_of


def test_no_error_of_the_data_and_core_is_answered_by_chance():
    known = [kind for kind in vars(data.errors).values() if isinstance(kind, type) and issubclass(kind, WaferError)]
    missing = [
        kind.__name__
        for kind in known
        if kind is not WaferError and not issubclass(kind, tuple(k for k, _, _ in STATUS))
    ]
    assert missing == []


def test_the_first_row_that_fits_is_of_the_nearest_class():
    for kind, status, code in STATUS:
        assert status_of(kind("where", "expected a, found b", "Do c.")) == (status, code)


def test_what_fails_unforeseen_is_said_without_its_words_and_logged(home, caplog, monkeypatch):
    from web.alone import app
    from web.api import stores

    def fail(_):
        raise RuntimeError("secret words")

    monkeypatch.setattr(stores, "lake", fail)
    with TestClient(app, base_url="http://localhost", raise_server_exceptions=False) as asking:
        response = asking.get("/api/v1/wafers")
    assert response.status_code == 500
    assert response.json()["error"]["code"] == "INTERNAL"
    assert "secret words" not in response.text
    assert "secret words" in caplog.text


def test_what_somebody_is_refused_is_in_the_trail(home):
    bo = Person("Bo Lind", "account", 7, "viewer", address="10.0.0.1", request_id="r1")
    api = make_api()

    @api.get("/v1/promote")
    def promote() -> None:
        permit(bo, Permission.MODEL_PROMOTE)

    async def as_bo(scope, receive, send):
        await api({**scope, CALLER: bo}, receive, send)

    with TestClient(as_bo, base_url="http://localhost") as asking:
        assert asking.get("/v1/promote").status_code == 403
    with AppDatabase(home / "decisions.db").reading() as session:
        [entry] = entries(session)
    assert (entry.person_id, entry.address, entry.request_id) == (7, "10.0.0.1", "r1")
    assert (entry.action, entry.result, entry.subject) == ("refused", "refused", "GET /v1/promote")
    assert "Bo" not in str(entry.details)
