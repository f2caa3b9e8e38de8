import pytest

from web.api import make_api

OPENAPI = make_api().openapi()
OPERATIONS = [
    (method, path, operation) for path, methods in OPENAPI["paths"].items() for method, operation in methods.items()
]
NAMES = [f"{method} {path}" for method, path, _ in OPERATIONS]


def test_the_description_is_served(client):
    said = client.get("/api/v1/openapi.json").json()
    assert said["openapi"].startswith("3.")
    assert set(said["paths"]) == set(OPENAPI["paths"])


@pytest.mark.parametrize(("method", "path", "operation"), OPERATIONS, ids=NAMES)
def test_every_operation_says_what_it_is_what_it_answers_and_how_it_fails(method, path, operation):
    assert path.startswith("/v1/")
    assert operation["summary"]
    assert operation["description"]
    assert operation["tags"]
    good = [code for code in operation["responses"] if code.startswith("2")]
    assert good
    assert {"401", "403", "422", "429", "503"} <= set(operation["responses"])
    for code in good:
        content = operation["responses"][code].get("content", {})
        schema = content.get("application/json", {}).get("schema")
        assert schema != {}, "an answer of any shape"


def test_every_field_of_the_lists_has_a_type():
    loose = [
        f"{name}.{field}"
        for name, schema in OPENAPI["components"]["schemas"].items()
        for field, said in schema.get("properties", {}).items()
        if not {"type", "$ref", "anyOf", "allOf", "const", "enum"} & set(said)
    ]
    assert loose == [], "fields of no type"


@pytest.mark.parametrize("path", ["/api", "/api/", "/api/v1", "/api/v2/wafers", "/api/v1/wafers/a/b/c"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_unknown_addresses_are_answered_as_problems_never_as_a_page(client, method, path):
    response = client.request(method, path)
    assert response.status_code in (404, 405)
    assert response.headers["content-type"].startswith("application/problem+json")
