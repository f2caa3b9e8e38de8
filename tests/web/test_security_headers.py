import base64
import hashlib
import re
from pathlib import Path

import pytest
import streamlit

from tests.web.asgi_calls import Behind, ask
from web.security_headers import FILE_POLICY, PAGE_POLICY, SecurityHeaders


def test_the_one_script_of_streamlit_s_page_is_the_one_that_is_allowed():
    page = (Path(streamlit.__file__).parent / "static" / "index.html").read_text(encoding="utf-8")
    scripts = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    hashes = [base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts]
    assert re.findall(r"'sha256-([^']+)'", PAGE_POLICY) == hashes


def test_every_answer_carries_the_headers_and_an_id_of_its_own():
    guarded = SecurityHeaders(Behind())
    first, second = ask(guarded, "/"), ask(guarded, "/static/a.js")
    for answer in (first, second):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["referrer-policy"] == "same-origin"
        assert answer.headers["content-security-policy"] == PAGE_POLICY
        assert answer.headers["content-type"] == "text/html"
    assert re.fullmatch(r"req_[0-9a-f]{16}", first.headers["x-request-id"])
    assert first.headers["x-request-id"] != second.headers["x-request-id"]


@pytest.mark.parametrize("path", ["/media/a.svg", "/batches/b/results.zip"])
def test_a_file_of_somebody_that_is_shown_as_a_page_may_do_nothing(path):
    assert ask(SecurityHeaders(Behind()), path).headers["content-security-policy"] == FILE_POLICY


def test_what_an_answer_says_itself_stays():
    async def strict(_scope, _receive, send):
        headers = [(b"Content-Security-Policy", b"default-src 'none'")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})

    assert ask(SecurityHeaders(strict)).headers["content-security-policy"] == "default-src 'none'"


@pytest.mark.parametrize(
    ("tls", "scheme", "strict"), [(False, "http", False), (True, "http", True), (False, "https", True)]
)
def test_https_is_demanded_where_it_is_spoken(tls, scheme, strict):
    answer = ask(SecurityHeaders(Behind(), tls=tls), scheme=scheme)
    assert ("strict-transport-security" in answer.headers) is strict


def test_a_websocket_passes_as_it_is():
    behind = Behind()
    ask(SecurityHeaders(behind), "/_stcore/stream", kind="websocket")
    assert behind.asked[0]["type"] == "websocket"
