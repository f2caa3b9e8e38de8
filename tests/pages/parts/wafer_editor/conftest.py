"""The editor's modules in a real browser, without Streamlit."""

import json
from collections.abc import Callable

import pytest

from pages.parts.wafer_editor.bundle import module_path
from tests.journeys.running_app import CHROMIUM, running_chromium

ORIGIN = "http://modules.test/"


@pytest.fixture(scope="package")
def chromium():
    """One browser for all tests of the editor."""
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine; install it with apt-get install chromium")
    with running_chromium() as browser:
        yield browser


@pytest.fixture(scope="package")
def tab(chromium):
    """A blank page whose address serves the modules as files."""

    def serve(route):
        name = route.request.url.removeprefix(ORIGIN)
        if name.endswith(".js"):
            route.fulfill(body=module_path(name).read_text("utf-8"), content_type="text/javascript")
        else:
            route.fulfill(body="<!doctype html><title>modules</title>", content_type="text/html")

    page = chromium.new_page()
    page.route(f"{ORIGIN}**", serve)
    page.goto(ORIGIN)
    yield page
    page.close()


@pytest.fixture(scope="package")
def js(tab) -> Callable[..., object]:
    """Run the body of a function: `js("grid", "return m.runsOf(x)", [1, 2])`; `m` is the module, `x` JSON."""

    def run(module: str, body: str, x: object = None) -> object:
        code = f"async x => {{ const m = await import('{ORIGIN}{module}.js'); {body} }}"
        return tab.evaluate(code, json.loads(json.dumps(x)))

    return run
