"""When to train the model again, why in a sentence, and how it is started."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import pandas as pd
from sqlalchemy import func, select

from core.database import AppDatabase
from core.datasets.frozen_sets import freeze, frozen_sets
from core.identity import Person
from core.jobs.config_fields import command_words
from core.jobs.launch import start
from core.jobs.store import Job, newest_jobs
from core.labels.annotations import Annotation, labelled_keys
from core.lake import Lake
from core.monitoring.changes import words
from core.people.roles import Permission, permit
from core.settings import Settings
from core.training.config import TrainConfig, run_folder
from core.training.recipes import UPDATE

LEAST_TO_TRAIN = 20
"""Labelled wafers below which training again has nothing to learn from."""
MANY_NEW = 500
"""Labels written since the last training from which it is worth training without any other reason."""


@dataclass(frozen=True)
class Proposal:
    """Whether to train again.

    Args:
        reasons: each a sentence.
        labelled: wafers that there are labels of.
        untold: what cannot be told yet and what it lacks, a sentence each; neither these nor reasons: there is none.
    """

    reasons: tuple[str, ...]
    labelled: int
    untold: tuple[str, ...] = ()

    @property
    def possible(self) -> bool:
        """Whether there is enough to learn from."""
        return self.labelled >= LEAST_TO_TRAIN


def propose(
    fallen: pd.DataFrame,
    shifted: Sequence[str],
    labelled: int,
    new: int,
    against: str = "the reference",
    untold: Sequence[str] = (),
) -> Proposal:
    """Return whether to train the model again.

    Args:
        fallen: what `core.monitoring.changes.drops` kept.
        shifted: what has surely shifted a lot, as `core.monitoring.drift.Drift.shifted` names it.
        labelled: wafers that there are labels of.
        new: labels written since the last training was started from the app.
        against: what the wafers of the last weeks were held against, in words.
        untold: what cannot be told yet, as `core.monitoring.drift.untold` and the labels say.

    Example:
        >>> propose(pd.DataFrame(), ["yield"], 40, 12).reasons
        ('The wafers of the last weeks differ from the reference by more than chance in yield.',)
    """
    reasons = [f"{words(row)}." for row in fallen.head(1).to_dict("records")]
    if len(fallen) > 1:
        reasons[0] += f" {len(fallen) - 1} more fell likewise."
    if shifted:
        reasons.append(f"The wafers of the last weeks differ from {against} by more than chance in {_list(shifted)}.")
    if new >= MANY_NEW:
        reasons.append(f"{new:,} labels were written since the last training.")
    return Proposal(tuple(reasons), labelled, tuple(untold))


def new_labels(database: AppDatabase) -> int:
    """Count the labels that were written since a training was last started from the app, and stand.

    Raises:
        AppDatabaseError: the database cannot be used.
    """
    with database.reading() as session:
        last = newest_jobs(session, "train", 1)
        counted = select(func.count(Annotation.id)).where(Annotation.withdrawn_at.is_(None))
        return session.scalar(counted.where(Annotation.submitted_at > last[0].created_at) if last else counted) or 0


def retrain(
    database: AppDatabase, lake: Lake, at: Settings, reason: str, person: Person, today: date, learnt: str = ""
) -> Job:
    """Freeze the labels that count now and start a training on them from the weights in use.

    The dataset is named like the run, so that the card of a version made from it says what the next training replays.

    Args:
        database: keep dataset and job.
        lake: where the wafers are.
        at: where runs are kept.
        reason: why, kept as the job's title and the dataset's note.
        person: who starts it.
        today: names the run, with a number behind when there is one of that day already.
        learnt: labels that the model in use learnt from, as `core.monitoring.learnt.labels_learnt` names them; a
            dataset is replayed, and the new one keeps its split.

    Raises:
        NotAllowedError: the acting person may not.
        AppDatabaseError: the database cannot be written, or no wafer of the lake is there as it was labelled.
        LakeError: the lake cannot be read.
        OSError: the machine has no room for another process.
    """
    permit(person, Permission.TRAINING_WRITE)
    with database.reading() as session:
        taken, keys = {one.name for one in frozen_sets(session)}, labelled_keys(session)
    name = next(n for n in _names(today) if n not in taken and not run_folder(at.home, n).exists())
    old = learnt if learnt in taken else ""
    wafers = list(lake.wafers_by_keys(keys).values())
    with database.writing() as session:
        freeze(session, name, wafers, person, note=reason, after=old)
    line = command_words(TrainConfig, {**UPDATE.settings, "name": name, "labels": name, "old_labels": old})
    return start(database, at, "train", line, person, title=f"Train {name}: {reason}"[:200])


def _names(today: date) -> list[str]:
    return [f"retrained-{today:%Y-%m-%d}", *(f"retrained-{today:%Y-%m-%d}-{n}" for n in range(2, 1000))]


def _list(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
