import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from web.api.bodies import JSON_MB, MB, BodyLimit


async def length(request: Request) -> PlainTextResponse:
    return PlainTextResponse(str(len(await request.body())))


@pytest.fixture
def asking():
    with TestClient(BodyLimit(Starlette(routes=[Route("/", length, methods=["POST"])]), most_mb=1)) as client:
        yield client


FORM = {"content-type": "multipart/form-data; boundary=x"}


def pieces(size):
    for _ in range(size // 1024):
        yield b"x" * 1024


def test_a_body_within_the_limit_arrives_whole(asking):
    assert asking.post("/", content=b"x" * MB, headers=FORM).text == str(MB)
    assert asking.post("/", content=pieces(MB), headers=FORM).text == str(MB)


def test_a_body_that_says_that_it_is_larger_is_refused(asking):
    response = asking.post("/", content=b"x" * (MB + 1), headers=FORM)
    assert response.status_code == 413
    assert response.json()["error"]["code"] == "TOO_LARGE"


def test_a_body_that_grows_larger_is_refused_without_being_kept(asking):
    response = asking.post("/", content=pieces(2 * MB), headers=FORM)
    assert response.status_code == 413
    assert response.json()["success"] is False


def test_what_is_no_file_has_a_limit_of_its_own(asking):
    json = {"content-type": "application/json"}
    assert asking.post("/", content=b"x" * (2 * MB), headers=json).status_code == 200
    assert asking.post("/", content=b"x" * (JSON_MB * MB + 1), headers=json).status_code == 413
    assert asking.post("/", content=b"x", headers={**json, "content-length": "-5"}).status_code == 200
