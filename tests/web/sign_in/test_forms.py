from urllib.parse import urlencode

import pytest
from starlette.requests import Request

from tests.web.asgi_calls import finished, scope_of
from web.sign_in.forms import MOST_BYTES, TOKEN, Forms

KIND = {"content-type": "application/x-www-form-urlencoded"}
KEPT = "k" * 43


def read(body: bytes | str, headers: dict[str, str]) -> dict[str, str] | None:
    sent = [{"type": "http.request", "body": body if isinstance(body, bytes) else body.encode(), "more_body": False}]

    async def receive():
        return sent.pop()

    return finished(Forms(tls=False).read(Request(scope_of("/login", "POST", headers=headers), receive)))


def cookie(value: str = KEPT) -> dict[str, str]:
    return KIND | {"cookie": f"waferscope_form={value}"}


def test_a_form_of_this_browser_is_read():
    sent = {TOKEN: KEPT, "email": "ana@fab.example", "password": " wörd & more ", "next": ""}
    assert read(urlencode(sent), cookie()) == sent


@pytest.mark.parametrize(
    ("sent", "headers"),
    [
        ({TOKEN: "o" * 43}, cookie()),
        ({TOKEN: ""}, cookie()),
        ({}, cookie()),
        ({TOKEN: KEPT}, KIND),
        ({TOKEN: ""}, KIND | {"cookie": "waferscope_form="}),
        ({TOKEN: KEPT}, KIND | {"cookie": f"waferscope_form={KEPT}; waferscope_form={'o' * 43}"}),
        ({TOKEN: KEPT}, cookie() | {"content-type": "text/plain"}),
        ({TOKEN: KEPT}, {"cookie": f"waferscope_form={KEPT}"}),
    ],
)
def test_a_form_of_anybody_else_is_none(sent, headers):
    assert read(urlencode(sent), headers) is None


@pytest.mark.parametrize(
    "body",
    [
        b"\xff\xfe",
        f"{TOKEN}={KEPT}&a={'x' * MOST_BYTES}",
        f"{TOKEN}={KEPT}&" + "&".join(f"a{i}=1" for i in range(50)),
    ],
)
def test_what_is_no_form_or_a_large_one_is_none(body):
    assert read(body, cookie()) is None


def test_several_pages_of_a_browser_share_a_token():
    forms = Forms(tls=False)
    assert forms.token(Request(scope_of(headers=cookie()))) == KEPT
    new = {forms.token(Request(scope_of())) for _ in range(2)}
    assert len(new) == 2
    assert all(len(token) >= 43 for token in new)
