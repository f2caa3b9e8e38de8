"""Every link of every page, clicked from a filtered state, shows what its address shows when it is opened directly."""

import re
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from core.analysis.result import analyse
from core.lake import Lake
from core.segmentation import Segmenter
from core.similarity.upkeep import bring_up_to_date
from pages.parts.links import NAMES
from tests.core.similarity.similar_examples import shown

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]

TODAY = datetime.now(UTC).replace(hour=6, minute=0, second=0, microsecond=0)
FILTERS = "product=A&class=Edge&sort=Most+severe+first&rows=50"
OWN = {"lot": "lot=A0", "wafer": "wafer=A0:W03", "similar": "wafer=A0:W03", "annotate": "wafer=A0:W03"}
"""What a page shows besides the filters, or in place of one."""
HAVE_LINKS = {"overview": 7, "trends": 1, "lot": 2, "alarms": 1, "wafer": 3, "compare": 2}
"""How many links a page has at least: to wait for them, and so that the test does not pass over what is not there."""
SHOWN = "[data-testid='stMainBlockContainer']"
LINK = "[data-testid='stMain'] [data-testid='stPageLink-NavLink']:visible"
IDLE = "[data-testid='stApp'][data-test-script-state='notRunning']"
SETTLED_MS = 400
PATIENCE_S = 40
CLOCK = re.compile(r"\b(\d+ (second|minute)s? ago|just now|\d\d:\d\d(:\d\d)?)\b")


@pytest.fixture(scope="module")
def lake(app_home, tiny_model_path):
    """Two products, twelve lots each, a lot a week; the newest lots have arcs at the rim as none had before."""
    wafers = [
        replace(
            shown(f"W{number:02d}", number, ["edge"] if lot == 0 else ["center"][: number % 2]),
            lot_id=f"{product}{lot}",
            product=product,
            tested_at=TODAY - timedelta(days=7 * lot + 1),
            attributes={"tool": f"T{number % 2}"},
        )
        for product in "AB"
        for lot in range(12)
        for number in range(6)
    ]
    lake = Lake(app_home / "lake")
    lake.append_wafers(wafers)
    segmenter = Segmenter.load(str(tiny_model_path), threads=1)
    lake.append_results(analyse(wafers, segmenter))
    for _ in bring_up_to_date(lake, segmenter, app_home):
        pass
    return lake


def show(tab, address):
    tab.goto(address)
    settle(tab)


def settle(tab):
    """Wait until the page has drawn, and shows the same for a while."""
    tab.locator(SHOWN).wait_for()
    before = ""
    while before != (before := f"{tab.url} {tab.locator(SHOWN).inner_text()}") or not tab.locator(IDLE).count():
        tab.wait_for_timeout(SETTLED_MS)


def seen(tab):
    """Return what a page shows: its path, its query by name, and its text without the time of day."""
    path, _, query = tab.evaluate("location.pathname + '?' + location.search.slice(1)").partition("?")
    text = tab.locator(SHOWN).inner_text()
    return path, sorted(query.split("&")), CLOCK.sub("", text)


def links_of(tab, address, name):
    """Return the places of a page's links, of those that lead to wafers of one page the first alone."""
    show(tab, address)
    if least := HAVE_LINKS.get(name, 0):
        tab.locator(LINK).nth(least - 1).wait_for()
        settle(tab)
    found = {}
    for at in range(tab.locator(LINK).count()):
        link = tab.locator(LINK).nth(at)
        label = link.inner_text().strip()
        path = link.get_attribute("href").split("?")[0]
        found.setdefault((path, "" if re.search(r"W\d\d", label) else label), at)
    return sorted(found.values())


@pytest.fixture
def other_tab(tab):
    """A second tab of the same browser."""
    return tab.context.new_page()


@pytest.mark.parametrize("name", NAMES)
def test_links_show_what_their_address_shows(tab, other_tab, app_url, lake, name):
    own = OWN.get(name, "")
    kept = "&".join(part for part in FILTERS.split("&") if part.split("=")[0] != own.split("=")[0])
    start = f"{app_url}/{name}?{kept}&{own}"
    for at in links_of(tab, start, name):
        show(tab, start)
        link = tab.locator(LINK).nth(at)
        href = link.get_attribute("href")
        link.click()
        show(other_tab, f"{app_url}/{href}")
        until = time.monotonic() + PATIENCE_S
        while (clicked := seen(tab)) != (opened := seen(other_tab)) and time.monotonic() < until:
            settle(tab)
            settle(other_tab)
        assert clicked == opened, f"{name}: the link {href}"


def test_back_leads_to_where_the_link_was(tab, app_url, lake):
    show(tab, f"{app_url}/wafer?wafer=A0:W03&product=A")
    tab.get_by_role("link", name="Find similar wafers").click()
    tab.wait_for_url("**/similar?*")
    settle(tab)
    tab.go_back()
    tab.wait_for_url("**/wafer*")
