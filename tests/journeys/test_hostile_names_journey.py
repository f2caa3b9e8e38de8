"""Every page with names from a stranger: shown as they are, asking nobody, running nothing."""

from urllib.parse import quote

import pytest

from pages.parts.links import NAMES as PAGES
from tests.hostile_fab import die_table, fill_home, key_of
from tests.hostile_names import MARKS, NAMES, misshown
from tests.journeys.running_app import running_app, watched

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(1800)]

PATIENCE_MS = 120_000
TEXTS = """() => {
  const found = [];
  const look = root => {
    for (const one of root.querySelectorAll('*')) {
      if (one.shadowRoot) {
        found.push([...one.shadowRoot.children].map(child => child.innerText ?? '').join('\\n'));
        look(one.shadowRoot);
      }
      if (one.matches('canvas td, canvas th, svg text, svg title')) found.push(one.textContent);
      for (const name of ['alt', 'title']) if (one.hasAttribute(name)) found.push(one.getAttribute(name));
      if (one.matches('input')) found.push(one.value);
    }
  };
  look(document);
  return [document.body.innerText, ...found].join('\\n\\n');
}"""
STRAY = """() => [
  ...[...document.querySelectorAll('img, iframe, script, link')].map(one => one.src || one.href),
  ...[...document.querySelectorAll('a[href]')].map(one => one.href)
].filter(to => to && !to.startsWith(location.origin) && !to.startsWith('data:') && !to.startsWith('blob:'))"""
FIRST, PICTURE, BOLD, FORMULA = NAMES[0], NAMES[1], NAMES[2], NAMES[7]
LOTS, WAFERS = NAMES[::7], NAMES[1::7]
VIEWS = [
    *PAGES,
    *(f"alarms?show_alarms={view}" for view in ("History", "Rules", "Delivery")),
    "wafers?view=Pictures",
    "trends?period=lot",
    *(f"lot?lot={quote(name, safe='')}" for name in LOTS),
    *(f"wafer?wafer={quote(key_of(name), safe='')}" for name in WAFERS),
    f"wafer?wafer={quote(key_of(FIRST), safe='')}&other={quote(f'{FIRST}:W01', safe='')}&explain=true",
    f"wafer?wafer={quote(f'{BOLD}:missing', safe='')}",
    f"similar?wafer={quote(key_of(FIRST), safe='')}",
    f"similar?wafer={quote(key_of(PICTURE), safe='')}",
    "map?color=Product",
    "map?cluster=0",
    f"annotate?wafer={quote(key_of(FIRST), safe='')}",
    f"annotate?wafer={quote(key_of(FORMULA), safe='')}",
    f"model_versions?version={quote(FIRST, safe='')}",
    f"training?run={quote(FIRST, safe='')}",
    f"compare?a_lot={quote(FIRST, safe='')}&b_lot={quote(PICTURE, safe='')}",
]


@pytest.fixture(scope="module")
def app_url(tmp_path_factory, tiny_model_path):
    home = tmp_path_factory.mktemp("strange")
    fill_home(home, tiny_model_path)
    with running_app(home, {"WAFERSCOPE_MODEL": str(tiny_model_path)}) as url:
        yield url


@pytest.fixture(scope="module")
def context(browser):
    made = browser.new_context(viewport={"width": 1440, "height": 1400})
    made.set_default_timeout(PATIENCE_MS)
    yield made
    made.close()


@pytest.fixture
def tab(context, app_url):
    page = context.new_page()
    with watched(page, app_url) as seen:
        yield page
    page.close()
    assert seen == []


def settle(page) -> None:
    page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]")
    page.wait_for_function("() => !document.querySelector('[data-testid=stSkeleton]')")
    page.wait_for_timeout(500)


def check(page) -> tuple[str, list[str]]:
    """Look at all that a page shows, and at what its charts say on pointing; gives the text, and what is wrong."""
    text = page.evaluate(TEXTS)
    wrong = [*misshown(text), *page.evaluate(STRAY)]
    for point in page.locator(".js-plotly-plot .point").all()[:6]:
        box = point.bounding_box()
        if box:
            page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
            page.wait_for_timeout(60)
            said = "\n".join(page.locator(".hoverlayer text").all_text_contents())
            wrong += misshown(said)
            text += said
    return text, wrong


def test_every_page_shows_names_as_they_are(tab, app_url):
    shown, wrong = {}, {}
    for view in VIEWS:
        tab.goto(f"{app_url}/{view}")
        settle(tab)
        if tab.get_by_label("Your name").count():
            tab.get_by_label("Your name").fill(BOLD)
            tab.get_by_role("button", name="Go on").click()
            tab.get_by_role("heading").first.wait_for()
            settle(tab)
        assert tab.get_by_test_id("stException").count() == 0, view
        shown[view], wrong[view] = check(tab)
        for popover in tab.get_by_test_id("stPopover").get_by_role("button").all()[: 2 if view in PAGES else 0]:
            popover.click()
            tab.wait_for_timeout(300)
            wrong[view] += check(tab)[1]
            tab.keyboard.press("Escape")
    assert {view: said for view, said in wrong.items() if said} == {}
    for names, page in ((LOTS, "lot?"), (WAFERS, "wafer?")):
        for name, view in zip(names, (view for view in shown if view.startswith(page)), strict=False):
            assert " ".join(name.split()) in " ".join(shown[view].split()), name
    for page in ("overview", "wafers", "commonality", "alarms", "alarms?show_alarms=Rules", "map?color=Product"):
        assert any(mark in shown[page] for mark in MARKS), page


def test_files_with_such_names_are_read_named_and_refused_as_they_are(tab, app_url, tmp_path):
    table = tmp_path / "**bold3** $x$ :material:skull:.csv"
    table.write_text(die_table())
    broken = tmp_path / "![pixel1](http:127.0.0.1:9).png"
    broken.write_bytes(b"no picture")
    tab.goto(f"{app_url}/segment")
    tab.locator("input[type=file]").set_input_files([table, broken])
    tab.get_by_role("button", name="Save to the lake").wait_for()
    tab.get_by_text("![pixel1](http:127.0.0.1:9).png").first.wait_for()
    settle(tab)
    for tile in tab.get_by_role("option").all()[:6]:
        tile.click()
        settle(tab)
        assert tab.evaluate(STRAY) == []
    tab.get_by_role("button", name="Save to the lake").click()
    tab.get_by_role("dialog").wait_for()
    settle(tab)
    assert tab.evaluate(STRAY) == []
    tab.get_by_role("dialog").get_by_role("button", name="Save", exact=False).last.click()
    tab.get_by_text("saved,").wait_for()
    assert tab.evaluate(STRAY) == []
