"""The editor on a real page: keys, what Python hears, and what survives a server that dies."""

import re

import pytest
from playwright.sync_api import Page, expect

from core.labels.draft import read_draft
from tests.journeys.running_app import free_port, running_app

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
SCRIPT = "tests/pages/parts/wafer_editor/editor_app.py"
PATIENCE_MS = 90_000


def shows(page: Page, kept: str, defects: int) -> None:
    expect(page.locator(".kept")).to_have_text(kept)
    expect(page.locator("dd.defects")).to_have_text(str(defects))


@pytest.fixture
def page(browser):
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(PATIENCE_MS)
    expect.set_options(timeout=PATIENCE_MS)
    opened, errors = context.new_page(), []
    opened.on("pageerror", lambda error: errors.append(str(error)))
    yield opened
    context.close()
    assert errors == []


def python_says(page: Page, text: str) -> None:
    expect(page.get_by_text(re.compile("^Python: "))).to_contain_text(text)


def press_on_map(page: Page, **keys: object) -> None:
    page.locator("canvas.over").dispatch_event("keydown", {"bubbles": True, "composed": True, **keys})


def take_the_spot_by_keys(page: Page) -> None:
    """The cursor starts at the middle, row 14 of 30; the spot begins at row 18."""
    for keys in ("w", *["Shift+ArrowDown"] * 6, "Enter", "5"):
        page.keyboard.press(keys)


def test_a_wafer_is_labelled_by_keys_alone_and_nothing_is_lost_with_the_server(page, tmp_path):
    port = free_port()
    with running_app(tmp_path, {"WAFERSCOPE_HOME": str(tmp_path)}, script=SCRIPT, port=port) as url:
        page.goto(url)
        page.locator("canvas.over").focus()
        page.keyboard.press("a")
        take_the_spot_by_keys(page)
        python_says(page, "Ring 1 of 40, Particle 2 of 36; asked None; revision 3")
        expect(page.locator(".kept")).to_have_text("Saved")
        assert read_draft((tmp_path / "draft.json").read_text("utf-8")).revision == 3

        # Streamlit's own keys are the editor's here, and asking reaches Python.
        for keys in ("c", "r", "Escape", "Control+s"):
            page.keyboard.press(keys)
        python_says(page, "asked save")
        expect(page.get_by_role("dialog", name=re.compile("cache"))).to_have_count(0)

    # The server is gone, and Streamlit's notice of it has the focus; work goes on in the browser.
    press_on_map(page, key="a", ctrlKey=True)
    press_on_map(page, key="Delete")
    expect(page.locator("dd.defects")).to_have_text("0")
    expect(page.locator(".kept")).to_contain_text("Kept in this browser")

    with running_app(tmp_path, {"WAFERSCOPE_HOME": str(tmp_path)}, script=SCRIPT, port=port) as url:
        page.goto("about:blank")
        page.goto(url)
        python_says(page, "Python: ; asked None; revision 4")
        expect(page.locator("dd.defects")).to_have_text("0")
        page.locator("canvas.over").focus()
        page.keyboard.press("Control+z")
        python_says(page, "Ring 1 of 40, Particle 2 of 36; asked None; revision 5")
        page.keyboard.press("Control+z")
        python_says(page, "Ring 1 of 40, Edge 2 of 36")


def test_of_two_tabs_the_second_is_told_at_its_first_change_and_one_without_changes_follows(page, tmp_path):
    with running_app(tmp_path, {"WAFERSCOPE_HOME": str(tmp_path)}, script=SCRIPT) as url:
        second = page.context.new_page()
        for opened in (page, second):
            opened.goto(url)
            expect(opened.locator("dd.defects")).to_have_text("1")

        # The map has the keyboard. Asked to save twice, and then to submit, nothing is red.
        page.keyboard.press("a")
        shows(page, "Saved", 1)
        for keys in ("Control+s", "Control+s", "Control+Enter"):
            page.keyboard.press(keys)
            python_says(page, "asked save" if keys == "Control+s" else "asked submit")
        expect(page.get_by_role("alert")).to_have_count(0)
        stored = (tmp_path / "draft.json").read_text("utf-8")

        second.locator("canvas.over").focus()
        for keys in ("Control+a", "Delete", "Control+z", "Control+z", "Delete"):
            second.keyboard.press(keys)
        expect(second.get_by_role("alert")).to_contain_text("something newer is stored")
        shows(second, "Not saved: changed in another tab", 0)
        assert (tmp_path / "draft.json").read_text("utf-8") == stored

        # Opened anew it goes on from what is stored; the first one, where nothing was changed since, follows.
        second.reload()
        shows(second, "Saved", 1)
        for keys in ("Control+a", "Delete"):
            second.keyboard.press(keys)
        shows(second, "Saved", 0)
        expect(second.get_by_role("alert")).to_have_count(0)
        page.keyboard.press("Control+s")
        shows(page, "Saved", 0)
        expect(page.get_by_role("alert")).to_have_count(0)
