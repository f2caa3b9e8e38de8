import pytest


@pytest.mark.parametrize("given", ["a", "Job-7.lot_3", "x" * 64])
def test_a_request_keeps_the_name_that_it_comes_with(client, given):
    response = client.get("/api/v1/models/served", headers={"x-request-id": given})
    assert response.headers["x-request-id"] == given
    assert response.json()["metadata"]["request_id"] == given


@pytest.mark.parametrize("given", ["", "x" * 65, "a b", "a\tb", "<script>", "ä".encode().decode("latin-1")])
def test_any_other_gets_one_by_chance(client, given):
    first = client.get("/api/v1/models/served", headers={"x-request-id": given.encode("latin-1")})
    second = client.get("/api/v1/models/served")
    names = {one.headers["x-request-id"] for one in (first, second)}
    assert len(names) == 2
    assert all(name.startswith("req_") for name in names)
