"""Two alarms are acknowledged by clicks: a refused one keeps all cards, an accepted one closes its box."""

import pytest
from playwright.sync_api import expect

from core.alarms import check_and_send
from core.database import AppDatabase
from core.lake import Lake
from tests.core.alarms.examples import keep, severe

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

WORST, OTHER = "Lot LOT001", "Lot LOT000"


@pytest.fixture(scope="module")
def alarms(app_home):
    """Two open alarms, that of LOT001 the worse."""
    lake = Lake(app_home / "lake")
    keep(lake, severe(0, 85.0, "edge"), severe(1, 10.0), severe(25, 96.0, "ring"))
    database = AppDatabase(app_home / "decisions.db")
    check_and_send(lake, database, None)
    database.close()


@pytest.mark.usefixtures("alarms")
def test_the_box_of_an_acknowledged_alarm_closes_and_never_belongs_to_the_next(app_url, tab):
    tab.goto(f"{app_url}/alarms")
    opener = tab.get_by_test_id("stPopover").get_by_role("button", name="Acknowledge")
    box = tab.get_by_role("textbox", name="What was done about it?")
    expect(opener).to_have_count(2)
    opener.first.click()
    submit = tab.get_by_test_id("stFormSubmitButton").get_by_role("button")
    submit.click()
    expect(tab.get_by_text("expected a comment")).to_be_visible()
    for lot in (WORST, OTHER):
        expect(tab.get_by_text(lot).first).to_be_visible()
    box.fill("pad replaced")
    submit.click()
    expect(tab.get_by_text(WORST)).to_have_count(0)
    expect(tab.get_by_text(OTHER).first).to_be_visible()
    expect(box).to_have_count(0)
    opener.click()
    expect(box).to_have_value("")
