from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.ingestion.orientation_rules import OrientationRules
from data.orientation import Corner, OrientationRule
from tests.data.formats.make_fixtures import FIXTURES, GRID

PAGE = Path(__file__).parents[4] / "pages" / "segment.py"


@pytest.fixture
def page(tmp_path, tiny_model_path, monkeypatch):
    monkeypatch.setenv("WAFERSCOPE_HOME", str(tmp_path))
    monkeypatch.setenv("WAFERSCOPE_MODEL", str(tiny_model_path))
    page = AppTest.from_file(str(PAGE), default_timeout=240).run()
    page.file_uploader[0].upload("lot7.sinf", (FIXTURES / "lot7.sinf").read_bytes())
    return page.run()


def keep(page):
    [button] = [button for button in page.button if button.label.startswith("Keep for all files")]
    button.click()
    page.run()
    assert not page.exception
    return page


def choice(page, label):
    return next(box for box in page.selectbox if box.label == label)


def test_a_rule_set_beside_the_map_is_kept_and_turns_the_wafer_at_once(page, tmp_path):
    before = page.session_state["upload"].entries[0].wafer
    choice(page, "Turn clockwise").set_value(180)
    choice(page, "Rows and columns start at").set_value(Corner.LOWER_LEFT)
    keep(page)
    rules = OrientationRules(str(tmp_path))
    assert rules.all() == (("CHIP-A", OrientationRule(origin=Corner.LOWER_LEFT, rotate=180)),)
    after = page.session_state["upload"].entries[0].wafer
    assert before.bins.tolist() == GRID.tolist()
    assert after.bins.tolist() == GRID[:, ::-1].tolist()  # top and bottom swapped, then half a turn


def test_the_rule_that_holds_is_said(page):
    assert "Orientation" in [expander.label for expander in page.expander]
    choice(page, "Turn clockwise").set_value(90)
    keep(page)
    assert "Orientation: the rule of CHIP-A holds" in [expander.label for expander in page.expander]


def test_the_map_says_where_the_notch_is_and_how_its_axes_run(page):
    assert "Notch down; x right, y down" in " ".join(caption.value for caption in page.caption)
