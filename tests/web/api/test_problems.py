import data.errors
from data.errors import WaferError
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
    from starlette.testclient import TestClient

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
