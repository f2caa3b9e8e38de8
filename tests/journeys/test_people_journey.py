"""An admin comes in by a link and a second factor; somebody else is let in, held to less, and sent away."""

import re
from dataclasses import replace
from datetime import timedelta

import pyotp
import pytest
from playwright.sync_api import Page, expect

from core.analysis.result import analyse
from core.annotation.items import Candidate
from core.annotation.queue import fill
from core.database import AppDatabase
from core.database.schema import now
from core.identity import local_person
from core.lake import Lake
from core.people.invitations import accept, invite
from core.people.roles import Role
from core.people.second_factor import STEP_SECONDS
from core.segmentation import Segmenter
from core.similarity.upkeep import bring_up_to_date
from jobs.people import main
from pages.parts.links import NAMES
from tests.core.similarity.similar_examples import WAFERS
from tests.journeys.conftest import PATIENCE_MS
from tests.journeys.running_app import free_port, running_app

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]

ADA, BO = "ada@fab.example", "bo@fab.example"
PASSWORD = "seven grey owls at noon"
SETTLED_MS = 500
SENT_AWAY_MS = 5_000
"""Within it an open page shows the sign-in after its session has ended."""


@pytest.fixture(scope="module")
def app_url(app_home, tiny_model_path):
    """Address of a running app in which people sign in."""
    port = free_port()
    environment = {
        "WAFERSCOPE_MODEL": str(tiny_model_path),
        "WAFERSCOPE_ACCOUNTS": "on",
        "WAFERSCOPE_URL": f"http://127.0.0.1:{port}",
    }
    lake, segmenter = Lake(app_home / "lake"), Segmenter.load(str(tiny_model_path), threads=1)
    wafers = [replace(one, tested_at=now() - timedelta(days=n)) for n, one in enumerate(WAFERS)]
    lake.append_wafers(wafers)
    lake.append_results(analyse(wafers, segmenter))
    for _ in bring_up_to_date(lake, segmenter, app_home):
        pass
    with running_app(app_home, environment, port=port) as url:
        yield url


@pytest.fixture
def link(app_home, app_url, capsys, monkeypatch):
    """Link of the first admin, as the command line prints it."""
    monkeypatch.setenv("WAFERSCOPE_URL", app_url)
    told = ["--email", ADA, "--name", "Ada Krol", "--role", "admin", "--home", str(app_home)]
    assert main(["invite", *told]) == 0
    return re.search(r"http://\S+", capsys.readouterr().out)[0]


@pytest.fixture
def other_tab(browser):
    """A tab of somebody else's browser."""
    context = browser.new_context(viewport={"width": 1440, "height": 1000})
    context.set_default_timeout(PATIENCE_MS)
    yield context.new_page()
    context.close()


def wait_for(tab: Page, heading: str) -> None:
    tab.get_by_role("heading", name=heading, exact=True).wait_for()


def set_password(tab: Page, link: str) -> None:
    tab.goto(link)
    for label in ("New password", "The same again"):
        tab.get_by_label(label).fill(PASSWORD)
    tab.get_by_role("button", name="Set password and sign in").click()
    wait_for(tab, "Overview")


def enrol(tab: Page, app_url: str) -> pyotp.TOTP:
    tab.goto(f"{app_url}/account?show_account=Sign-in")
    tab.get_by_role("button", name="Set up a second factor").click()
    tab.get_by_test_id("stMain").locator("img").wait_for()
    totp = pyotp.TOTP(tab.get_by_test_id("stCode").inner_text().strip())
    tab.get_by_role("textbox", name="Code").fill(totp.at(now()))
    tab.get_by_role("button", name="Turn on").click()
    with tab.expect_download() as download:
        tab.get_by_role("button", name="Download").click()
    codes = download.value.path().read_text().split()
    assert len(codes) == 10
    assert tab.get_by_test_id("stCode").inner_text().split() == codes
    tab.get_by_role("button", name="I have it").click()
    tab.get_by_text("10 recovery codes are left").wait_for()
    return totp


def sign_out(tab: Page, name: str) -> None:
    tab.get_by_role("button", name=name).click()
    tab.get_by_role("button", name="Sign out").click()
    wait_for(tab, "Sign in")


def sign_in(tab: Page, totp: pyotp.TOTP) -> None:
    tab.get_by_label("E-mail").fill(ADA)
    tab.get_by_label("Password").fill(PASSWORD)
    tab.get_by_role("button", name="Sign in").click()
    next_one = totp.at(now() + timedelta(seconds=STEP_SECONDS))  # the one of now was used to turn it on
    tab.get_by_label("Code").fill(next_one)
    tab.get_by_role("button", name="Sign in").click()


def invite_bo(tab: Page, app_url: str) -> str:
    tab.goto(f"{app_url}/people?show_people=Invite")
    tab.get_by_role("textbox", name="E-mail").fill(BO)
    tab.get_by_role("textbox", name="Name").fill("Bo Li")
    choose(tab, "Role", "annotator")
    tab.get_by_role("button", name="Invite", exact=True).click()
    text = tab.get_by_test_id("stCode").inner_text()
    return re.search(r"http://\S+", text)[0]


def choose(tab: Page, label: str, option: str) -> None:
    tab.get_by_role("combobox", name=label).click()
    tab.get_by_role("option", name=option, exact=True).click()


def idle(tab: Page) -> None:
    tab.wait_for_timeout(SETTLED_MS)
    tab.locator("[data-testid='stApp'][data-test-script-state='notRunning']").wait_for()


def test_people_come_in_are_held_to_their_role_and_are_sent_away(app_home, app_url, link, tab, other_tab):
    database = AppDatabase(app_home / "decisions.db")
    with database.writing() as session:
        fill(session, [Candidate(WAFERS[0].key, 1.0)], local_person())

    # The first admin has a password by the link, a second factor, and comes in by it.
    set_password(tab, link)
    totp = enrol(tab, app_url)
    sign_out(tab, "Ada Krol")
    sign_in(tab, totp)
    wait_for(tab, "Account")  # where they signed out

    # Somebody is invited as an annotator, comes in by the link, and labels.
    set_password(other_tab, invite_bo(tab, app_url))
    other_tab.goto(f"{app_url}/annotate")
    other_tab.get_by_role("button", name="Start with the next wafer").click()
    other_tab.locator("canvas.over").wait_for()
    expect(other_tab.get_by_role("link", name="Trail")).to_have_count(0)

    # Made a viewer, they are refused where they labelled.
    tab.goto(f"{app_url}/people?account=Bo+Li")
    choose(tab, "Role", "viewer")
    tab.get_by_role("button", name="Save").click()
    expect(tab.get_by_role("button", name="Save")).to_be_disabled(timeout=PATIENCE_MS)
    other_tab.goto(f"{app_url}/annotate")
    other_tab.get_by_text("this role may not label wafers").wait_for()
    expect(other_tab.locator("canvas.over")).to_have_count(0)

    # Deactivated, they are at the sign-in within seconds, without a click.
    other_tab.goto(f"{app_url}/wafers")
    wait_for(other_tab, "Wafers")
    tab.get_by_role("button", name="Deactivate", exact=True).click()
    tab.get_by_role("button", name="Deactivate this account").click()
    expect(other_tab.get_by_role("heading", name="Sign in")).to_be_visible(timeout=SENT_AWAY_MS)
    other_tab.goto(f"{app_url}/account")
    wait_for(other_tab, "Sign in")

    # The trail tells of all of it.
    tab.goto(f"{app_url}/trail")
    wait_for(tab, "Trail")
    with tab.expect_download() as download:
        tab.get_by_role("button", name="Download CSV").click()
    text = download.value.path().read_text(encoding="utf-8-sig")
    assert {"account.deactivate", "account.role", "second-factor.add", "sign-in"} <= set(re.findall(r"[\w.-]+", text))
    database.close()


def test_no_page_breaks_the_content_security_policy(app_home, app_url, tab):
    database = AppDatabase(app_home / "decisions.db")
    with database.writing() as session:
        accept(session, invite(session, local_person(), "cy@fab.example", "Cy Po", Role.ADMIN), PASSWORD)
        fill(session, [Candidate(WAFERS[1].key, 1.0)], local_person())
    database.close()
    said: list[str] = []
    tab.on("console", lambda message: said.append(message.text) if "Security Policy" in message.text else None)
    tab.goto(app_url)
    tab.get_by_label("E-mail").fill("cy@fab.example")
    tab.get_by_label("Password").fill(PASSWORD)
    tab.get_by_role("button", name="Sign in").click()
    wait_for(tab, "Overview")
    for name in NAMES:
        tab.goto(f"{app_url}/{name}")
        tab.locator("h1").first.wait_for()
        idle(tab)
    assert said == []

    # The label editor draws, the sketch is looked for, a chart is drawn, a file is taken away.
    tab.goto(f"{app_url}/annotate")
    tab.get_by_role("button", name="Start with the next wafer").click()
    drag(tab, "canvas.over")
    tab.goto(f"{app_url}/similar?look_for=Sketch")
    drag(tab, "canvas.upper-canvas")
    tab.get_by_role("img", name=re.compile("^Found: ")).first.wait_for()
    tab.goto(f"{app_url}/trends")
    tab.locator(".js-plotly-plot").first.wait_for()
    tab.goto(f"{app_url}/wafers")
    with tab.expect_download() as download:
        tab.get_by_role("button", name="Download CSV").click()
    assert download.value.path().stat().st_size
    assert said == []


def drag(tab: Page, canvas: str) -> None:
    """Draw a line across the wafer."""
    tab.locator(canvas).scroll_into_view_if_needed()
    box = tab.locator(canvas).bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    tab.mouse.move(x, y)
    tab.mouse.down()
    tab.mouse.move(x + 60, y + 40, steps=8)
    tab.mouse.up()
    idle(tab)
