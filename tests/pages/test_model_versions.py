import json
import shutil

import pytest

from core.database import AppDatabase
from core.database.audit import entries
from core.jobs.launch import jobs
from core.registry.promotion import SUBJECT, sync
from core.registry.store import Registry, Roles
from core.segmentation.serving import served
from core.settings import Settings
from pages.parts.literal import literal
from tests.core.registry.models import make_home


@pytest.fixture(scope="module")
def made_home(tmp_path_factory):
    return make_home(tmp_path_factory.mktemp("registry"))


@pytest.fixture
def home(made_home, lake_home, tmp_path, monkeypatch):
    """Three versions, of which 1 is the champion, beside the lake."""
    monkeypatch.setenv("WAFERSCOPE_GATE_LATENCY_RATIO", "1e9")
    shutil.copytree(made_home, tmp_path / "home")
    (tmp_path / "home" / "lake").symlink_to(lake_home / "lake")
    at = Settings(home=tmp_path / "home")
    registry = Registry(at)
    registry.keep_roles(Roles(champion=1, before=(0,)))
    sync(registry, at)
    return tmp_path / "home"


def button(app, label):
    return next(b for b in app.button if b.label == label)


def text(app) -> str:
    return " ".join(str(part.value) for part in (*app.markdown, *app.caption, *app.info, *app.warning, *app.error))


def test_without_a_registry_the_shipped_models_sheet_is_shown(open_page, tmp_path):
    app = open_page("model_versions", home=tmp_path)
    assert not app.exception
    assert "The shipped model is the only version" in text(app)
    assert "Measured on no real wafer at all: Lithography, Etching." in text(app)
    assert len(app.dataframe[0].value) == 1
    assert not (tmp_path / "mlflow.db").exists()


def test_a_link_to_a_version_that_is_not_there_says_so(open_page, tmp_path):
    app = open_page("model_versions", home=tmp_path, version="99")
    assert not app.exception
    assert [w.value for w in app.warning] == ["There is no version 99; this is the newest."]


def test_scores_have_three_places_each_and_what_nobody_counted_is_a_dash(open_page, tmp_path):
    app = open_page("model_versions", home=tmp_path)
    scores = next(table for table in app.dataframe if "F1 of presence" in table.value)
    columns = json.loads(scores.proto.columns)
    assert columns["F1 of presence"]["type_config"]["format"] == "%.3f"
    assert columns["Wafers with it"]["type_config"]["format"] == "localized"
    assert scores.proto.placeholder == "–"


def test_a_version_is_promoted_through_the_gate_and_rolled_back(open_page, home):
    app = open_page("model_versions", home=home, version="2", view_model="Serve")
    assert button(app, "Promote").disabled  # nothing was timed yet
    button(app, "Measure and check").click().run()
    assert not app.exception
    open_gate = [table.value for table in app.dataframe if "Condition" in table.value]
    assert set(open_gate[0]["Result"]) == {"passed"}, open_gate[0].to_string()
    button(app, "Promote").click().run()
    assert served(Settings(home=home)).champion.number == 2
    assert "Champion: **version 2**" in text(app)
    button(app, "Roll back to version 1").click().run()
    assert served(Settings(home=home)).champion.number == 1
    database = AppDatabase(home / "decisions.db")
    with database.reading() as session:
        assert [entry.action for entry in entries(session, SUBJECT)] == ["model.rollback", "model.promote"]
    database.close()


def test_a_failed_gate_stands_on_the_trust_sheet_and_in_its_pdf(open_page, home, monkeypatch):
    printed = []
    monkeypatch.setattr("pages.parts.learn.trust_view.trust_pdf", lambda sheet, *_: printed.append(sheet) or b"%PDF")
    monkeypatch.setattr("streamlit.download_button", lambda *_, data, **__: data())
    app = open_page("model_versions", home=home, version="3")
    assert not app.exception
    conditions = next(table.value for table in app.dataframe if "Condition" in table.value)
    result = dict(zip(conditions["Condition"], conditions["Result"], strict=True))
    assert (result["Mean IoU"], result["Every class"]) == ("FAILED", "FAILED")
    assert {check.name for check in printed[0].checks if check.measured and not check.passed} == {
        "Mean IoU",
        "Every class",
    }
    champion = open_page("model_versions", home=home, version="1")
    conditions = next(table.value for table in champion.dataframe if "Condition" in table.value)
    assert "Mean IoU" not in set(conditions["Condition"])  # nobody holds it against itself


def test_a_model_that_fails_the_gate_cannot_be_promoted_and_says_why(open_page, home):
    app = open_page("model_versions", home=home, version="3", view_model="Serve")
    button(app, "Measure and check").click().run()
    assert "Not passed: Mean IoU, Every class." in text(app)
    assert button(app, "Promote").disabled


def test_a_version_that_lacks_a_report_of_the_champion_is_scored_from_the_page(open_page, home, monkeypatch):
    monkeypatch.setattr("core.jobs.launch._spawn", lambda *_: None)
    Registry(Settings(home=home)).keep_roles(Roles(champion=0))
    app = open_page("model_versions", home=home, version="2", view_model="Serve")
    button(app, "Score it on these wafers").click().run()
    assert not app.exception
    database = AppDatabase(home / "decisions.db")
    assert [(job.name, job.arguments) for job in jobs(database)] == [("score_version", ["--version", "2"])]
    database.close()
    assert button(app, "Score it on these wafers").disabled
    assert button(app, "Stop")


def test_labels_that_may_not_judge_a_version_are_named_with_the_reason(open_page, home, monkeypatch):
    monkeypatch.setattr("pages.parts.learn.model_gate.still_to_score", lambda *_: ["labels:july"])
    monkeypatch.setattr("core.registry.leakage.why_not_judged", lambda *_: "it learnt from wafers of the same lots")
    started: list[object] = []
    monkeypatch.setattr("pages.parts.learn.model_gate.start", lambda *args, **_: started.append(args))
    app = open_page("model_versions", home=home, version="2", view_model="Serve")
    button(app, "Score it on these wafers").click().run()
    assert not app.exception
    assert literal("Not to be scored on labels:july: it learnt from wafers of the same lots.") in text(app)
    assert started == []


def test_a_version_with_the_champion_s_reports_is_not_offered_to_be_scored(open_page, home):
    app = open_page("model_versions", home=home, version="2", view_model="Serve")
    assert "Score it on these wafers" not in [b.label for b in app.button]


def test_a_trial_is_started_and_ended(open_page, home):
    app = open_page("model_versions", home=home, version="3", view_model="Serve")
    button(app, "Start a trial").click().run()
    assert served(Settings(home=home)).challenger.number == 3
    assert "Nothing to compare yet" in text(app)
    button(app, "End the trial").click().run()
    assert served(Settings(home=home)).challenger is None


def test_two_versions_run_over_the_same_wafers(open_page, home):
    app = open_page("model_versions", home=home, version="2", view_model="Side by side")
    app.number_input(key="ab-wafers").set_value(5).run()
    button(app, "Run both").click().run()
    assert not app.exception
    assert "Of **5** wafers the models find other classes on **0**" in text(app)  # the same network under two names


def test_what_helped_is_told_in_a_table_and_in_words(open_page, tmp_path):
    app = open_page("model_versions", home=tmp_path, view_model="What helped")
    assert not app.exception
    arms, in_use = (frame.value for frame in app.dataframe[1:])
    assert list(arms["What"])[:2] == ["synthetic masks alone", "+ presence labels"]
    assert list(in_use["What"]) == ["as the app sees it", "averaged over eight turns (test-time augmentation)"]
    assert "Presence labels" in text(app)
    assert "Helped and hurt: p below 0.05 by the paired t over 5 seeds, corrected for 9 comparisons by Holm." in text(
        app
    )
    assert "Play it again with `python -m jobs.ablate --train wm811k_train.npz" in text(app)
    assert "95 % intervals of the mean over seeds" in text(app)
