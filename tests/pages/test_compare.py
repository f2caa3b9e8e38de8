import json

import pytest

from core.comparison.comparison import measures
from core.lake import Lake, WaferFilter

ONE, OTHER = {"a_product": "TC38", "a_history": "cmp_tool=CMP0"}, {"b_product": "TC38", "b_history": "cmp_tool=CMP1"}
ALL_DAYS = ["2026-03-01", "2026-03-03"]
DAYS = {"a_dates": ALL_DAYS, "b_dates": ALL_DAYS}


def heads(app):
    return [one.value for one in app.markdown if one.value.startswith("**Group")]


def test_two_tools_stand_side_by_side(open_page, lake_home):
    app = open_page("compare", **ONE, **OTHER, **DAYS)
    lake = Lake(lake_home / "lake")
    a, b = (WaferFilter(product="TC38", attribute=f"cmp_tool=CMP{n}") for n in (0, 1))
    assert not app.exception
    assert heads(app)[0].startswith(f"**Group A**: {lake.count(a)} wafers")
    assert heads(app)[1].startswith(f"**Group B**: {lake.count(b)} wafers")
    shown = app.table[0].value
    expected = measures(lake, a, b).set_index("measure").loc["yield"]
    assert shown.loc["yield", "A"] == f"{expected['a'] * 100:.1f} %"
    assert shown.loc["yield", "B"] == f"{expected['b'] * 100:.1f} %"
    figure = json.loads(app.get("plotly_chart")[0].proto.spec)
    assert figure["layout"]["images"]


def test_without_a_link_the_newest_two_weeks_stand_against_what_came_before(open_page):
    app = open_page("compare")
    assert not app.exception
    assert len(heads(app)) == 2


def test_wafers_in_both_groups_are_said(open_page):
    app = open_page("compare", a_product="TC38", b_product="TC38", **DAYS)
    assert "20 wafers are in both groups" in app.warning[0].value


def test_groups_without_a_common_grid_have_measures_and_no_map(open_page):
    app = open_page("compare", a_product="TC38", b_product="TC39", **DAYS)
    assert not app.exception
    assert len(app.table) == 1
    assert "no product and die grid in common" in app.info[0].value
    assert not app.get("plotly_chart")


def test_an_empty_group_is_said(open_page):
    app = open_page("compare", a_history="cmp_tool=NONE", **DAYS)
    assert not app.exception
    assert "A group without wafers" in app.info[0].value


@pytest.mark.parametrize(
    "query", [{"a_product": "x"}, {"b_dates": "soon"}, {"pattern": "Dust"}, {"a_history": "nonsense"}]
)
def test_nonsense_in_a_link_leaves_the_page_whole(open_page, query):
    assert not open_page("compare", **query).exception


def test_an_empty_lake_says_what_to_do(open_page, tmp_path):
    app = open_page("compare", home=tmp_path)
    assert not app.exception
    assert "no wafers yet" in app.markdown[0].value
