from datetime import date

import pandas as pd

from core.config_fields import command_words
from core.decisions.jobs import add_job
from core.identity import Person
from core.monitoring import retraining
from core.monitoring.changes import CHANGES
from core.monitoring.retraining import new_labels, propose, retrain
from core.settings import Settings
from core.training.config import TrainConfig, check_config, run_folder
from tests.core.monitoring.examples import all_failing, case, keep, label, rows

FELL = ("TC38", "overall", 20, 0.81, 25, 0.7, -0.11, -0.2, -0.02)


def fallen(times):
    return pd.DataFrame([FELL] * times, columns=CHANGES)


def test_without_a_reason_nothing_is_proposed():
    found = propose(fallen(0), [], labelled=400, new=499)
    assert found.reasons == ()


def test_every_reason_is_a_sentence():
    found = propose(fallen(3), ["yield", "grid", "what wafers look like"], labelled=19, new=1500)
    assert found.reasons[0].startswith("All classes on TC38: IoU 0.70 on 25 labelled wafers of the newest week")
    assert found.reasons[0].endswith("more than chance. 2 more fell likewise.")
    assert found.reasons[1].endswith("by more than chance in yield, grid and what wafers look like.")
    assert found.reasons[2] == "1,500 labels were written since the last training."
    assert not found.possible
    assert propose(fallen(1), [], labelled=20, new=0).possible


def test_labels_count_from_the_last_training_on(lake, decisions):
    masks = rows(edge=(0, 2))
    keep(lake, decisions, *(case(all_failing(n), masks, masks) for n in range(3)))
    assert new_labels(decisions) == 3
    with decisions.writing() as session:
        add_job(session, "train", [], "Train", Person("ana"))
    assert new_labels(decisions) == 0
    label(decisions, (all_failing(0), rows(ring=(0, 2))))
    assert new_labels(decisions) == 1


def test_a_training_starts_from_what_is_served_under_a_free_name(tmp_path, decisions, monkeypatch):
    started = []

    def note(decisions, at, name, arguments, person, *, title):
        started.append((name, arguments, title))
        with decisions.writing() as session:
            return add_job(session, name, arguments, title, person)

    monkeypatch.setattr(retraining, "start", note)
    at = Settings(home=tmp_path)
    for _ in range(2):
        retrain(decisions, at, "IoU fell", Person("ana"), date(2026, 3, 1))
        run_folder(tmp_path, started[-1][1][started[-1][1].index("--name") + 1]).mkdir(parents=True)
    settings = {**retraining.RECIPE.settings, "name": "retrained-2026-03-01"}
    assert started[0] == ("train", command_words(TrainConfig, settings), "Train retrained-2026-03-01: IoU fell")
    assert "retrained-2026-03-01-2" in started[1][1]
    check_config(TrainConfig(**settings))
