import socket

import pytest

from core.identity import Person
from core.jobs.folder import LOG, job_folder
from core.jobs.store import JobState, add_job, end, job_by_id, newest_jobs
from core.training.config import run_folder
from pages.parts.literal import literal
from tests.core.training.record_examples import curves, write_runs


@pytest.fixture
def started(monkeypatch):
    """What pages start, in place of processes."""
    spawned = []
    monkeypatch.setattr("core.jobs.launch._spawn", lambda _database, _at, job: spawned.append(job))
    return spawned


def trained(database, home, name, state, log="step 25/100  loss 1.2"):
    with database.writing() as session:
        job = add_job(session, "train", ["--name", name], f"Train {name}", Person("ana"))
        if state is not JobState.QUEUED:
            end(job, state, 0 if state is JobState.DONE else 1)
        job.done, job.total, job.share = 50, 100, 0.5
        number = job.id
    folder = job_folder(home, number)
    folder.mkdir(parents=True)
    (folder / LOG).write_text(log, encoding="utf-8")
    return number


def keep_checkpoint(home, name, file):
    folder = run_folder(home, name)
    folder.mkdir(parents=True)
    (folder / file).write_bytes(b"weights")


def says(app):
    return " ".join(e.value for kind in ("markdown", "caption", "error") for e in getattr(app, kind))


def button(app, label):
    return next(b for b in app.button if b.label == label)


def test_without_a_run_the_page_says_how_to_start_one(open_page, own_home):
    app = open_page("training", home=own_home)
    assert not app.exception
    assert "No training was started from here yet." in says(app)
    assert "python -m jobs.train" in says(app)


def test_a_run_is_shown_with_its_curves_and_the_best_before(open_page, own_home, database):
    write_runs(own_home, {"older": curves(0.7), "mine": curves(0.6)})
    number = trained(database, own_home, "mine", JobState.DONE)
    app = open_page("training", home=own_home, run=str(number))
    assert not app.exception
    assert "Done" in says(app)
    assert "against **older**, the best run before" in says(app)
    table = app.dataframe[0].value.set_index("measure")
    assert table.loc["Mean IoU over failing dies, synthetic wafers"].tolist() == pytest.approx([0.6, 0.7, -0.1])
    assert len(app.get("plotly_chart")) == 3
    assert any("step 25/100" in code.value for code in app.code)


def test_what_ended_early_is_said_with_the_log_s_end_and_resumed(open_page, own_home, database, started):
    expected = {
        JobState.CANCELLED: "Stopped; the checkpoint of the last whole epoch is kept",
        JobState.FAILED: "Failed; the end of the log says why",
        JobState.DEAD: "Was killed, or its machine went away; the checkpoint of the last whole epoch is kept",
    }
    keep_checkpoint(own_home, "mine", "last.ckpt")
    numbers = [trained(database, own_home, "mine", state, log=f"log of {state}") for state in expected]
    app = open_page("training", home=own_home, run=str(numbers[1]))
    assert expected[JobState.FAILED] in says(app)
    for number, (state, words) in zip(numbers, expected.items(), strict=True):
        app.selectbox(key="training-run").set_value(str(number)).run()
        assert "".join(app.query_params["run"]) == str(number)
        assert words in says(app)
        assert any(f"log of {state}" in code.value for code in app.code)
    button(app, "Resume").click().run()
    assert [(job.id, job.attempt, job.arguments) for job in started] == [(numbers[-1], 2, ["--name", "mine"])]


def test_a_run_that_was_cut_short_before_its_first_epoch_says_that_nothing_is_kept(open_page, own_home, database):
    trained(database, own_home, "mine", JobState.CANCELLED)
    assert "Stopped before its first epoch ended; it begins anew" in says(open_page("training", home=own_home))


def test_gpus_are_those_of_the_machine_that_trains(open_page, own_home, database, monkeypatch):
    number = trained(database, own_home, "mine", JobState.QUEUED)
    monkeypatch.setattr("core.jobs.launch.bury_the_dead", lambda *_: None)  # its machine is not there to beat
    monkeypatch.setattr("pages.parts.learn.training_run.gpu_use", list)
    for host, words in (("gpu-node-7", "It trains on gpu-node-7"), (socket.gethostname(), "No GPU on this machine")):
        with database.writing() as session:
            job = job_by_id(session, number)
            job.state, job.host = JobState.RUNNING, host
        said = says(open_page("training", home=own_home))
        assert words in said
        assert ("No GPU" in said) == (host == socket.gethostname())
    monkeypatch.setenv("WAFERSCOPE_RAY_ADDRESS", "10.0.0.7:6379")  # its watcher is here, but not the training
    assert f"It trains on {literal('10.0.0.7:6379')}" in says(open_page("training", home=own_home))


def test_a_run_that_waits_can_be_stopped(open_page, own_home, database):
    trained(database, own_home, "mine", JobState.QUEUED)
    app = open_page("training", home=own_home)
    assert "Waits its turn" in says(app)
    button(app, "Stop").click().run()
    with database.reading() as session:
        assert newest_jobs(session)[0].state is JobState.CANCELLED


def test_the_form_starts_what_its_recipe_and_its_fields_say(open_page, own_home, database, started):
    app = open_page("training", home=own_home, training="Start a run")
    assert not app.exception
    app.text_input(key="train-Fine-tune with labels-name").set_value("tuned-1")
    app.number_input(key="train-Fine-tune with labels-steps").set_value(120)
    app.text_input(key="train-Fine-tune with labels-size_shares").set_value("1 1 1 1 1 1")  # as the served network has
    button(app, "Start training").click().run()
    assert not app.exception
    (job,) = started
    words = job.arguments
    assert words[:2] == ["--name", "tuned-1"]
    assert {"--from", "served", "--labels", "now", "--frozen-steps", "400"} <= {*words}
    assert words[words.index("--steps") + 1] == "120"
    first = words.index("--size-shares") + 1
    assert [float(share) for share in words[first : first + 6]] == [1.0] * 6
    assert job.title == "Train tuned-1"
    assert "Start training" not in [b.label for b in app.button]  # the run is shown in place of the form
    assert app.selectbox[0].value == str(job.id)


def test_a_name_that_cannot_be_is_refused_and_every_setting_has_its_help(open_page, own_home, started):
    (own_home / "runs" / "taken").mkdir(parents=True)
    app = open_page("training", home=own_home, training="Start a run")
    for name, sentence in (("../evil", "is no name of a run"), ("taken", "A run named taken exists already")):
        app.text_input(key="train-Fine-tune with labels-name").set_value(name)
        button(app, "Start training").click().run()
        assert sentence in says(app)
    assert started == []
    widgets = [*app.text_input, *app.number_input, *app.checkbox, *app.selectbox]
    keyed = [w for w in widgets if str(w.key).startswith("train-")]
    assert len(keyed) >= 35
    assert [w.key for w in keyed if "`--" not in w.help] == []


def test_a_version_is_made_of_a_run_that_left_a_checkpoint(open_page, own_home, database, started):
    number = trained(database, own_home, "mine", JobState.DONE)
    assert "Make a version" not in [b.label for b in open_page("training", home=own_home).button]
    keep_checkpoint(own_home, "mine", "last.ckpt")
    app = open_page("training", home=own_home, run=str(number))
    assert not app.exception
    button(app, "Make a version").click().run()
    (job,) = started
    assert (job.name, job.arguments[:2]) == ("make_version", ["--run", "mine"])
    assert button(app, "Make a version").disabled


def test_a_version_that_was_made_has_a_link_and_one_that_failed_its_reason(open_page, own_home, database):
    trained(database, own_home, "mine", JobState.DONE)
    keep_checkpoint(own_home, "mine", "best.ckpt")
    for state, words in ((JobState.FAILED, "could not do its work"), (JobState.DONE, "")):
        with database.writing() as session:
            end(add_job(session, "make_version", ["--run", "mine"], "Make a version of mine", Person("ana")), state, 0)
        app = open_page("training", home=own_home)
        assert words in says(app)
        assert bool(app.get("page_link")) is (state is JobState.DONE)
