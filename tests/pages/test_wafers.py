from dataclasses import replace
from datetime import timedelta

import pytest

from core.annotation.progress import items
from core.lake import Lake, WaferFilter
from core.lake.wafer_tests import list_tests
from tests.core.lake_examples import START, drawn
from tests.pages.conftest import WAFERS


def shown(app):
    """Keys of the wafers in the table, in its order."""
    table = app.dataframe[0].value
    return [f"{lot}:{wafer}" for lot, wafer in zip(table["lot"], table["wafer"], strict=True)]


def count_line(app):
    return next(m.value for m in app.markdown if "wafers" in m.value)


def test_the_first_page_holds_the_newest_wafers_with_pictures(open_page, lake_home):
    app = open_page("wafers")
    assert not app.exception
    assert count_line(app) == f"**{WAFERS}** of {WAFERS} wafers"
    assert shown(app) == list(Lake(lake_home / "lake").wafers_page(limit=25)["key"])
    assert app.dataframe[0].value["map"].str.startswith("data:image/png;base64,").all()


def test_the_last_page_holds_the_rest(open_page):
    app = open_page("wafers", page="3")
    assert len(shown(app)) == WAFERS - 50


def test_a_link_restores_filters_and_order(open_page):
    app = open_page("wafers", **{"text": "lot001", "class": ["Edge", "Center"], "sort": "Most severe first"})
    table = app.dataframe[0].value
    assert set(table["lot"]) == {"LOT001"}
    assert all({"Edge", "Center"} & set(names) for names in table["classes"])
    assert table["severity"].is_monotonic_decreasing
    assert 0 < len(table) < 25


def test_filters_chosen_on_the_page_go_into_the_link(open_page):
    app = open_page("wafers")
    app.multiselect(key="product").select("TC39").run()
    assert set(app.dataframe[0].value["product"]) == {"TC39"}
    assert app.query_params["product"] in ("TC39", ["TC39"])


@pytest.mark.parametrize(
    "query",
    [
        {"class": "Dust"},
        {"severity": ["high", "low"]},
        {"dates": ["yesterday", "2026-13-45"]},
        {"sort": "severity; DROP TABLE wafers"},
        {"page": "999"},
        {"page": "-1"},
        {"rows": "7"},
        {"view": "Hologram"},
        {"product": "nobody's"},
    ],
)
def test_nonsense_in_a_link_leaves_the_page_whole(open_page, query):
    app = open_page("wafers", **query)
    assert not app.exception
    assert not app.error
    assert len(shown(app)) > 0


def test_wafers_without_a_date_are_found_whatever_days_are_chosen(open_page, tmp_path):
    Lake(tmp_path / "lake").append_wafers([drawn(0), drawn(1), drawn(2, tested_at=None)])
    app = open_page("wafers", home=tmp_path, undated="true")
    assert not app.exception
    assert shown(app) == ["LOT000:W03"]
    app.checkbox(key="undated").uncheck().run()
    assert len(shown(app)) == 3
    app.date_input(key="dates").set_value((START.date(), START.date())).run()
    app.checkbox(key="undated").check().run()
    assert shown(app) == ["LOT000:W03"]


def test_an_unknown_class_and_lot_of_a_link_are_said(open_page):
    app = open_page("wafers", **{"class": "Dust", "lot": "LOT9"})
    assert sorted(one.value for one in app.warning) == [
        "The link's choice was ignored: there is no class 'Dust'.",
        "The link's choice was ignored: there is no lot 'LOT9'.",
    ]


def test_text_is_only_ever_text(open_page):
    app = open_page("wafers", text="'; DROP TABLE wafers; --")
    assert not app.exception
    assert count_line(app) == f"**0** of {WAFERS} wafers"


def test_when_nothing_passes_the_page_says_so_and_the_filters_can_be_cleared(open_page):
    app = open_page("wafers", text="no such wafer")
    assert "No wafer passes" in app.info[0].value
    assert app.get("download_button")[0].proto.disabled
    next(b for b in app.button if b.label == "Clear filters").click().run()
    assert len(shown(app)) == 25


def test_a_narrower_filter_brings_back_the_page_it_still_has(open_page):
    app = open_page("wafers", page="3")
    app.text_input(key="text").set_value("LOT002").run()
    assert not app.exception
    assert len(shown(app)) == 10


def test_the_full_range_of_severity_includes_wafers_that_are_not_segmented(open_page):
    whole, narrowed = open_page("wafers"), open_page("wafers", severity=["0", "99"])
    assert whole.dataframe[0].value["severity"].isna().sum() == 2
    assert len(shown(narrowed)) > 0
    assert count_line(narrowed) == f"**{WAFERS - 2}** of {WAFERS} wafers"


def test_pictures_are_links_to_their_wafers(open_page):
    app = open_page("wafers", view="Pictures", text="LOT002")
    assert not app.dataframe
    assert len(app.get("image")) == 10
    assert {link.label for link in app.get("page_link")} == {f":primary[LOT002 W{n:02d}]" for n in range(1, 11)}


def test_an_empty_lake_says_what_to_do(open_page, tmp_path):
    app = open_page("wafers", home=tmp_path)
    assert not app.exception
    assert "no wafers yet" in app.markdown[0].value
    assert "make demo" in app.markdown[1].value


def test_the_wafers_of_a_filter_are_queued_for_labelling_in_the_order_shown(open_page, own_home, database):
    app = open_page("wafers", home=own_home, text="LOT001", sort="Most severe first")
    app.number_input(key="label-these").set_value(3).run()
    app = app.button(key="label-these-add").click().run()
    assert app.success[0].value == "3 added."
    with database.reading() as session:
        queued = [item.wafer_key for item in items(session)]
    expected = Lake(own_home / "lake").wafers_page(WaferFilter(text="LOT001"), "-severity", limit=3)["key"]
    assert queued == list(expected)


def test_with_a_step_chosen_each_row_and_link_is_of_its_test_of_that_step(open_page, tmp_path):
    lake = Lake(tmp_path / "lake")
    first = replace(drawn(0), step="ST1")
    lake.append_wafers(
        [first, replace(drawn(0), dies=drawn(1).dies, step="ST2", tested_at=first.tested_at + timedelta(1))]
    )
    app = open_page("wafers", home=tmp_path, history="step=ST1")
    assert not app.exception
    assert count_line(app) == "**1** of 1 wafers"
    table = app.dataframe[0].value
    assert table["step"].tolist() == ["ST1"]
    assert table["yield"].tolist() == [first.yield_fraction * 100]
    newest = open_page("wafers", home=tmp_path).dataframe[0].value
    assert newest["step"].tolist() == ["ST2"]
    assert newest["map"].tolist() != table["map"].tolist()
    app = open_page("wafers", home=tmp_path, history="step=ST1", view="Pictures")
    older = next(test.id for test in list_tests(lake, first.key) if test.step == "ST1")
    (link,) = app.get("page_link")
    assert f"test={older}" in link.proto.query_string
