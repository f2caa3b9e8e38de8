import shutil

import pytest

from core.annotation.items import Candidate, LabelItem, Status
from core.annotation.queue import fill, take_next
from core.identity import Person
from core.jobs.store import JobState, add_job, end
from core.labels.annotations import write_annotation
from core.labels.label import Label
from core.training.config import run_folder
from jobs.flags import parse
from jobs.select_wafers import SelectConfig
from tests.core.lake_examples import drawn
from tests.core.training.record_examples import DATABASE, curves, write_runs

ANA = Person("ana")


@pytest.fixture
def started(monkeypatch):
    """What pages start, in place of processes."""
    spawned = []
    monkeypatch.setattr("core.jobs.launch._spawn", lambda _database, _at, job: spawned.append(job))
    return spawned


def press(app, label):
    return next(b for b in app.button if b.label == label).click().run()


def says(app):
    return " ".join(
        str(one.value) for kind in (app.info, app.warning, app.error, app.caption, app.markdown) for one in kind
    )


def test_before_the_first_round_it_says_what_to_do_and_starts_the_choice(open_page, own_home, started):
    app = open_page("active_learning", home=own_home)
    assert not app.exception
    assert "No round was made yet" in says(app)
    assert next(m for m in app.metric if m.label == "Round").value == "0 of 10"
    assert next(b for b in app.button if b.label == "Train next round").disabled
    app = press(app, "Choose the next wafers")
    assert not app.exception
    assert next(b for b in app.button if b.label == "Choose again").disabled
    assert [(job.name, job.arguments[:4]) for job in started] == [
        ("select_wafers", ["--strategy", "typical", "--count", "100"])
    ]


def test_a_round_is_shown_with_reasons_and_can_be_trained_on(open_page, own_home, database, started):
    wafers = [drawn(n) for n in range(3)]
    with database.writing() as session:
        picks = [Candidate(w.key, 1 - n / 3, f"reason {n}", "bald", 0.81 - n / 10) for n, w in enumerate(wafers)]
        fill(session, picks, ANA, iteration=2)
        write_annotation(session, wafers[0], Label(wafers[0].key, wafers[0].dies.shape, ()), ANA, 9.0)
    app = open_page("active_learning", home=own_home, strategy="bald", planned="5")
    assert not app.exception
    assert "disagreement **0.71**: reason 1 · not started" in says(app)
    assert "*disagreement*: of passes with other features dropped" in says(app)
    table = next(frame.value for frame in app.dataframe if "chosen by" in frame.value)
    assert list(table["score"]) == pytest.approx([0.81, 0.71, 0.61])
    values = {m.label: m.value for m in app.metric}
    assert (values["Round"], values["Labelled"], values["Without a label"]) == ("2 of 5", "1", "59")
    assert values["Waiting in this round"] == "3"
    app = press(app, "Train next round")
    assert not app.exception
    assert [job.name for job in started] == ["train"]
    assert {"round-2", "served", "now"} <= set(started[0].arguments)


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        (JobState.CANCELLED, "The training of round 2 was stopped; *Training* resumes it."),
        (JobState.DEAD, "Train round-2 (job 1) was killed"),
        (JobState.DONE, "Round 2 was trained. Next: make a version of it, or choose wafers for round 3"),
    ],
)
def test_a_round_whose_training_ended_says_how_in_place_of_training_anew(
    open_page, own_home, database, state, sentence
):
    with database.writing() as session:
        fill(session, [Candidate(drawn(0).key, 0.9, "reason 0")], ANA, iteration=2)
        write_annotation(session, drawn(0), Label(drawn(0).key, drawn(0).dies.shape, ()), ANA, 9.0)
        end(add_job(session, "train", ["--name", "round-2"], "Train round-2", ANA), state, None)
    run_folder(own_home, "round-2").mkdir(parents=True)
    app = open_page("active_learning", home=own_home)
    assert not app.exception
    assert next(b for b in app.button if b.label == "Train next round").disabled
    assert sentence in says(app)


def test_a_round_nobody_has_begun_with_is_chosen_again_as_the_widgets_say(open_page, own_home, database, started):
    with database.writing() as session:
        fill(session, [Candidate(drawn(0).key, 1.0, "reason", "coreset", 0.4)], ANA, iteration=3)
        fill(session, [Candidate(drawn(1).key, 0.5)], ANA, iteration=3)
    app = open_page("active_learning", home=own_home)
    assert "Weight of uncertainty" not in [n.label for n in app.number_input]
    app.selectbox(key="strategy").set_value("hybrid").run()
    app.number_input(key="weight").set_value(0.25).run()
    app = press(app, "Choose again")
    assert not app.exception
    (job,) = started
    config = parse(SelectConfig, job.arguments)
    assert (config.strategy, config.weight, config.again, config.iteration) == ("hybrid", 0.25, True, 3)
    with database.writing() as session:
        take_next(session, ANA, 3)
    app = open_page("active_learning", home=own_home)
    assert next(b for b in app.button if b.label == "Choose again").disabled


def test_two_trained_rounds_are_a_curve_of_the_sites_own(open_page, own_home, database):
    with database.writing() as session:
        for number in (1, 2):
            fill(session, [Candidate(drawn(number).key)], ANA, iteration=number)
    write_runs(own_home, {"round-1": curves(0.5)})
    assert "One training a round: no interval" not in says(open_page("active_learning", home=own_home))
    shutil.rmtree(own_home / "runs")
    (own_home / DATABASE).unlink()
    write_runs(own_home, {"round-1": curves(0.5), "round-2": curves(0.6)})
    app = open_page("active_learning", home=own_home)
    assert not app.exception
    assert "One training a round: no interval" in says(app)
    assert "Continue: the last round gained 10.0 points." in says(app)


def test_an_empty_lake_says_how_to_fill_it(open_page, tmp_path):
    app = open_page("active_learning", home=tmp_path)
    assert not app.exception
    assert "There are no wafers yet" in says(app)


def test_coverage_counts_clusters_on_the_map(open_page, built_home, tmp_path, monkeypatch, tiny_model_path):
    monkeypatch.setenv("WAFERSCOPE_MODEL", str(tiny_model_path))
    for name in ("lake", "map"):
        (tmp_path / name).symlink_to(built_home / name)
    app = open_page("active_learning", home=tmp_path)
    assert not app.exception
    assert next(m for m in app.metric if m.label == "Clusters with a label").value == "0 of 4"


def test_time_saved_stays_when_another_strategy_is_looked_at(open_page, own_home, database):
    with database.writing() as session:
        fill(session, [Candidate(drawn(0).key, strategy="margin")], ANA, iteration=1)
        item = session.query(LabelItem).one()
        item.status, item.seconds = Status.DONE, 3600.0
    shown = []
    for strategy in ("margin", "random", "coreset"):
        app = open_page("active_learning", home=own_home, strategy=strategy)
        assert not app.exception
        (saved,) = (m for m in app.metric if m.label == "Time saved")
        shown.append((saved.value, saved.delta))
    assert set(shown) == {shown[0]}
    assert float(shown[0][0].split()[0]) > 0
