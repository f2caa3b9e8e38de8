import json
import shutil
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from core.annotation.reviews import flag_prediction
from core.database import AppDatabase
from core.datasets.frozen_sets import freeze, frozen_sets
from core.jobs.store import newest_jobs
from core.lake import Lake
from core.monitoring.sides import draw
from core.segmentation import Segmenter
from core.segmentation.serving import ServedModel, Serving
from pages.parts.cache import judgements
from pages.parts.monitor import model_quality
from tests.core.monitoring.examples import ANA, all_failing, case, keep, rows

TESTER = {"tester": "T1"}


@pytest.fixture(scope="module")
def labelled_home(tmp_path_factory):
    """Two weeks of twelve labelled wafers of a product; in the second week half of what is reported is wrong."""
    home = tmp_path_factory.mktemp("labelled")
    lake, database = Lake(home / "lake"), AppDatabase(home / "decisions.db")
    keep(
        lake,
        database,
        *(
            case(
                all_failing(7 * week + (6 if week else n % 7), lot_id=f"L{100 * week + n:03d}", attributes=TESTER),
                rows(edge=(0, 2), ring=(6, 7)),
                rows(edge=(0, 4 if week else 2), ring=(6, 7)),
                model=f"net@{1 + n % 2}",
                seconds=0.02,
            )
            for week in (0, 1)
            for n in range(12)
        ),
    )
    with database.writing() as session:
        flag_prediction(session, "L000:W01", "net@1", "edge", "wrong", ANA)
    database.close()
    return home


def words(app):
    return "\n".join(e.value for e in (*app.markdown, *app.caption, *app.info, *app.warning, *app.error))


def test_without_labels_it_says_how_many_are_missing(open_page, own_home):
    app = open_page("monitoring", home=own_home)
    assert not app.exception
    assert "**0 labelled wafers; 10 needed.**" in words(app)


def test_it_begins_with_recent_days_and_says_what_they_leave_out(open_page, tmp_path):
    lake = Lake(tmp_path / "lake")
    old, new = (datetime(year, 3, 1, tzinfo=UTC) for year in (2001, 2026))
    lake.append_wafers(all_failing(n, lot_id=f"L{n}", tested_at=new + timedelta(days=n)) for n in range(4))
    lake.append_wafers([all_failing(9, lot_id="OLD", tested_at=old)])
    app = open_page("monitoring", home=tmp_path)
    assert not app.exception
    assert app.date_input[0].value == (new.date(), (new + timedelta(days=3)).date())
    assert "Left out: 1 wafer tested before or after 2026-03-01 to 2026-03-04" in words(app)


def test_agreement_is_shown_by_time_class_threshold_and_version(open_page, labelled_home):
    app = open_page("monitoring", home=labelled_home, of=["All classes", "Edge"])
    assert not app.exception
    assert not app.error
    assert {metric.label: metric.value for metric in app.metric}["Labelled wafers"] == "24"
    # Edge 2 rows of 2, then 2 of 4; ring 1 of 1: 12 x 3 + 12 x 3 rows hit, of 12 x 3 + 12 x 5.
    assert {metric.label: metric.value for metric in app.metric}["IoU, all classes"] == "0.750"
    assert "Edge on TC38: IoU 0.50 on 12 labelled wafers of the newest week, 1.00 on 12" in words(app)
    assert "net@2 against net@1: IoU +0.0 points" in words(app)
    assert len(app.get("plotly_chart")) == 3
    assert len(app.get("download_button")) == 5


def test_the_model_in_use_is_named_champion_though_nobody_promoted_it(open_page, labelled_home, monkeypatch):
    monkeypatch.setattr(model_quality, "segmenter", lambda: SimpleNamespace(name="net@2"))
    app = open_page("monitoring", home=labelled_home)
    assert not app.exception
    versions = next(table.value for table in app.dataframe if "role" in table.value)
    assert dict(zip(versions["model"], versions["role"], strict=True)) == {"net@1": "", "net@2": "champion"}
    assert "net@1 against net@2: IoU" in words(app)


@pytest.mark.parametrize(
    ("since", "said"),
    [
        ("2020-01-01T00:00:00+00:00", "net@2 against net@1 since the trial began on 2020-01-01: IoU +0.0 points"),
        ("2100-01-01T00:00:00+00:00", "needs 10 labelled wafers of each since the trial began on 2100-01-01"),
    ],
)
def test_a_trial_is_judged_by_the_wafers_since_it_began(open_page, labelled_home, monkeypatch, since, said):
    """Every second wafer is of the one model: the split stands for that, as the hash of the keys does elsewhere."""
    monkeypatch.setattr(model_quality, "segmenter", lambda: SimpleNamespace(name="net@1"))
    serving = Serving(challenger=ServedModel(2, "net@2", "x.onnx"), share=0.5, since=since)
    monkeypatch.setattr(model_quality, "served", lambda _: serving)
    monkeypatch.setattr("core.registry.traffic.challenger_takes", lambda key, _: int(key[1:4]) % 2 == 1)
    app = open_page("monitoring", home=labelled_home)
    assert not app.exception
    assert said in words(app)


def test_a_single_point_in_time_is_named_once(open_page, labelled_home):
    app = open_page("monitoring", home=labelled_home, monitoring="At work", period="Month")
    spec = json.loads(app.get("plotly_chart")[0].proto.spec)
    assert len(spec["layout"]["xaxis"]["tickvals"]) == 1


def test_filters_of_the_link_narrow_what_is_measured(open_page, labelled_home):
    app = open_page("monitoring", home=labelled_home, model=["net@1"], history="tester=T1", period="Day")
    assert not app.exception
    assert {metric.label: metric.value for metric in app.metric}["Labelled wafers"] == "12"
    assert "One version made all of these results." in words(app)
    app = open_page("monitoring", home=labelled_home, history="tester=T2")
    assert "**0 labelled wafers; 10 needed.**" in words(app)


def test_latency_and_flags_need_no_labels(open_page, labelled_home):
    app = open_page("monitoring", home=labelled_home, monitoring="At work")
    assert not app.exception
    shown = {metric.label: metric.value for metric in app.metric}
    assert shown["p95, newest week"] == "20.0 ms"
    assert shown["Share flagged"] == "4.17%"
    assert len(app.get("plotly_chart")) == 2


def test_drift_proposes_a_training_and_starts_it_in_one_click(open_page, labelled_home, monkeypatch):
    started = []
    monkeypatch.setattr("core.jobs.launch._spawn", lambda database, at, job: started.append(job.title))
    app = open_page("monitoring", home=labelled_home, monitoring="Drift", weeks="1")
    assert not app.exception
    assert "**Training again is proposed.**" in words(app)
    button = next(b for b in app.button if b.label == "Train again")
    app = button.click().run()
    assert not app.exception
    assert started[0].startswith("Train retrained-")
    opened = AppDatabase(labelled_home / "decisions.db")
    with opened.reading() as session:
        arguments = newest_jobs(session, "train", 1)[0].arguments
        assert arguments[arguments.index("--labels") + 1] == frozen_sets(session)[0].name
    opened.close()


def test_the_weeks_before_are_the_reference_where_the_card_names_no_labels(open_page, labelled_home):
    app = open_page("monitoring", home=labelled_home, monitoring="Drift", weeks="2")
    assert app.selectbox(key="reference").value == "The weeks before"
    assert "against the 8 weeks before" in words(app)
    assert "The card of the model in use names no labels of this site." in words(app)
    app = app.selectbox(key="reference").set_value("Labels that count now").run()
    assert not app.exception
    assert "against the wafers whose labels count now: 24 wafers against 24." in words(app)


@pytest.mark.parametrize(
    ("learnt", "said"),
    [
        ("v1", "against what the model in use was trained on (dataset v1, training part): 24 wafers against 20."),
        ("now", "(the model in use learnt from those that counted then): 24 wafers against 24."),
    ],
)
def test_what_the_model_was_trained_on_is_the_reference_where_its_card_says_so(
    open_page, labelled_home, tmp_path, monkeypatch, learnt, said
):
    home = shutil.copytree(labelled_home, tmp_path / "home")
    database, lake = AppDatabase(home / "decisions.db"), Lake(home / "lake")
    wafers = list(lake.wafers_by_keys(list(lake.query("SELECT key FROM wafers")["key"])).values())
    with database.writing() as session:
        freeze(session, "v1", wafers, ANA)
    database.close()
    monkeypatch.setattr(judgements, "labels_learnt", lambda _: learnt)
    app = open_page("monitoring", home=home, monitoring="Drift", weeks="2")
    assert not app.exception
    assert app.selectbox(key="reference").value == "What the model was trained on"
    assert said in words(app)
    assert "People choose what they label" in words(app)


def test_synthetic_wafers_are_compared_and_are_no_reason_to_train(
    open_page, lake_home, own_home, tiny_model_path, monkeypatch
):
    model = Segmenter.load(str(tiny_model_path), threads=1)
    monkeypatch.setattr(judgements, "segmenter", lambda: model)
    monkeypatch.setattr(judgements, "draw", lambda segmenter: draw(segmenter, 25))
    app = open_page("monitoring", home=own_home, monitoring="Drift", weeks="8", reference="Synthetic wafers")
    assert not app.exception
    assert "against 400 synthetic wafers: 60 wafers against 25. Drawn wafers always differ from a fab's" in words(app)
    inputs = next(table.value for table in app.dataframe if "verdict" in table.value)
    assert not {"grid", "product"} & set(inputs["measure"])
    assert set(inputs["verdict"]) == {"cannot be told yet"}
    assert inputs["shift"].max() > 1
    assert "No reason" not in words(app)
    assert "**Whether to train again cannot be told yet.**" in words(app)


def test_a_step_is_picked_from_what_the_lake_holds_and_added_to_the_filter(open_page, labelled_home):
    app = open_page("monitoring", home=labelled_home, history="lot_id=x")
    assert app.selectbox(key="step").options == ["tester=T1"]
    app = app.selectbox(key="step").set_value("tester=T1").run()
    assert not app.exception
    assert app.text_input(key="history").value == "lot_id=x; tester=T1"
    assert app.selectbox(key="step").value is None
    app = app.text_input(key="history").set_value("").run().selectbox(key="step").set_value("tester=T1").run()
    assert {metric.label: metric.value for metric in app.metric}["Labelled wafers"] == "24"


def test_a_lake_without_dates_or_labels_has_no_drift_and_says_so(open_page, own_home):
    app = open_page("monitoring", home=own_home, monitoring="Drift")
    assert not app.exception
    assert "Two weeks in a row with 10 labelled wafers each are needed." in words(app)
