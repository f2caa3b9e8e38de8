"""The editor's modules in a real browser, without Streamlit."""

import json
from collections.abc import Callable

import pytest

from pages.parts.wafer_editor.bundle import module_path

ORIGIN = "http://modules.test/"


@pytest.fixture(scope="package")
def tab(browser):
    """A blank page whose address serves the modules as files."""

    def serve(route):
        name = route.request.url.removeprefix(ORIGIN)
        if name.endswith(".js"):
            route.fulfill(body=module_path(name).read_text("utf-8"), content_type="text/javascript")
        else:
            route.fulfill(body="<!doctype html><title>modules</title>", content_type="text/html")

    page = browser.new_page()
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
