from starlette.testclient import TestClient

from web.alone import app


def test_the_api_answers_without_pages_under_its_own_names_alone(tmp_path, monkeypatch):
    monkeypatch.setenv("WAFERSCOPE_HOME", str(tmp_path))
    with TestClient(app, base_url="http://localhost") as asking:
        assert asking.get("/api/v1/wafers").json()["data"]["wafers"] == []
        assert asking.get("/").status_code == 404
        assert asking.get("/api/v1/wafers", headers={"host": "evil.example"}).status_code == 421
        response = asking.get("/api/v1/wafers", headers={"origin": "http://evil.example"})
        assert response.status_code == 403
