import pytest

from core.comparison.commonality import commonality
from core.lake import Lake, WaferFilter
from core.trends.series import Subject
from tests.core.lake_examples import drawn, found_on


@pytest.fixture(scope="module")
def tools_home(tmp_path_factory):
    """Six lots of twelve wafers on four tools; CMP1 scratches."""
    home = tmp_path_factory.mktemp("tools")
    wafers = [drawn(n, lot_id=f"L{n // 12}") for n in range(72)]
    lake = Lake(home / "lake")
    lake.append_wafers(wafers)
    lake.append_results(found_on(w, *(("scratch",) if n % 4 == 1 else ()), seed=n) for n, w in enumerate(wafers))
    return home


def words(app):
    return "\n".join(element.value for element in (*app.markdown, *app.caption, *app.info))


def test_the_tool_is_named_first_with_its_counts(open_page, tools_home):
    app = open_page("commonality", home=tools_home, **{"class": ["Scratch"]})
    assert not app.exception
    assert "**Scratch** on **18** of 72 segmented wafers in 6 lots" in words(app)
    assert "**cmp tool CMP1: 18 of 18 wafers affected (100 %), 0 of 54 others (0 %)" in words(app)
    assert "6 of its 6 lots" in words(app)


def test_the_table_is_that_of_the_search(open_page, tools_home):
    app = open_page("commonality", home=tools_home, **{"class": ["Scratch"]})
    found = commonality(Lake(tools_home / "lake"), WaferFilter(), Subject(("scratch",)))
    shown = app.dataframe[0].value
    assert shown[["attribute", "value", "affected", "wafers"]].equals(
        found.table[["attribute", "value", "affected", "wafers"]]
    )
    assert len(app.get("plotly_chart")) == 1


@pytest.mark.parametrize(("query", "said"), [({"class": ["Ring"]}, "None of these"), ({"product": "TC38"}, "Scratch")])
def test_filters_narrow_what_is_compared(open_page, tools_home, query, said):
    app = open_page("commonality", home=tools_home, **{"class": ["Scratch"], **query})
    assert not app.exception
    assert said in words(app)


@pytest.mark.parametrize("query", [{"class": "Dust"}, {"slots": "perhaps"}, {"dates": "soon"}, {"zone": "x"}])
def test_nonsense_in_a_link_leaves_the_page_whole(open_page, tools_home, query):
    app = open_page("commonality", home=tools_home, **query)
    assert not app.exception
    assert "**72**" in words(app) or "of 72 segmented" in words(app)


def test_wafers_without_a_history_say_where_one_comes_from(open_page, tmp_path):
    lake = Lake(tmp_path / "lake")
    wafers = [drawn(n, product="P", test_program="", attributes={}) for n in range(12)]
    lake.append_wafers(wafers)
    lake.append_results(found_on(w, *(("edge",) if n % 2 else ()), seed=n) for n, w in enumerate(wafers))
    app = open_page("commonality", home=tmp_path)
    assert not app.exception
    assert "A process history comes with the files" in words(app)


def test_what_stands_out_is_said_of_which_days(open_page, tools_home):
    app = open_page("commonality", home=tools_home, **{"class": ["Ring"]})
    first, last = app.date_input(key="dates").value
    assert f"None of these wafers from {first:%d %b %Y} to {last:%d %b %Y} are affected" in app.info[0].value
