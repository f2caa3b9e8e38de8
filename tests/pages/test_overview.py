import json
from datetime import UTC, datetime
from urllib.parse import unquote

import pytest

from core.lake import Lake, WaferFilter
from core.lake.scoring import main_reasons
from core.trends.overview import totals
from tests.core.lake_examples import drawn
from tests.pages.conftest import WAFERS


def metrics(app):
    return {metric.label: metric.value for metric in app.metric}


def test_the_numbers_are_those_of_the_lake(open_page, lake_home):
    app = open_page("overview")
    summed = totals(Lake(lake_home / "lake"), WaferFilter())
    assert not app.exception
    said = metrics(app)
    assert (said["Wafers"], said["Lots"]) == (str(WAFERS), "3")
    assert said["Yield"] == f"{summed.yield_fraction:.1%}"
    assert said["With a pattern"] == f"{summed.defective / summed.segmented:.1%}"
    assert said["Segmented"] == f"{58 / 60:.1%}"
    assert len(app.get("plotly_chart")) == 2


def test_the_worst_wafers_of_the_newest_day_are_pictures_with_links(open_page, lake_home):
    app = open_page("overview")
    lake = Lake(lake_home / "lake")
    day = lake.wafers_page(limit=1)["tested_at"].iloc[0].normalize()
    worst = lake.query(
        "SELECT * FROM wafers WHERE tested_at >= ? AND severity IS NOT NULL ORDER BY severity DESC, key", [day]
    )
    labels = [link.label for link in app.get("page_link")]
    tiles = [f":primary[{lot} {wafer}]" for lot, wafer in zip(worst["lot_id"], worst["wafer_id"], strict=True)]
    assert labels == [":primary[All wafers, worst first]", *tiles[:12]]
    reasons = main_reasons(lake, list(worst["key"][:12]))
    assert len(reasons) == len(tiles[:12])
    assert set(filter(None, reasons.values())) <= {one.value for one in app.caption}
    assert len(app.get("image")) == len(tiles[:12])


def test_product_and_dates_narrow_everything(open_page):
    app = open_page("overview", product="TC38", dates=["2026-03-01", "2026-03-01"])
    assert not app.exception
    assert metrics(app)["Wafers"] == "8"


@pytest.mark.parametrize("query", [{"product": "nobody's"}, {"dates": "soon"}, {"dates": ["2026-03-02", "1999-01-01"]}])
def test_nonsense_in_a_link_leaves_the_page_whole(open_page, query):
    app = open_page("overview", **query)
    assert not app.exception
    assert metrics(app)["Wafers"] == str(WAFERS)


@pytest.fixture
def outlier_home(tmp_path):
    """Workspace of 12 wafers of 2026, one of 2001 and two without a date."""
    wafers = [drawn(n) for n in range(12)]
    wafers += [drawn(12, tested_at=datetime(2001, 5, 1, tzinfo=UTC)), *(drawn(n, tested_at=None) for n in (13, 14))]
    Lake(tmp_path / "lake").append_wafers(wafers)
    return tmp_path


def test_one_wafer_of_long_ago_does_not_widen_the_page_and_what_is_left_out_is_said(open_page, outlier_home):
    app = open_page("overview", home=outlier_home)
    assert not app.exception
    assert metrics(app)["Wafers"] == "12"
    assert "Left out: 1 wafer tested before or after 2026-03-01 to 2026-03-01, 2 without a date of test." in [
        one.value for one in app.caption
    ]
    (undated,) = [one for one in app.get("page_link") if "without a date" in one.label]
    assert "undated=true" in unquote(undated.proto.query_string)
    next(one for one in app.button if one.label == "All days").click().run()
    assert metrics(app)["Wafers"] == "15"
    assert "2 of these wafers have no date of test." in [one.value for one in app.caption]


def test_the_link_to_all_wafers_carries_the_days_shown(open_page, outlier_home):
    app = open_page("overview", home=outlier_home)
    (every,) = [one for one in app.get("page_link") if "All wafers" in one.label]
    assert "dates=2026-03-01&dates=2026-03-01" in unquote(every.proto.query_string)


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"product": ["TC38", "`*none*`"]}, "there is no product '\\`\\*none\\*\\`'"),
        ({"dates": ["2030-01-01", "2030-02-01"]}, "there is no wafer tested on '2030-01-01', '2030-02-01'"),
        ({"dates": "soon"}, "there is no wafer tested on 'soon'"),
    ],
)
def test_what_a_link_asks_for_in_vain_is_said_until_another_page(open_page, query, said):
    app = open_page("overview", **query)
    for _ in range(2):
        assert [one.value for one in app.warning] == [f"The link's choice was ignored: {said}."]
        app.run()
    assert not app.switch_page("../trends.py").run().warning


def test_one_day_in_a_link_is_that_day(open_page):
    app = open_page("overview", dates="2026-03-01")
    assert not app.warning
    assert metrics(app)["Wafers"] == "24"


@pytest.mark.parametrize(("source", "words"), [("demo fab", "demo fab"), ("mine.png", "Waferscope finds")])
def test_the_hint_says_whose_wafers_these_are(open_page, tmp_path, source, words):
    Lake(tmp_path / "lake").append_wafers([drawn(1, source_name=source)])
    app = open_page("overview", home=tmp_path)
    hint = json.loads(app.get("bidi_component")[0].proto.json)
    assert words in hint["text"]
    assert [step["page"] for step in hint["steps"]] == ["wafers", "wafer", "segment"]


def test_a_lake_of_unsegmented_wafers_without_dates_has_no_gaps_where_numbers_should_be(open_page, tmp_path):
    Lake(tmp_path / "lake").append_wafers([drawn(1, tested_at=None)])
    app = open_page("overview", home=tmp_path)
    assert not app.exception
    said = metrics(app)
    assert (said["With a pattern"], said["Mean severity"], said["Segmented"]) == ("–", "–", "0.0%")
    assert "nan" not in "".join(said.values())


def test_an_empty_lake_says_what_to_do(open_page, tmp_path):
    app = open_page("overview", home=tmp_path)
    assert not app.exception
    assert "no wafers yet" in app.markdown[0].value
    assert not app.metric


def test_a_nonsense_setting_is_an_explained_error(open_page, monkeypatch):
    monkeypatch.setenv("WAFERSCOPE_COLOR_SAFE", "perhaps")
    app = open_page("overview")
    assert not app.exception
    assert "WAFERSCOPE_COLOR_SAFE" in app.error[0].value
