import json

import pytest

from core.identity import CALLER
from data.errors import AppDatabaseError
from tests.web.asgi_calls import Behind, ask
from tests.web.visitors import KEY, MACHINE, OTHER, TOKEN, Standing, keys
from web.guard import OPEN_TO_ALL, Guard
from web.open_sockets import OpenSockets
from web.remembered import Remembered

INSIDE = {"cookie": f"waferscope={TOKEN}"}
ENDED = {"cookie": f"waferscope={OTHER}"}
PAGES = ("/", "/wafers", "/batches/b/results.zip", "/anything/new", "/login/", "/login/..", "/LOGIN", "/healthz/")
NO_PAGES = (
    "/api/v1/wafers",
    "/_stcore/metrics",
    "/_stcore/upload_file/s/f",
    "/media/a.png",
    "/component/a/b.js",
    "/static/js/a.js",
    "/wafers/_stcore/metrics",
)


@pytest.fixture
def behind() -> Behind:
    return Behind()


@pytest.fixture
def guard(behind) -> Guard:
    visits = Remembered(Standing())
    return Guard(behind, visits, Remembered(keys), OpenSockets(visits.standing, b"farewell"))


@pytest.mark.parametrize("headers", [{}, ENDED, {"cookie": "waferscope="}, {"authorization": f"Bearer {TOKEN}"}])
def test_without_a_session_nothing_answers(guard, behind, headers):
    for path in PAGES:
        answer = ask(guard, path, headers=headers)
        assert answer.status == 303
        assert answer.headers["location"].startswith("/login")
        assert ask(guard, path, "POST", headers=headers).status == 401
    for path in NO_PAGES:
        answer = ask(guard, path, headers=headers)
        assert answer.status == 401
        assert json.loads(answer.body)["status"] == 401
    assert behind.asked == []


def test_the_sign_in_and_the_health_answer_everybody(guard, behind):
    for path in OPEN_TO_ALL:
        assert ask(guard, path).body == "inside"
    assert len(behind.asked) == len(OPEN_TO_ALL)


def test_the_way_back_is_told_to_the_sign_in(guard):
    assert (
        ask(guard, "/wafer?key=L1:W01&view=map").headers["location"]
        == "/login?next=/wafer%3Fkey%3DL1%3AW01%26view%3Dmap"
    )
    assert ask(guard, "/").headers["location"] == "/login"
    assert ask(guard, "/wafers?text=" + "x" * 3000).headers["location"] == "/login"
    assert "\n" not in ask(guard, "/a\r\nset-cookie: b").headers["location"]


def test_what_an_open_page_asks_before_it_connects_again_leads_to_the_sign_in(guard):
    assert ask(guard, "/_stcore/health").headers["location"] == "/login"
    assert ask(guard, "/wafers/_stcore/host-config").headers["location"] == "/login"


def test_with_a_session_everything_answers_and_knows_the_person(guard, behind):
    for path in (*PAGES, *NO_PAGES):
        assert ask(guard, path, headers=INSIDE).body == "inside"
        assert (behind.header("x-waferscope-person"), behind.header("x-waferscope-session")) == ("70", "7")


@pytest.mark.parametrize("name", ["X-Waferscope-Person", "x_waferscope_person", "X-WAFERSCOPE-Role", "x-waferscope-"])
def test_who_one_is_cannot_be_said_from_outside(guard, behind, name):
    assert ask(guard, "/", headers={name: "1"}).status == 303
    ask(guard, "/", headers=INSIDE | {name: "1"})
    ours = [
        (key, value) for key, value in behind.asked[-1]["headers"] if b"waferscope-" in key or b"waferscope_" in key
    ]
    assert ours[:2] == [(b"x-waferscope-person", b"70"), (b"x-waferscope-session", b"7")]
    assert len(ours) == 3
    ask(guard, "/login", headers={name: "1"})
    assert behind.header(name.lower()) is None


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "TRACE"])
@pytest.mark.parametrize("site", ["cross-site", "same-site", "nonsense"])
def test_a_page_elsewhere_changes_nothing(guard, behind, method, site):
    for path in ("/", "/login", "/logout", "/_stcore/upload_file/s/f", "/api/v1/wafers"):
        assert ask(guard, path, method, headers=INSIDE | {"sec-fetch-site": site}).status == 403
    assert behind.asked == []


@pytest.mark.parametrize("site", ["same-origin", "none"])
def test_a_page_of_the_app_may(guard, site):
    assert ask(guard, "/logout", "POST", headers=INSIDE | {"sec-fetch-site": site}).status == 200


def test_a_link_from_elsewhere_leads_in(guard):
    assert ask(guard, "/wafers", headers=INSIDE | {"sec-fetch-site": "cross-site"}).status == 200


def test_a_websocket_without_a_session_is_refused(guard, behind):
    for headers in ({}, ENDED):
        for path in ("/_stcore/stream", "/wafers/_stcore/stream", "/other"):
            answer = ask(guard, path, kind="websocket", headers=headers)
            assert (answer.status, answer.body) == (1008, "")
    assert behind.asked == []


def test_a_page_left_open_is_told_to_show_the_sign_in(guard, behind):
    answer = ask(guard, "/_stcore/stream", kind="websocket", headers=ENDED | {"origin": "http://localhost:8501"})
    assert (answer.status, answer.body) == (1008, "farewell")
    assert behind.asked == []


def test_a_websocket_with_a_session_opens_and_knows_the_person(guard, behind):
    ask(guard, "/_stcore/stream", kind="websocket", headers=INSIDE)
    assert behind.header("x-waferscope-person") == "70"


def test_while_the_app_database_cannot_be_asked_nobody_is_let_in(behind):
    def fail(_tokens):
        raise AppDatabaseError("postgresql://ana:secret@db/x", "it does not answer", "Start it.")

    visits = Remembered(fail)
    guard = Guard(behind, visits, Remembered(keys), OpenSockets(visits.standing, b""))
    answer = ask(guard, "/", headers=INSIDE)
    assert (answer.status, answer.headers["retry-after"]) == (503, "5")
    assert "secret" not in answer.body
    assert ask(guard, "/_stcore/stream", kind="websocket", headers=INSIDE).status == 1013
    assert behind.asked == []


def test_where_https_is_spoken_a_session_from_elsewhere_counts_for_nothing(behind):
    visits = Remembered(Standing())
    guard = Guard(behind, visits, Remembered(keys), OpenSockets(visits.standing, b""), tls=True)
    assert ask(guard, "/", headers=INSIDE).status == 303
    assert ask(guard, "/", headers={"cookie": f"__Host-waferscope={TOKEN}"}).status == 200


def test_a_key_opens_the_api_and_nothing_else(guard, behind):
    shown = {"authorization": f"Bearer {KEY}"}
    assert ask(guard, "/api/v1/wafers", "POST", headers=shown).body == "inside"
    assert behind.asked[-1][CALLER] == MACHINE
    assert ask(guard, "/wafers", headers=shown).status == 303
    assert ask(guard, "/media/a.png", headers=shown).status == 401


WRONG = (f"Bearer {KEY[:-1]}1", f"Basic {KEY}", "Bearer ", f"Bearer {KEY} {KEY}", "Bearer " + "a" * 101)


@pytest.mark.parametrize("shown", WRONG)
def test_what_is_no_key_opens_nothing(guard, behind, shown):
    assert ask(guard, "/api/v1/wafers", headers={"authorization": shown}).status == 401
    assert behind.asked == []


def test_a_wrong_key_is_refused_beside_a_session_too(guard):
    assert ask(guard, "/api/v1/wafers", headers={**INSIDE, "authorization": f"Bearer {KEY[:-1]}1"}).status == 401


def test_who_asks_is_known_with_where_from(guard, behind):
    ask(guard, "/api/v1/wafers", headers=INSIDE)
    assert behind.asked[-1][CALLER].name == "ana"
