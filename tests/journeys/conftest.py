"""A real app in a process of its own, and a real browser to use it with."""

import pytest

from tests.journeys.running_app import running_app

PATIENCE_MS = 90_000


@pytest.fixture(scope="module")
def app_home(tmp_path_factory):
    """The workspace of the app under test, of one file's journeys alone; a journey may look into it."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def app_url(app_home, tiny_model_path):
    """Address of a running app with an empty workspace and the tiny model."""
    with running_app(app_home, {"WAFERSCOPE_MODEL": str(tiny_model_path)}) as url:
        yield url


@pytest.fixture
def tab(browser):
    """A fresh tab without history; it fails the test when the page threw an error."""
    context = browser.new_context(viewport={"width": 1440, "height": 1000}, accept_downloads=True)
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    context.close()
    assert not errors
