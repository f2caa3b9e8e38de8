import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest
from starlette.applications import Starlette

from core.batches.folder import Batch
from core.batches.notes import BatchRequest
from pages.parts.routes import ROUTES, results_address


def get(path, query=b""):
    """Status, headers and body that the routes answer with."""
    sent = []

    async def receive():
        await asyncio.sleep(3600)  # the browser stays until it has all

    async def send(message):
        sent.append(message)

    scope = {
        "type": "http",
        "method": "GET",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query,
        "headers": [],
        "http_version": "1.1",
        "scheme": "http",
        "server": ("test", 80),
        "client": ("test", 1),
        "root_path": "",
    }
    # In a thread of its own: a browser test that ran before may have left its event loop in this one.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(lambda: asyncio.run(Starlette(routes=ROUTES)(scope, receive, send))).result()
    return sent[0]["status"], dict(sent[0]["headers"]), [one.get("body", b"") for one in sent[1:]]


@pytest.fixture
def batch(tmp_path, monkeypatch):
    monkeypatch.setenv("WAFERSCOPE_HOME", str(tmp_path))
    found = Batch(tmp_path / "batches" / "20260101-abc")
    found.accept(BatchRequest("Lot 7/8", "ana"))
    return found


def test_an_archive_comes_in_small_pieces_under_its_title(batch):
    content = bytes(range(256)) * 4096
    (batch.path / "results.zip").write_bytes(content)
    status, headers, pieces = get(f"/{results_address(batch)}")
    assert (status, b"".join(pieces)) == (200, content)
    assert b'filename="Lot_7_8_results.zip"' in headers[b"content-disposition"]
    assert max(map(len, pieces)) <= 2**18


@pytest.mark.parametrize("name", ["20260101-abc", "nowhere", "..", "%2e%2e", ".", "20260101-abc\0"])
def test_what_is_not_there_is_404(batch, name):
    assert get(f"/batches/{name}/results.zip")[0] == 404


def test_the_name_of_the_first_page_leads_to_the_root_with_its_query():
    status, headers, _ = get("/overview", b"product=A&lot=1")
    assert (status, headers[b"location"]) == (307, b"./?product=A&lot=1")
    status, headers, _ = get("/overview")
    assert headers[b"location"] == b"./"
