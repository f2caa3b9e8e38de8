"""`/train`: trainings started, watched, stopped and taken up again."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from core.jobs import launch
from core.jobs.config_fields import command_words, config_fields
from core.jobs.folder import log_tail
from core.jobs.store import Job
from core.people.roles import Permission
from core.settings import settings
from core.training.config import SERVED, TrainConfig, check_config, check_shape, run_folder
from core.training.recipes import RECIPES
from core.training.records import RunRecord, record_of
from data.errors import AppDatabaseError, WaferError
from web.api import stores
from web.api.acting import Acting, needs
from web.api.envelope import Answer
from web.api.errors import ConflictError, NotFoundError, RequestError
from web.api.turns import in_turn

JOB = "train"
MOST_LINES = 2000
NO_PATHS = {"from_": ("", SERVED), "real": ((),), "unlabelled": ((), ("lake",))}
"""Fields that a command line may fill with paths of the machine, and what requests may say there."""

ROUTER = APIRouter(prefix="/train", tags=["training"], dependencies=[needs(Permission.TRAINING_READ)])


class TrainAsked(BaseModel):
    """What to train: a recipe, and what differs from it."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,80}$", description="Of the run; new.")
    recipe: str = Field(default="", description=f"One of {', '.join(recipe.name for recipe in RECIPES)}; empty: none.")
    hyperparameters: dict[str, Any] = Field(
        default={}, description="Fields of jobs.train by name, such as steps, rate, seed, labels; never a path."
    )


class TrainingJob(BaseModel):
    """A training and how far it is."""

    training_job_id: int
    title: str
    status: str = Field(description="queued, running, and how it ended.")
    done: int = Field(description="Steps.")
    total: int | None
    percentage: float | None
    steps_per_second: float | None
    time_remaining_seconds: float | None
    started_by: str
    queued_at: datetime
    ended_at: datetime | None
    exit_code: int | None
    attempt: int


class TrainingMetrics(BaseModel):
    """What a training measured so far."""

    training_job_id: int
    run: str
    best: dict[str, float] = Field(description="Measured when the score was best.")
    curves: dict[str, list[tuple[int, float]]] = Field(description="[step, value] of each measure, at most 400 points.")


class LogTold(BaseModel):
    """The end of a job's log."""

    training_job_id: int
    log: str


@ROUTER.post("", status_code=201, summary="Start a training")
@in_turn
def start_training(asked: TrainAsked, person: Acting) -> Answer[TrainingJob]:
    """Start a training as a job that outlives the app; its settings are checked first."""
    given = _given(asked)
    config = TrainConfig(**given)
    try:
        check_config(config)
        if not config.starts_trained:
            check_shape(config)
    except WaferError as error:
        raise RequestError("hyperparameters", error.problem, error.remedy) from error
    if run_folder(settings().home, asked.name).exists():
        raise ConflictError("name", f"a run named {asked.name} exists already", "Choose another name, or resume it.")
    words = command_words(TrainConfig, given)
    job = launch.start(stores.database(), settings(), JOB, words, person, title=f"Train {asked.name}")
    return Answer(data=_told(job))


@ROUTER.get("", summary="Trainings, newest first")
@in_turn
def list_trainings(person: Acting, limit: Annotated[int, Query(ge=1, le=500)] = 50) -> Answer[list[TrainingJob]]:
    """List the trainings that were started here."""
    return Answer(data=[_told(job) for job in launch.jobs(stores.database(), JOB, limit)])


@ROUTER.get("/{number}/status", summary="How far a training is")
@in_turn
def training_status(number: int, person: Acting) -> Answer[TrainingJob]:
    """Return how far a training is, its pace and the time left."""
    return Answer(data=_told(_job(number)))


@ROUTER.get("/{number}/metrics", summary="What a training measured")
@in_turn
def training_metrics(number: int, person: Acting) -> Answer[TrainingMetrics]:
    """Return what a training measured so far, all curves thinned alike."""
    name = _run(_job(number))
    record = record_of(settings(), name)
    return Answer(data=TrainingMetrics(training_job_id=number, run=name, **_measures(record)))


@ROUTER.get("/{number}/log", summary="The end of a training's log")
@in_turn
def training_log(
    number: int, person: Acting, lines: Annotated[int, Query(ge=1, le=MOST_LINES)] = 200
) -> Answer[LogTold]:
    """Return the last lines of a log."""
    job = _job(number)
    return Answer(data=LogTold(training_job_id=number, log=log_tail(settings().home, job.id, lines)))


@ROUTER.post("/{number}/cancel", summary="Stop a training")
@in_turn
def cancel_training(number: int, person: Acting) -> Answer[TrainingJob]:
    """Ask a training to stop; it keeps its last checkpoint."""
    _job(number)
    try:
        return Answer(data=_told(launch.cancel(stores.database(), number, person)))
    except AppDatabaseError as error:
        raise ConflictError(error.where, error.problem, error.remedy) from error


@ROUTER.post("/{number}/resume", status_code=202, summary="Take a training up again")
@in_turn
def resume_training(number: int, person: Acting) -> Answer[TrainingJob]:
    """Start a training that ended once more with the same settings; it goes on from its last checkpoint."""
    _job(number)
    try:
        return Answer(data=_told(launch.resume(stores.database(), settings(), number, person)))
    except AppDatabaseError as error:
        raise ConflictError(error.where, error.problem, error.remedy) from error


def _given(asked: TrainAsked) -> dict[str, Any]:
    """Return the fields of a configuration that a request asks for, each of its type."""
    recipe = next((one for one in RECIPES if one.name == asked.recipe), None)
    if asked.recipe and recipe is None:
        known = ", ".join(one.name for one in RECIPES)
        raise RequestError("recipe", f"there is no recipe {asked.recipe[:60]!r}", f"Use {known}.")
    given: dict[str, Any] = dict(recipe.settings) if recipe else {}
    fields = {field.name.rstrip("_"): field for field in config_fields(TrainConfig)}
    for name, value in asked.hyperparameters.items():
        field = fields.get(name.rstrip("_"))
        where = f"hyperparameters.{name[:60]}"
        if field is None or field.name == "name":
            raise RequestError(where, "there is no such field", f"Use {', '.join(fields)}.")
        read = tuple(value) if field.several and isinstance(value, list) else value
        several = isinstance(read, tuple)
        if several is not field.several or not all(_is_of(one, field.kind) for one in (read if several else (read,))):
            raise RequestError(where, f"expected {field.kind.__name__}, found {value!r:.60}", f"{field.help}.")
        if field.choices and read not in field.choices:
            raise RequestError(where, f"found {value!r:.60}", f"Use {', '.join(map(str, field.choices))}.")
        if field.name in NO_PATHS and read not in NO_PATHS[field.name]:
            said = " or ".join(repr(one) for one in NO_PATHS[field.name])
            raise RequestError(where, "a request names no path of the machine", f"Use {said}.")
        given[field.name] = read
    return {**given, "name": asked.name}


def _is_of(value: object, kind: type) -> bool:
    if kind is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    return isinstance(value, kind) and (kind is bool or not isinstance(value, bool))


def _job(number: int) -> Job:
    if number < 2**31:
        try:
            found = launch.job(stores.database(), number)
            if found.name == JOB:
                return found
        except AppDatabaseError:
            pass
    raise NotFoundError("number", f"there is no training {number}", "See /train for those that were started.")


def _run(job: Job) -> str:
    words = job.arguments
    return words[words.index("--name") + 1] if "--name" in words else TrainConfig().name


def _measures(record: RunRecord | None) -> Mapping[str, Any]:
    if record is None:
        return {"best": {}, "curves": {}}
    curves = {
        key: [(int(step), float(value)) for step, value in record.curve(key).itertuples(index=False)]
        for key in record.keys("")
    }
    return {"best": record.at_best(), "curves": curves}


def _told(job: Job) -> TrainingJob:
    left = job.time_left
    return TrainingJob(
        training_job_id=job.id,
        title=job.title,
        status=str(job.state),
        done=job.done,
        total=job.total,
        percentage=None if job.share is None else round(100 * job.share, 2),
        steps_per_second=job.rate,
        time_remaining_seconds=None if left is None else left.total_seconds(),
        started_by=job.started_by,
        queued_at=job.created_at,
        ended_at=job.ended_at,
        exit_code=job.exit_code,
        attempt=job.attempt,
    )
