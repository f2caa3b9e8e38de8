import json

import pytest

from core.lake import Lake
from core.lots.lot import figures, open_lot
from tests.core.lake_examples import drawn


def metrics(app):
    return {metric.label: metric.value for metric in app.metric}


def titles(app):
    return [title.value for title in app.title]


def charts(app):
    """Figures on the page by their key."""
    return [json.loads(chart.proto.spec) for chart in app.get("plotly_chart")]


def test_a_lot_shows_its_figures_and_its_wafers(open_page, lake_home):
    app = open_page("lot", lot="LOT001")
    lot = open_lot(Lake(lake_home / "lake"), "LOT001")
    summed = figures(lot)
    assert not app.exception
    assert titles(app) == ["Lot LOT001"]
    said = metrics(app)
    assert (said["Wafers"], said["Yield"]) == ("25", f"{summed.yield_fraction:.1%}")
    assert said["With a pattern"] == f"{summed.defective} of {summed.segmented}"
    assert len(app.get("image")) == 25
    assert len(charts(app)) == 4


def test_the_stack_says_what_it_leaves_out(open_page, lake_home):
    app = open_page("lot", lot="LOT001")
    lot = open_lot(Lake(lake_home / "lake"), "LOT001")
    others = 25 - lot.stack.wafers
    assert others > 0
    assert any(f"{others} wafers of another product, grid or notch" in one.value for one in app.caption)


def test_the_slot_chart_has_each_wafers_share(open_page, lake_home):
    app = open_page("lot", lot="LOT001", pattern="Ring")
    lot = open_lot(Lake(lake_home / "lake"), "LOT001")
    slots = charts(app)[3]["data"][0]
    assert slots["x"] == [str(n) for n in range(1, 26)]
    assert slots["y"] == pytest.approx(lot.share_failing("ring").tolist())
    assert "odd slots against even" in app.table[0].value.to_string()


def test_without_a_link_it_is_the_newest_lot(open_page):
    assert titles(open_page("lot")) == ["Lot LOT002"]


def test_an_unknown_lot_is_an_explained_error(open_page):
    app = open_page("lot", lot="LOT999")
    assert not app.exception
    assert "there is no lot 'LOT999'" in app.error[0].value


def test_nonsense_as_pattern_shows_all_failing_dies(open_page):
    app = open_page("lot", lot="LOT001", pattern="Dust")
    assert not app.exception
    assert app.selectbox(key="pattern").value == "All failing dies"


def test_another_lot_is_one_choice_away(open_page):
    app = open_page("lot", lot="LOT001")
    app.selectbox(key="lot").set_value("LOT000").run()
    assert titles(app) == ["Lot LOT000"]


def test_a_lot_without_slots_or_results_says_so(open_page, tmp_path):
    Lake(tmp_path / "lake").append_wafers([drawn(0, wafer_id="first", attributes={}, tested_at=None)])
    app = open_page("lot", home=tmp_path)
    assert not app.exception
    assert metrics(app)["Mean severity"] == "–"
    assert any("says its slot" in one.value for one in app.caption)


def test_an_empty_lake_says_what_to_do(open_page, tmp_path):
    app = open_page("lot", home=tmp_path)
    assert not app.exception
    assert "no wafers yet" in app.markdown[0].value


def test_a_wafer_leads_to_its_lot(open_page):
    links = open_page("wafer", wafer="LOT001:W05").get("page_link")
    assert any("The whole lot" in link.label for link in links)
