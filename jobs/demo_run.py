"""A training run of the demo fab: measured beforehand on its labels, and kept here as training keeps its runs."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from core.database import AppDatabase
from core.database.schema import now
from core.identity import Person, named_person
from core.jobs.folder import LOG, job_folder
from core.jobs.store import JobState, add_job, newest_jobs
from core.settings import Settings
from core.storage.folder import Folder
from core.training.config import run_folder
from core.training.records import RUN_FILE
from core.training.tracking import ask_mlflow

if TYPE_CHECKING:
    from mlflow import MlflowClient

RECORDED = Path(__file__).parent / "demo_run.json"
JOB, EXPERIMENT = "train", "waferscope"
AT_ONCE = 500
"""Values that MLflow takes at once."""
RECORDER = named_person("the demo, recorded beforehand")
"""Stands as having started the run, so that its page says what it is."""
TITLE = "Train after round 1 of the demo"
SAID = (
    "This run was not trained on this machine: it was measured beforehand on labels of the demo fab, with the command "
    "line of this job, and its record is shown as training keeps it. It left no weights."
)


@dataclass(frozen=True)
class RecordedRun:
    """A training as it went.

    Args:
        name: of the run.
        arguments: its command line.
        minutes: that it took.
        values: key, step and value of all that was measured.
    """

    name: str
    arguments: Sequence[str]
    minutes: float
    values: Sequence[tuple[str, int, float]]


def recorded_run() -> RecordedRun:
    """Read the run that comes with the app."""
    found = json.loads(RECORDED.read_text(encoding="utf-8"))
    values = [(str(key), int(step), float(value)) for key, step, value in found["values"]]
    return RecordedRun(found["name"], found["arguments"], found["minutes"], values)


def keep_demo_run(at: Settings, person: Person) -> None:
    """Keep the record and the job of the demo's training, unless a training is on the list or MLflow is a server.

    Args:
        at: settings of the workspace.
        person: who stands as having started it.

    Raises:
        AppDatabaseError: the app database cannot be used.
        ModelError: MLflow cannot be used.
    """
    if at.mlflow:
        return
    database = AppDatabase(at.database_place)
    try:
        with database.reading() as session:
            if newest_jobs(session, JOB, limit=1):
                return
        run = recorded_run()
        number = ask_mlflow(at, lambda client: _record(client, run), "the demo's training")
        folder = run_folder(at.home, run.name)
        Folder(folder).write_text(RUN_FILE, number)
        with database.writing() as session:
            job = add_job(session, JOB, run.arguments, TITLE, person)
            job.state, job.exit_code, job.share = JobState.DONE, 0, 1.0
            job.ended_at = now()
            job.created_at = job.heartbeat_at = job.ended_at - timedelta(minutes=run.minutes)
            identity = job.id
        Folder(job_folder(at.home, identity)).write_text(LOG, SAID + "\n")
    finally:
        database.close()


def _record(client: "MlflowClient", run: RecordedRun) -> str:
    """Keep what was measured; gives the record's number."""
    from mlflow.entities import Metric

    known = client.get_experiment_by_name(EXPERIMENT)
    experiment = known.experiment_id if known else client.create_experiment(EXPERIMENT)
    ended = int(now().timestamp() * 1000)
    begun = ended - int(run.minutes * 60_000)
    kept = client.create_run(experiment, start_time=begun, run_name=run.name)
    metrics = [Metric(key, value, ended, step) for key, step, value in run.values]
    for start in range(0, len(metrics), AT_ONCE):
        client.log_batch(kept.info.run_id, metrics=metrics[start : start + AT_ONCE])
    client.set_terminated(kept.info.run_id, end_time=ended)
    return str(kept.info.run_id)
