from datetime import timedelta

import pytest

from core.lake import Lake, WaferFilter
from core.trends.series import Period, Subject, series
from tests.core.lake_examples import START, drawn, found_on


@pytest.fixture(scope="module")
def weeks_home(tmp_path_factory):
    """Twelve lots of ten wafers, three days each; every wafer of the newest two lots is scratched."""
    home = tmp_path_factory.mktemp("weeks")
    results = []
    for n in range(120):
        lot = n // 10
        wafer = drawn(n, lot_id=f"L{lot:02d}", product="TC38", tested_at=START + timedelta(days=3 * lot, minutes=n))
        results.append(found_on(wafer, *(("scratch",) if lot >= 10 or n % 9 == 0 else ()), seed=n))
    lake = Lake(home / "lake")
    lake.append_wafers(result.wafer for result in results)
    lake.append_results(results)
    return home


def words(app):
    return "\n".join(element.value for element in (*app.markdown, *app.caption, *app.info, *app.error))


def test_the_first_thing_said_is_what_changed_this_week(open_page, weeks_home):
    app = open_page("trends", home=weeks_home)
    assert not app.exception
    said = [element.value for element in app.markdown]
    assert said[0] == "**What changed this week** · 28 Mar to 03 Apr 2026"
    assert said[1].startswith("Mean severity on TC38: ")
    assert said[2].startswith("Scratch on TC38: 22 of 30 wafers (73.3 %), 2 of 20 (10.0 %) the week before; up by")
    labels = [link.label for link in app.get("page_link")]
    assert labels == [":primary[Wafers]", ":primary[What they share]", ":primary[Wafers]"]


def test_the_chart_marks_rules_and_says_them_in_words(open_page, weeks_home):
    app = open_page("trends", home=weeks_home, **{"class": ["Scratch"], "period": "Lot"})
    assert not app.exception
    assert len(app.get("plotly_chart")) == 1
    assert "**Rule 1, above**: one point beyond 3 sigma. At L11, L10." in words(app)
    table = series(Lake(weeks_home / "lake"), WaferFilter(), Subject(("scratch",)), Period.LOT)
    assert app.metric[0].value == f"{table['share'].iloc[-1]:.1%}".replace("%", " %")
    assert app.metric[0].label == "Newest lot: L11"


def test_lots_beyond_two_sigma_are_listed(open_page, weeks_home):
    app = open_page("trends", home=weeks_home, **{"class": ["Scratch"]})
    current, flagged = (table.value for table in app.dataframe)
    assert current["lot"].tolist() == ["L11"]
    assert {"L10", "L11"} <= set(flagged["lot"])
    assert set(flagged["flag"]) == {"beyond"}


@pytest.mark.parametrize("measure", ["Affected dies", "Density", "Severity", "Share of wafers affected"])
@pytest.mark.parametrize("chart", ["individuals", "EWMA"])
def test_every_measure_has_its_charts(open_page, weeks_home, measure, chart):
    app = open_page("trends", home=weeks_home, measure=measure, chart=chart, period="Lot", zone="Middle")
    assert not app.exception
    assert not app.error
    assert f"**{measure}: Any pattern in the middle zone** by lot" in words(app)
    assert len(app.get("plotly_chart")) == 1


def test_a_baseline_of_chosen_days_is_said(open_page, weeks_home):
    app = open_page("trends", home=weeks_home, period="Lot", baseline=["2026-03-01", "2026-03-12"])
    assert not app.exception
    assert "from 4 points, as chosen." in words(app)


def test_a_baseline_without_points_is_explained(open_page, weeks_home):
    app = open_page("trends", home=weeks_home, period="Lot", baseline=["2026-03-02", "2026-03-02"])
    assert not app.exception
    assert "Make it longer." in app.error[0].value


@pytest.mark.parametrize(
    "query", [{"measure": "luck"}, {"chart": "pie"}, {"period": "year"}, {"zone": "rim"}, {"baseline": "x"}]
)
def test_nonsense_in_a_link_leaves_the_page_whole(open_page, weeks_home, query):
    app = open_page("trends", home=weeks_home, **query)
    assert not app.exception
    assert not app.error
    assert len(app.get("plotly_chart")) == 1


def test_too_few_points_are_said_with_what_to_do(open_page):
    app = open_page("trends")
    assert not app.exception
    assert "too few for limits" in app.info[0].value
    assert not app.get("plotly_chart")
    assert "**Current lot of each product, against its history**" in words(app)
    assert len(app.dataframe[0].value)


@pytest.mark.parametrize("name", ["trends", "commonality"])
def test_an_empty_lake_says_what_to_do(open_page, tmp_path, name):
    app = open_page(name, home=tmp_path)
    assert not app.exception
    assert "no wafers yet" in app.markdown[0].value


@pytest.mark.parametrize("name", ["trends", "commonality"])
def test_wafers_without_dates_and_results_are_no_error(open_page, tmp_path, name):
    Lake(tmp_path / "lake").append_wafers([drawn(1, tested_at=None)])
    app = open_page(name, home=tmp_path)
    assert not app.exception
    assert not app.error
    assert app.info
