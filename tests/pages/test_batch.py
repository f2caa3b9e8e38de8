"""The page Batch over batches in every state."""

import pytest

import core.jobs.launch
from core.alarms.deliveries import Channel, save_channel
from core.batches.control import standings
from core.batches.folder import Batch, all_batches
from core.batches.notes import BatchRequest
from core.batches.results import write_archive
from core.database.schema import now
from core.identity import Person
from core.jobs.store import JobState, add_job, job_by_id
from core.segmentation import Segmenter
from core.settings import Settings
from tests.core.batches.batch_examples import mixed_folder, read_batch, segment_all

ANA = Person("ana")


@pytest.fixture(autouse=True)
def _no_process(monkeypatch):
    """Jobs are noted, but nothing is started."""
    monkeypatch.setattr(core.jobs.launch, "_spawn", lambda database, at, job: None)


@pytest.fixture
def batch(own_home):
    """Accepted and read: seven wafers, one file that is none."""
    return read_batch(own_home, mixed_folder(own_home / "in"))


def press(app, label):
    return next(button for button in app.button if button.label == label).click().run()


def labels(app):
    return {button.label for button in app.button}


def said(app):
    return " ".join(str(one.value) for kind in (app.markdown, app.info, app.error, app.caption) for one in kind)


def with_job(database, batch, state, **fields):
    with database.writing() as session:
        added = add_job(session, "batch", ["--out", str(batch.path)], "one", ANA)
        job = job_by_id(session, added.id)
        job.state, job.host, job.process, job.heartbeat_at = state, "elsewhere", "1 0 boot", now()
        for name, value in fields.items():
            setattr(job, name, value)


def test_without_a_batch_the_page_says_how_to_start_one(open_page, own_home):
    app = open_page("batch", home=own_home)
    assert not app.exception
    assert "No batch yet. Upload a zip of wafer maps" in said(app)


def test_wafers_of_the_lake_are_started_as_a_job_by_filter(open_page, own_home, database):
    with database.writing() as session:
        save_channel(session, Channel(name="ops", address="json://127.0.0.1"), ANA)
    app = open_page("batch", home=own_home)
    app = next(one for one in app.multiselect if one.label == "Product").set_value(["TC38"]).run()
    assert "**20** of 60 wafers" in said(app)
    next(one for one in app.text_input if one.key == "batch-title-lake").set_value("Twenty")
    next(one for one in app.multiselect if one.key == "batch-tell-lake").set_value([1])
    app = next(one for one in app.button if "lake" in str(one.form_id)).click().run()
    assert not app.exception
    [batch] = all_batches(own_home)
    assert (batch.request.title, len(batch.keys), batch.request.channels) == ("Twenty", 20, (1,))
    [found] = standings(database, Settings(home=own_home))
    assert found.job.arguments == ["--out", str(batch.path)]
    assert "Twenty" in [one.value for one in app.subheader]


def test_an_upload_lies_on_disk_when_the_batch_is_listed(open_page, own_home, tmp_path_factory):
    zipped = (mixed_folder(own_home / "in") / "lot.npz").read_bytes()
    app = open_page("batch", home=own_home)
    app.file_uploader[0].upload("lot.npz", zipped)
    app = next(one for one in app.button if "upload" in str(one.form_id)).click().run()
    assert not app.exception
    [batch] = all_batches(own_home)
    assert (batch.path / "input" / "1" / "lot.npz").read_bytes() == zipped
    assert batch.request.paths == ("input/1/lot.npz",)
    assert batch.request.save


def test_names_that_the_lake_lacks_are_said_and_nothing_is_started(open_page, own_home):
    app = open_page("batch", home=own_home)
    app.text_area[0].set_value("NO:SUCH")
    app = next(one for one in app.button if "lake" in str(one.form_id)).click().run()
    assert "the lake holds no NO\\:SUCH" in said(app)
    assert all_batches(own_home) == []


def test_one_under_way_shows_how_far_it_is_and_can_be_paused(open_page, own_home, database, batch):
    with_job(database, batch, JobState.RUNNING, done=3, total=7, share=3 / 7, rate=2.0)
    app = open_page("batch", home=own_home)
    assert not app.exception
    assert {"Pause", "Cancel"} <= labels(app)
    assert "Go on" not in labels(app)
    press(app, "Pause")
    assert batch.halted == "paused"
    [found] = standings(database, Settings(home=own_home))
    assert (str(found.state), found.job.cancelled_by is not None) == ("stopping", True)


@pytest.mark.parametrize(
    ("state", "words"),
    [(JobState.FAILED, "Its job could not do its work"), (None, "Accepted, but not started")],
)
def test_one_that_stopped_says_why_and_goes_on(open_page, own_home, database, batch, state, words):
    if state is not None:
        with_job(database, batch, state)
    app = open_page("batch", home=own_home)
    assert not app.exception
    assert words in said(app)
    assert "0 of 7 wafers are finished" in said(app)
    app = press(app, "Go on")
    [found] = standings(database, Settings(home=own_home))
    assert (str(found.state), found.job.arguments) == ("segmenting", ["--out", str(batch.path)])


def test_a_cancelled_one_only_goes_away(open_page, own_home, batch):
    batch.halt("cancelled", "ana")
    app = open_page("batch", home=own_home)
    assert not {"Go on", "Retry failures", "Pause"} & labels(app)
    press(app, "Remove for good")
    assert all_batches(own_home) == []


def test_one_that_is_done_gives_its_results_and_its_failures_can_be_tried_again(
    open_page, own_home, database, batch, tiny_model_path
):
    segment_all(batch, Segmenter.load(str(tiny_model_path), threads=1))
    write_archive(batch, lambda wafers: None)
    batch.note_told({"ops": "", "mail": "refused"})
    app = open_page("batch", home=own_home)
    assert not app.exception
    assert "Done: **7** wafers · **7** with a pattern · :red[**1** gave no result]" in said(app)
    assert "ops was told." in said(app)
    assert "mail could not be told: refused." in said(app)
    [link] = app.get("link_button")
    assert link.proto.url == f"batches/{batch.name}/results.zip"
    [failures, listed] = [one.value for one in app.dataframe]
    assert list(failures["source"]) == ["in/broken.png"]
    assert list(listed["state"]) == ["done"]
    press(app, "Retry failures")
    [found] = standings(database, Settings(home=own_home))
    assert found.job.arguments == ["--out", str(batch.path), "--retry"]


def test_a_link_opens_the_batch_that_it_names(open_page, own_home):
    for name in ("20260101-a", "20260102-b"):
        Batch(own_home / "batches" / name).accept(BatchRequest(f"title {name}", "ana"))
    app = open_page("batch", home=own_home, batch="20260101-a")
    assert "title 20260101-a" in [one.value for one in app.subheader]
