"""Names in every kind of element that pages are made of, in a real browser."""

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pages.parts.literal import in_chart, literal, said_key
from tests.hostile_names import NAMES, misshown
from tests.journeys.running_app import running_app, watched

SCRIPT = "from tests.pages.parts.literal_elements import show\n\nshow()\n"
TEXTS = """() => [...document.querySelectorAll('[class*=st-key-kind-], [data-testid=stToast]')].map(one => [
  [...one.classList].find(name => name.startsWith('st-key-kind-')) ?? 'toast',
  [one.innerText, ...[...one.querySelectorAll('input')].map(i => i.value),
   ...[...one.querySelectorAll('td, svg text')].map(t => t.textContent)].join('\\n'),
  [...one.querySelectorAll('a[href]')].map(a => a.getAttribute('href')).filter(to => !to.startsWith('#'))])"""
WORDLESS = {"st-key-kind-help"}


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    home = tmp_path_factory.mktemp("elements")
    (home / "elements.py").write_text(SCRIPT)
    with running_app(home, {}, script=str(home / "elements.py")) as address:
        yield address


@pytest.fixture
def tab(browser, url):
    page = browser.new_page()
    with watched(page, url) as seen:
        yield page
    page.close()
    assert seen == []


@pytest.mark.browser
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", NAMES)
def test_every_kind_of_element_shows_a_name_as_it_is(tab, url, name):
    tab.goto(f"{url}/?name={quote(name)}")
    tab.get_by_text("That is all.").wait_for()
    tab.locator("svg.main-svg text").first.wait_for()
    tab.locator("[data-testid=stDataFrame] td").first.wait_for(state="attached")
    for kind, text, links in tab.evaluate(TEXTS):
        assert " ".join(name.split()) in " ".join(text.split()) or kind in WORDLESS, kind
        assert misshown(text) == [], kind
        assert links == (["http://127.0.0.1/"] if kind == "st-key-kind-link" else []), kind
    tab.get_by_test_id("stTooltipIcon").hover()
    assert misshown(tab.get_by_test_id("stTooltipContent").inner_text()) == []


@given(st.text())
def test_a_literal_text_is_one_line_without_a_mark_of_its_own(text):
    written = literal(text)
    assert len(written.splitlines()) <= 1
    bare = written.replace(":gray[]", "")
    assert all(bare[at - 1] == "\\" for at, letter in enumerate(bare) if letter in "`*[]<>$|!")


def test_plain_words_stay_as_they_are():
    assert literal("LOT-7 W05, 200 mm (2nd)") == "LOT-7 W05, 200 mm (2nd)"
    assert in_chart("LOT-7 W05") == "LOT-7 W05"


def test_a_key_is_said_without_its_colon_unless_a_name_holds_one():
    assert said_key("LOT-7:W05") == "LOT-7 W05"
    assert said_key("a:b:W05") == "a:b:W05"
