import pytest

from core.identity import Person
from core.jobs.folder import LOG, job_folder
from core.jobs.store import JobState, add_job, end, job_by_id
from pages.parts.literal import literal

ANA = Person("ana")


@pytest.fixture
def choosing(own_home, database):
    """A job that chooses wafers, as this machine runs it, with what its log says."""
    with database.writing() as session:
        job = add_job(session, "select_wafers", ["--count", "9"], "Choose wafers to label", ANA)
    folder = job_folder(own_home, job.id)
    folder.mkdir(parents=True)
    (folder / LOG).write_text("measured 50 of 200 wafers [###.........] 2.0/s, 1:15 left\n")
    return job


def said(app):
    return "\n".join(str(e.value) for e in (*app.error, *app.code))


def test_a_job_that_was_killed_says_so_and_runs_again_with_the_same_command(
    open_page, own_home, database, choosing, monkeypatch
):
    spawned = []
    monkeypatch.setattr("core.jobs.launch._spawn", lambda _database, _at, job: spawned.append(job))
    with database.writing() as session:
        end(job_by_id(session, choosing.id), JobState.DEAD, -9)
    app = open_page("active_learning", home=own_home)
    assert not app.exception
    assert "was killed, or its machine went away. Its log ends with this:" in said(app)
    assert "measured 50 of 200" in said(app)
    next(b for b in app.button if b.label == "Run it again").click().run()
    assert not app.exception
    assert [(job.id, job.arguments, job.attempt) for job in spawned] == [(choosing.id, ["--count", "9"], 2)]


def test_a_job_that_runs_says_how_far_it_is_and_how_long_it_still_takes(open_page, own_home, database, choosing):
    with database.writing() as session:
        job = job_by_id(session, choosing.id)
        job.state, job.done, job.total, job.share, job.rate = JobState.RUNNING, 50, 200, 0.25, 2.0
    app = open_page("active_learning", home=own_home)
    assert not app.exception
    assert [bar.proto.text for bar in app.get("progress")] == [
        literal("Choose wafers to label: measured 50 of 200 wafers, 0:01:15 left")
    ]
