import pytest

from core.decisions.annotations import write_annotation
from core.decisions.label_items import Candidate
from core.decisions.label_queue import fill
from core.identity import Person
from core.labels import Label
from tests.core.lake_examples import drawn
from tests.pages.test_map import built_home  # noqa: F401  # a fixture

ANA = Person("ana")


@pytest.fixture
def started(monkeypatch):
    """What pages start, in place of processes."""
    spawned = []
    monkeypatch.setattr("core.launch._spawn", lambda _decisions, _at, job: spawned.append(job))
    return spawned


def press(app, label):
    return next(b for b in app.button if b.label == label).click().run()


def says(app):
    return " ".join(str(one.value) for kind in (app.info, app.warning, app.caption, app.markdown) for one in kind)


def test_before_the_first_round_it_says_what_to_do_and_starts_the_choice(open_page, own_home, started):
    app = open_page("active_learning", home=own_home)
    assert not app.exception
    assert "No round was made yet" in says(app)
    assert next(m for m in app.metric if m.label == "Round").value == "0 of 10"
    assert next(b for b in app.button if b.label == "Train next round").disabled
    app = press(app, "Choose the next wafers")
    assert not app.exception
    assert [(job.name, job.arguments[:4]) for job in started] == [
        ("select_wafers", ["--strategy", "typical", "--count", "100"])
    ]


def test_a_round_is_shown_with_reasons_and_can_be_trained_on(open_page, own_home, decisions, started):
    wafers = [drawn(n) for n in range(3)]
    with decisions.writing() as session:
        picks = [Candidate(w.key, 1 - n / 3, f"reason {n}") for n, w in enumerate(wafers)]
        fill(session, picks, ANA, iteration=2)
        write_annotation(session, wafers[0], Label(wafers[0].key, wafers[0].dies.shape, ()), ANA, 9.0)
    app = open_page("active_learning", home=own_home, strategy="bald", planned="5")
    assert not app.exception
    assert "reason 1" in says(app)
    values = {m.label: m.value for m in app.metric}
    assert (values["Round"], values["Labelled"], values["Without a label"]) == ("2 of 5", "1", "59")
    assert values["Waiting in this round"] == "3"
    app = press(app, "Train next round")
    assert not app.exception
    assert [job.name for job in started] == ["train"]
    assert {"round-2", "served", "now"} <= set(started[0].arguments)


def test_an_empty_lake_says_how_to_fill_it(open_page, tmp_path):
    app = open_page("active_learning", home=tmp_path)
    assert not app.exception
    assert "There are no wafers yet" in says(app)


def test_coverage_counts_families_on_the_map(open_page, built_home, tmp_path, monkeypatch, tiny_model_path):  # noqa: F811
    monkeypatch.setenv("WAFERSCOPE_MODEL", str(tiny_model_path))
    for name in ("lake", "map"):
        (tmp_path / name).symlink_to(built_home / name)
    app = open_page("active_learning", home=tmp_path)
    assert not app.exception
    assert next(m for m in app.metric if m.label == "Families with a label").value == "0 of 4"
