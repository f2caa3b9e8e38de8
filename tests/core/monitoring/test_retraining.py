from datetime import date

import pandas as pd
import pytest

from core.datasets.frozen_sets import frozen_set, frozen_sets
from core.identity import Person
from core.jobs.config_fields import command_words
from core.jobs.store import add_job
from core.monitoring import retraining
from core.monitoring.changes import CHANGES
from core.monitoring.retraining import new_labels, propose, retrain
from core.settings import Settings
from core.training.config import TrainConfig, check_config, run_folder
from core.training.recipes import UPDATE
from tests.core.monitoring.examples import all_failing, case, keep, label, rows

FELL = ("TC38", "overall", 20, 0.81, 25, 0.7, -0.11, -0.2, -0.02)


def fallen(times):
    return pd.DataFrame([FELL] * times, columns=CHANGES)


def test_without_a_reason_nothing_is_proposed():
    found = propose(fallen(0), [], labelled=400, new=499)
    assert (found.reasons, found.untold) == ((), ())
    assert propose(fallen(0), [], 400, 0, untold=["Yield: too few."]).untold == ("Yield: too few.",)


def test_every_reason_is_a_sentence():
    found = propose(fallen(3), ["yield", "grid", "what wafers look like"], 19, 1500, "dataset v1")
    assert found.reasons[0].startswith("All classes on TC38: IoU 0.70 on 25 labelled wafers of the newest week")
    assert found.reasons[0].endswith("more than chance. 2 more fell likewise.")
    assert found.reasons[1].endswith(
        "differ from dataset v1 by more than chance in yield, grid and what wafers look like."
    )
    assert found.reasons[2] == "1,500 labels were written since the last training."
    assert not found.possible
    assert propose(fallen(1), [], labelled=20, new=0).possible


def test_labels_count_from_the_last_training_on(lake, database):
    masks = rows(edge=(0, 2))
    keep(lake, database, *(case(all_failing(n), masks, masks) for n in range(3)))
    assert new_labels(database) == 3
    with database.writing() as session:
        add_job(session, "train", [], "Train", Person("ana"))
    assert new_labels(database) == 0
    label(database, (all_failing(0), rows(ring=(0, 2))))
    assert new_labels(database) == 1


@pytest.fixture
def started(monkeypatch):
    """Names, arguments and titles of the jobs that were started; none of them runs."""
    jobs = []

    def note(database, at, name, arguments, person, *, title):
        jobs.append((name, arguments, title))
        with database.writing() as session:
            return add_job(session, name, arguments, title, person)

    monkeypatch.setattr(retraining, "start", note)
    return jobs


def again(database, lake, home, learnt=""):
    return retrain(database, lake, Settings(home=home), "IoU fell", Person("ana"), date(2026, 3, 1), learnt)


def labelled(lake, database, first, end):
    masks = rows(edge=(0, 2))
    keep(lake, database, *(case(all_failing(n), masks, masks) for n in range(first, end)))


def test_a_training_updates_what_is_served_with_labels_that_are_frozen_under_its_name(
    tmp_path, lake, database, started
):
    labelled(lake, database, 0, 20)
    again(database, lake, tmp_path)
    settings = {**UPDATE.settings, "name": "retrained-2026-03-01", "labels": "retrained-2026-03-01", "old_labels": ""}
    assert started == [("train", command_words(TrainConfig, settings), "Train retrained-2026-03-01: IoU fell")]
    check_config(TrainConfig(**settings))
    with database.reading() as session:
        [frozen] = frozen_sets(session)
        assert (frozen.note, len(frozen_set(session, frozen.name).members)) == ("IoU fell", 20)


def test_what_the_model_learnt_from_is_replayed_and_keeps_its_split(tmp_path, lake, database, started):
    labelled(lake, database, 0, 20)
    again(database, lake, tmp_path)
    labelled(lake, database, 20, 40)
    again(database, lake, tmp_path, learnt="retrained-2026-03-01")
    words = started[1][1]
    assert words[words.index("--old-labels") + 1] == "retrained-2026-03-01"
    assert words[words.index("--name") + 1] == words[words.index("--labels") + 1] == "retrained-2026-03-01-2"
    with database.reading() as session:
        old, new = (
            {member.wafer_key: member.split for member in frozen_set(session, name).members}
            for name in ("retrained-2026-03-01", "retrained-2026-03-01-2")
        )
    assert len(new) == 40
    assert {key: new[key] for key in old} == old


@pytest.mark.parametrize("learnt", ["now", "a dataset that is gone"])
def test_labels_that_are_no_dataset_are_not_replayed(tmp_path, lake, database, started, learnt):
    labelled(lake, database, 0, 20)
    run_folder(tmp_path, "retrained-2026-03-01").mkdir(parents=True)
    again(database, lake, tmp_path, learnt)
    assert "--old-labels" not in started[0][1]
    assert started[0][2] == "Train retrained-2026-03-01-2: IoU fell"
