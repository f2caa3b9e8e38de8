import base64
import json
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from core.analysis.result import analyse
from core.annotation.reviews import ReviewKind, reviews_of
from core.lake import Lake
from core.lake.wafer_tests import list_tests
from core.registry.traffic import Challenger
from core.segmentation import Segmenter
from core.trends.overview import start_of
from tests.core.lake_examples import drawn, found_on
from tests.core.wafers import disc, radius, wafer
from tests.pages.conftest import WAFERS
from tests.tiny_model import write_tiny_model

SEGMENTED_KEY = "LOT001:W05"  # ring and scratch
PLAIN_KEY = f"LOT002:W{WAFERS - 50:02d}"


def metrics(app):
    return {metric.label: metric.value for metric in app.metric}


def canvases(app):
    """What the wafer canvases on the page were given."""
    return [json.loads(part.proto.json) for part in app.get("bidi_component")]


def test_a_wafer_shows_its_measures(open_page, lake_home):
    app = open_page("wafer", wafer=SEGMENTED_KEY)
    result = Lake(lake_home / "lake").result(SEGMENTED_KEY)
    assert not app.exception
    assert app.title[0].value == "LOT001 W05"
    said = metrics(app)
    assert said["Severity"] == f"{result.severity.score:.0f}"
    assert said["Clusters"] == str(len(result.instances))
    assert said["Affected dies"] == str(result.severity.affected_dies)
    table = app.dataframe[0].value
    assert list(table["dies"]) == [i.die_count for i in result.instances]
    assert any(result.wafer.product in caption.value for caption in app.caption)


def test_what_older_models_said_stands_below_the_newest_answer(open_page, tmp_path):
    lake, one = Lake(tmp_path / "lake"), drawn(0)
    lake.append_wafers([one])
    for model, classes in (("v1@1", ("edge", "ring")), ("v2@1", ("edge",)), ("v3@1", ("center",))):
        lake.append_results([found_on(one, *classes, model=model)])
    lake.compact(settled_seconds=0)
    app = open_page("wafer", home=tmp_path, wafer=one.key)
    assert not app.exception
    assert any(markdown.value == "**Earlier answers**" for markdown in app.markdown)
    table = next(frame.value for frame in app.dataframe if "said" in frame.value)
    assert table[["model", "dies"]].values.tolist() == [["v2@1", "as now"], ["v1@1", "as now"]]
    assert [list(found) for found in table["found"]] == [["Edge"], ["Edge", "Ring"]]
    first = found_on(one, "edge", "ring", model="v1@1")
    assert table["severity"][1] == pytest.approx(first.severity.score)
    assert table["clusters"][1] == len(first.instances)


def test_a_wafer_with_one_answer_shows_no_earlier_ones(open_page):
    app = open_page("wafer", wafer=SEGMENTED_KEY)
    assert not any("Earlier answers" in markdown.value for markdown in app.markdown)


def test_the_map_gets_every_die_and_the_classes_on_it(open_page, lake_home):
    given = canvases(open_page("wafer", wafer=SEGMENTED_KEY))[0]
    result = Lake(lake_home / "lake").result(SEGMENTED_KEY)
    assert (given["rows"], given["columns"]) == result.wafer.dies.shape
    assert {c["key"] for c in given["classes"] if c["dies"]} == set(result.segmentation.classes_present)
    assert len(given["clusters"]) == len(result.instances)
    assert set(given["probability"]) == set(result.segmentation.classes_present)


def test_a_link_restores_cluster_hidden_classes_and_probability(open_page, lake_home):
    app = open_page("wafer", wafer=SEGMENTED_KEY, cluster="2", hide="ring", show="Probability of scratch")
    given = canvases(app)[0]
    second = Lake(lake_home / "lake").result(SEGMENTED_KEY).instances[1]
    assert given["focus"] == {"id": 2, "box": [int(edge) for edge in second.bbox_die]}
    assert (given["hidden"], given["heat"]) == (["ring"], "scratch")
    assert f"{second.area_mm2:,.0f} mm²" in app.table[0].value.to_string()


@pytest.mark.parametrize(
    "query", [{"cluster": "x"}, {"cluster": "99"}, {"hide": ",,dust"}, {"show": "Probability of x"}]
)
def test_nonsense_in_a_link_shows_the_whole_wafer(open_page, query):
    app = open_page("wafer", wafer=SEGMENTED_KEY, **query)
    assert not app.exception
    assert canvases(app)[0]["focus"] is None


def test_without_a_link_it_is_the_worst_segmented_wafer_of_the_newest_day(open_page, lake_home):
    lake = Lake(lake_home / "lake")
    newest = lake.wafers_page(limit=1)["tested_at"].iloc[0].date()
    table = lake.query(
        "SELECT * FROM wafers WHERE tested_at >= ? ORDER BY severity DESC NULLS LAST", [start_of(newest)]
    )
    assert open_page("wafer").title[0].value.split() == list(table.iloc[0][["lot_id", "wafer_id"]])


def test_previous_and_next_walk_through_the_lot(open_page):
    app = open_page("wafer", wafer="LOT001:W01")
    assert app.button(key="step-1").disabled
    app.button(key="step1").click().run()
    assert app.title[0].value == "LOT001 W02"
    assert app.query_params["wafer"] in ("LOT001:W02", ["LOT001:W02"])
    app.button(key="step-1").click().run()
    assert app.title[0].value == "LOT001 W01"


def test_an_unknown_wafer_is_an_explained_error(open_page):
    app = open_page("wafer", wafer="LOT9:W99")
    assert not app.exception
    assert "there is no wafer 'LOT9\\:W99'" in app.error[0].value


def test_two_wafers_stand_side_by_side(open_page):
    app = open_page("wafer", wafer=SEGMENTED_KEY, other="LOT000:W05")
    assert not app.exception
    assert [c["id"].split()[0] for c in canvases(app)] == [SEGMENTED_KEY, "LOT000:W05"]


def test_a_wafer_of_the_lot_is_compared_by_its_own_name(open_page):
    app = open_page("wafer", wafer=SEGMENTED_KEY, other="w06")
    assert not app.exception
    assert [c["id"].split()[0] for c in canvases(app)] == [SEGMENTED_KEY, "LOT001:W06"]


@pytest.mark.parametrize(("other", "words"), [("LOT9:W9", "no wafer 'LOT9\\:W9'"), (PLAIN_KEY, "not segmented")])
def test_a_second_wafer_that_cannot_be_compared_is_said(open_page, other, words):
    app = open_page("wafer", wafer=SEGMENTED_KEY, other=other)
    assert words in app.warning[0].value
    assert len(canvases(app)) == 1


def test_the_colour_switch_recolours_the_map(open_page):
    app = open_page("wafer", wafer=SEGMENTED_KEY)
    before = canvases(app)[0]["classes"][0]["color"]
    app.toggle(key="safe_colors").set_value(True).run()
    assert (before, canvases(app)[0]["classes"][0]["color"]) == ("#e5484d", "#d55e00")


def test_a_wafer_without_a_result_is_segmented_by_a_click(open_page, lake_home, tiny_model_path, tmp_path, monkeypatch):
    monkeypatch.setenv("WAFERSCOPE_MODEL", str(tiny_model_path))
    lake = Lake(tmp_path / "lake")
    lake.append_wafers([Lake(lake_home / "lake").wafer(PLAIN_KEY)])
    app = open_page("wafer", home=tmp_path, wafer=PLAIN_KEY)
    assert "not segmented" in app.info[0].value
    assert not canvases(app)[0]["segmented"]
    next(b for b in app.button if b.label == "Segment it now").click().run()
    assert not app.exception
    assert canvases(app)[0]["segmented"]
    assert lake.result(PLAIN_KEY) is not None


def test_a_click_leaves_the_wafer_to_the_model_on_trial_where_it_is_in_its_share(
    open_page, lake_home, tiny_model_path, tmp_path, monkeypatch
):
    monkeypatch.setenv("WAFERSCOPE_MODEL", str(tiny_model_path))
    other = Segmenter.load(str(write_tiny_model(tmp_path / "other.onnx", dimension=0)))
    monkeypatch.setattr("pages.parts.wafers.pipeline.challenger", lambda: Challenger(other, 1.0))
    lake = Lake(tmp_path / "lake")
    lake.append_wafers([Lake(lake_home / "lake").wafer(PLAIN_KEY)])
    app = open_page("wafer", home=tmp_path, wafer=PLAIN_KEY)
    next(b for b in app.button if b.label == "Segment it now").click().run()
    assert not app.exception
    assert lake.result(PLAIN_KEY).segmentation.model == other.name


def test_a_probability_map_covers_passing_dies_where_the_model_that_segmented_is_in_use(
    open_page, lake_home, tiny_model_path, tmp_path, monkeypatch
):
    monkeypatch.setenv("WAFERSCOPE_MODEL", str(tiny_model_path))
    wafer = Lake(lake_home / "lake").wafer(PLAIN_KEY)
    model = Segmenter.load(str(tiny_model_path))
    lake = Lake(tmp_path / "lake")
    lake.append_wafers([wafer])
    lake.append_results(analyse([wafer], model))
    passing = (wafer.dies == 1).ravel()

    def shown_on_passing_dies(home, key):
        given = canvases(open_page("wafer", home=home, wafer=key, show="Probability of edge"))[0]
        return np.frombuffer(base64.b64decode(given["probability"]["edge"]), dtype=np.uint8)[passing]

    expected = np.rint(model.segment([wafer])[0].probabilities[0].ravel()[passing] * 255)
    assert np.array_equal(shown_on_passing_dies(tmp_path, PLAIN_KEY), expected)
    monkeypatch.setenv("WAFERSCOPE_MODEL", str(tmp_path / "none.onnx"))
    assert not shown_on_passing_dies(tmp_path, PLAIN_KEY).any()


def test_without_a_model_the_click_explains_itself(open_page, monkeypatch, tmp_path):
    monkeypatch.setenv("WAFERSCOPE_MODEL", str(tmp_path / "none.onnx"))
    app = open_page("wafer", wafer=PLAIN_KEY)
    next(b for b in app.button if b.label == "Segment it now").click().run()
    assert not app.exception
    assert "none.onnx" in app.error[0].value


def test_an_empty_lake_says_what_to_do(open_page, tmp_path):
    app = open_page("wafer", home=tmp_path)
    assert not app.exception
    assert "no wafers yet" in app.markdown[0].value


def test_a_wrong_prediction_is_flagged_with_a_comment(open_page, own_home, database):
    app = open_page("wafer", home=own_home, wafer=SEGMENTED_KEY)
    flag = next(b for b in app.button if b.label == "Flag")
    assert "a comment has 1 to" in flag.click().run().error[0].value
    next(box for box in app.selectbox if box.label == "What is wrong").set_value("ring")
    app.text_area[0].set_value("no ring here")
    app = next(b for b in app.button if b.label == "Flag").click().run()
    assert not app.exception
    with database.reading() as session:
        (review,) = reviews_of(session, SEGMENTED_KEY)
    assert (review.kind, review.class_key, review.comment, review.model) == (
        ReviewKind.FLAG,
        "ring",
        "no ring here",
        "model@1",
    )


@pytest.fixture
def edge_key(tiny_model_path, tmp_path) -> str:
    """Key of a wafer in a lake below `tmp_path` on whose rim the tiny model found an edge."""
    shown = wafer((disc(30) > 0) & (radius(30) > 0.85), dies=disc(30))
    lake = Lake(tmp_path / "lake")
    lake.append_wafers([shown])
    lake.append_results(analyse([shown], Segmenter.load(str(tiny_model_path))))
    return shown.key


def test_an_answer_is_explained_by_the_failures_it_rests_on(
    open_page, edge_key, tiny_model_path, tmp_path, monkeypatch
):
    monkeypatch.setenv("WAFERSCOPE_MODEL", str(tiny_model_path))
    app = open_page("wafer", home=tmp_path, wafer=edge_key, explain="true")
    assert not app.exception
    said = next(part.value for part in app.markdown if "drove 'Edge'" in part.value)
    assert "in the outer" in said
    assert "decoder" in app.info[0].value  # this model has none to drop features in
    by_features(app)
    assert "no network can be made of it" in app.info[0].value


def test_an_answer_is_explained_by_the_features_that_raised_it(open_page, edge_key, tmp_path):
    app = by_features(open_page("wafer", home=tmp_path, wafer=edge_key, explain="true"))
    assert not app.exception
    assert not app.info
    said = next(part.value for part in app.markdown if "drove 'Edge'" in part.value)
    assert "in the outer" in said
    assert "windows" not in said


def by_features(app):
    return next(w for w in app.segmented_control if w.key == "explain-way").set_value("Grad-CAM").run()


def wafer_of_two_tests(home):
    """A lake with a wafer that was inspected at two steps, of the first of which passing dies are not known."""
    lake = Lake(home / "lake")
    first = drawn(0, step="ST1", passing_known=False, remarks=("The *plan* is missing.",), source_sha256="ab" * 32)
    second = replace(drawn(0), dies=drawn(1).dies, step="ST2", tested_at=first.tested_at + timedelta(days=1))
    lake.append_wafers([first, second])
    lake.append_results([found_on(second, "edge"), found_on(first, "ring")])
    return lake, first, second


def test_the_newest_test_is_shown_and_another_can_be_chosen(open_page, tmp_path):
    lake, first, second = wafer_of_two_tests(tmp_path)
    app = open_page("wafer", home=tmp_path, wafer=first.key)
    assert not app.exception
    assert any("ST2" in caption.value and f"{second.yield_fraction:.1%}" in caption.value for caption in app.caption)
    choice = next(box for box in app.selectbox if box.label == "Test")
    assert [option.split(" · ")[0] for option in choice.options] == ["ST2", "ST1"]
    older = list_tests(lake, first.key)[1]
    app = open_page("wafer", home=tmp_path, wafer=first.key, test=older.id)
    assert not app.exception
    said = [caption.value for caption in app.caption]
    assert any("ST1" in words and "passing dies unknown" in words for words in said)
    assert any("The \\*plan\\* is missing." in words for words in said)
    assert not any("nan" in words.lower().split() for words in said)
    drawn_on = [canvas for canvas in canvases(app) if "dies" in json.dumps(canvas)]
    assert len(drawn_on) >= 1


def test_a_link_to_a_test_that_is_not_there_shows_the_newest(open_page, tmp_path):
    _, first, _ = wafer_of_two_tests(tmp_path)
    app = open_page("wafer", home=tmp_path, wafer=first.key, test="0123")
    assert not app.exception
    assert any("ST2" in caption.value for caption in app.caption)
