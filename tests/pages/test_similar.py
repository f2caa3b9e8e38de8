import shutil

import pytest

from core.analysis.result import analyse
from core.database import AppDatabase
from core.identity import Person
from core.lake import Lake
from core.root_causes import findings_by_keys, write_finding
from core.segmentation import Segmenter
from core.similarity import SimilarityIndex
from core.similarity.index import IndexKind
from core.similarity.similar_wafers import find, query_cluster, query_wafer
from core.similarity.upkeep import bring_up_to_date
from pages.parts.literal import literal
from tests.core.similarity.similar_examples import WAFERS, shown
from tests.tiny_model import METADATA, write_tiny_model

KEY = "LOT:B03"  # an arc at the rim and a blob at the middle


@pytest.fixture(scope="module")
def segmenter(tiny_model_path) -> Segmenter:
    return Segmenter.load(str(tiny_model_path), threads=1)


@pytest.fixture(scope="module")
def indexed_home(segmenter, tmp_path_factory):
    home = tmp_path_factory.mktemp("indexed")
    lake = Lake(home / "lake")
    lake.append_wafers(WAFERS)
    lake.append_results(analyse(WAFERS, segmenter))
    list(bring_up_to_date(lake, segmenter, home))
    return home


@pytest.fixture
def home(indexed_home, tmp_path, monkeypatch, tiny_model_path):
    """A workspace with lake and indexes of its own."""
    monkeypatch.setenv("WAFERSCOPE_MODEL", str(tiny_model_path))
    for name in ("lake", "index"):
        shutil.copytree(indexed_home / name, tmp_path / name)
    return tmp_path


def listed(app):
    return list(app.dataframe[0].value["wafer"])


def names(matches):
    return [match.result.wafer.key.replace(":", " ") for match in matches]


def press(app, label):
    return next(b for b in app.button if b.label == label).click().run()


def test_a_wafer_s_similar_wafers_stand_with_both_scores(open_page, home, segmenter):
    app = open_page("similar", home=home, wafer=KEY)
    assert not app.exception
    lake = Lake(home / "lake")
    index = SimilarityIndex.load(home, segmenter.name, IndexKind.WAFERS)
    expected = find(query_wafer(lake.result(KEY), segmenter), index, lake, without=[KEY])
    table = app.dataframe[0].value
    assert listed(app) == names(expected)
    for column, score in (("likeness", "score"), ("cosine", "cosine"), ("overlap", "overlap")):
        assert list(table[column]) == pytest.approx([100 * getattr(match, score) for match in expected])
    assert all(cell.startswith("data:image/png") for column in ("map", "differences") for cell in table[column])
    assert any("most like **LOT B03**" in markdown.value for markdown in app.markdown)


def test_a_damaged_index_is_said_and_built_anew_from_the_page(open_page, home, segmenter):
    next((home / "index").glob("wafers-*.faiss")).write_bytes(b"noise")
    app = open_page("similar", home=home, wafer=KEY)
    assert not app.exception
    assert "it has to be built first: it cannot be read" in app.info[0].value
    press(app, "Build the index")
    assert not app.exception
    assert len(SimilarityIndex.load(home, segmenter.name, IndexKind.WAFERS)) == len(WAFERS)
    assert listed(app)


def test_one_cluster_is_looked_for_whatever_else_is_on_the_wafers(open_page, home, segmenter):
    lake = Lake(home / "lake")
    result = lake.result(KEY)
    rim = next(i for i in result.instances if i.class_key == "edge")
    app = open_page("similar", home=home, wafer=KEY, cluster=str(rim.number))
    assert not app.exception
    index = SimilarityIndex.load(home, segmenter.name, IndexKind.CLUSTERS)
    expected = find(query_cluster(result.wafer, rim, segmenter), index, lake, without=[KEY])
    assert listed(app) == names(expected)
    assert listed(app)[0] == "LOT E03"


def test_filters_and_turns_are_heeded(open_page, home):
    app = open_page("similar", home=home, wafer="LOT:E03")
    app.multiselect(key="product").select("A").run()
    assert set(listed(app)) <= {f"LOT E{hour:02d}" for hour in range(12)}
    before = dict(zip(listed(app), app.dataframe[0].value["cosine"], strict=True))
    app.checkbox(key="turned").check().run()
    after = dict(zip(listed(app), app.dataframe[0].value["cosine"], strict=True))
    assert after["LOT E09"] == pytest.approx(100, abs=0.2)
    assert before.get("LOT E09", 0) < 90
    app.multiselect(key="class").select("scratch").run()
    assert "Nothing alike" in app.info[0].value


def test_without_an_index_it_is_built_from_the_page(open_page, home):
    shutil.rmtree(home / "index")
    app = open_page("similar", home=home, wafer=KEY)
    assert not app.exception
    assert "it was not built yet" in app.info[0].value
    press(app, "Build the index")
    assert not app.exception
    assert len(listed(app)) == 10


def test_an_index_of_another_model_is_said_and_replaced(open_page, home, tmp_path, monkeypatch):
    path = write_tiny_model(tmp_path / "other.onnx", metadata={**METADATA, "name": "other"})
    monkeypatch.setenv("WAFERSCOPE_MODEL", str(path))
    app = open_page("similar", home=home, wafer=KEY)
    assert "it is of the model tiny@" in app.info[0].value
    press(app, "Build the index")
    assert listed(app)


def test_wafers_that_came_after_the_index_are_counted_and_added(open_page, home, segmenter):
    lake = Lake(home / "lake")
    lake.append_wafers([shown("new", 3, ["edge", "center"])])
    app = open_page("similar", home=home, wafer=KEY)
    assert "1 of 29 wafers are not in the index" in app.warning[0].value
    lake.append_results(analyse([lake.wafer("LOT:new")], segmenter))
    press(app, "Add them")
    assert not app.exception
    assert not app.warning
    assert listed(app)[0] == "LOT new"


def test_clusters_that_the_index_lacks_are_said(open_page, home, segmenter, tmp_path, monkeypatch):
    lake = Lake(home / "lake")
    lake.append_wafers([shown("new", 3, ["edge", "center"])])
    lake.append_results(analyse([lake.wafer("LOT:new")], segmenter))
    app = open_page("similar", home=home, look_for="Sketch")
    total = int(lake.query("SELECT sum(cluster_count) AS n FROM wafers")["n"][0])
    assert f"2 of {total} clusters are not in the index" in app.warning[0].value
    path = write_tiny_model(tmp_path / "other.onnx", metadata={**METADATA, "name": "other"})
    monkeypatch.setenv("WAFERSCOPE_MODEL", str(path))
    press(open_page("similar", home=home, look_for="Sketch"), "Build the index")
    app = open_page("similar", home=home, look_for="Sketch")
    assert f"{total} clusters were found by another model" in app.warning[0].value


def test_what_people_found_stands_beside_the_similar_wafers(open_page, home):
    with AppDatabase(home / "decisions.db").writing() as session:
        write_finding(session, "LOT:B04", "Clamp ring worn", "Arcing marks at the rim", Person("Ana"))
    table = open_page("similar", home=home, wafer=KEY).dataframe[0].value.set_index("wafer")
    assert table.loc["LOT B04", ["cause", "finding"]].tolist() == ["Clamp ring worn", "Arcing marks at the rim"]
    assert table.loc["LOT B02", ["cause", "finding"]].tolist() == ["", ""]


def test_a_finding_is_written_on_the_wafer_s_page(open_page, home):
    app = open_page("wafer", home=home, wafer=KEY)
    assert any("Nobody has written down" in caption.value for caption in app.caption)
    app.text_area(key=f"wafer-finding-cause-{KEY}").input("Clamp ring worn")
    press(app, "Save")
    assert not app.exception
    assert "Clamp ring worn" in [text.value for text in app.text]
    with AppDatabase(home / "decisions.db").reading() as session:
        assert findings_by_keys(session, [KEY])[KEY].root_cause == "Clamp ring worn"


def test_shared_steps_are_listed(open_page, home):
    shared = open_page("similar", home=home, wafer=KEY).dataframe[1].value
    assert shared[["step", "value"]].values.tolist() == [["tool", "T2"]]


def test_a_drawing_is_asked_for_on_the_grid_of_a_product(open_page, home):
    app = open_page("similar", home=home, look_for="Sketch")
    assert not app.exception
    assert app.selectbox[0].options == ["Round, 36 dies across", "A", "B"]
    app.selectbox[0].select("B").run()
    assert not app.exception
    assert "Say what to look for" in app.info[0].value


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"wafer": "LOT:none"}, "there is no wafer 'LOT:none'"),
        ({"wafer": "x' OR 1=1 --"}, "there is no wafer"),
    ],
)
def test_a_wafer_that_is_not_there_is_an_explained_error(open_page, home, query, words):
    app = open_page("similar", home=home, **query)
    assert not app.exception
    assert literal(words) in app.error[0].value


def test_a_wafer_that_is_typed_stands_in_the_address(open_page, home):
    app = open_page("similar", home=home)
    app.text_input(key="similar-wafer").set_value(KEY).run()
    assert not app.exception
    assert app.query_params["wafer"] == KEY
    assert app.selectbox[0].label == "Pattern"


def test_nonsense_in_a_link_shows_the_whole_wafer(open_page, home):
    app = open_page("similar", home=home, wafer=KEY, cluster="99", look_for="Guess")
    assert not app.exception
    assert app.selectbox[0].value == "0"


def test_without_a_question_the_page_says_what_to_do(open_page, home):
    assert "Say what to look for" in open_page("similar", home=home).info[0].value


def test_an_empty_lake_says_what_to_do(open_page, tmp_path):
    app = open_page("similar", home=tmp_path)
    assert not app.exception
    assert "no wafers yet" in app.markdown[0].value
