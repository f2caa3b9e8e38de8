"""What a person chooses on a page is what they get: a wafer typed by its name, colours kept over a reload."""

from dataclasses import replace

import pytest
from playwright.sync_api import expect

from core.analysis.result import analyse
from core.lake import Lake
from core.segmentation import Segmenter
from tests.core.similarity.similar_examples import shown

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def lot(app_home, tiny_model_path):
    """Three wafers of lot A: W18, W19, W20."""
    wafers = [replace(shown(f"W{number}", number, ["edge"]), lot_id="A") for number in (18, 19, 20)]
    lake = Lake(app_home / "lake")
    lake.append_wafers(wafers)
    lake.append_results(analyse(wafers, Segmenter.load(str(tiny_model_path), threads=1)))


@pytest.mark.usefixtures("lot")
def test_a_wafer_typed_by_its_name_is_that_wafer_of_the_lot(app_url, tab):
    tab.goto(f"{app_url}/wafer?wafer=A:W18")
    typed = tab.get_by_role("combobox", name="Compare with")
    typed.fill("W19")
    expect(tab.get_by_role("option")).to_have_text(["W19"])  # and none that adds it
    typed.press("Enter")
    expect(tab.get_by_test_id("stMarkdown").filter(has_text="A W19").first).to_be_visible()
    expect(tab.get_by_text("There is no wafer")).to_have_count(0)


@pytest.mark.usefixtures("lot")
def test_the_colours_chosen_outlive_reload_and_page(app_url, tab):
    tab.goto(f"{app_url}/wafers")
    expect(tab).to_have_title("Wafers · Waferscope")
    safe = tab.get_by_role("switch", name="Colour-blind safe").or_(
        tab.get_by_role("checkbox", name="Colour-blind safe")
    )
    expect(safe).not_to_be_checked()
    tab.get_by_text("Colour-blind safe").click()
    expect(safe).to_be_checked()
    tab.wait_for_url("**safe_colors=true*")
    tab.reload()
    expect(safe).to_be_checked()
    tab.get_by_test_id("stSidebarNavLink").filter(has_text="Trends").click()
    expect(tab.get_by_role("heading", name="Trends")).to_be_visible()
    expect(tab).to_have_title("Trends · Waferscope")
    expect(safe).to_be_checked()
    tab.reload()
    expect(tab.get_by_role("heading", name="Trends")).to_be_visible()
    expect(safe).to_be_checked()
