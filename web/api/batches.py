"""`/predict/batch-async`: many wafers, of the lake or of files, worked through by a job."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Form, UploadFile
from fastapi.responses import FileResponse
from pydantic import BaseModel, Field

from core.batches.control import Standing, State, cancel, launch_batch, may_see, pause, standing
from core.batches.folder import BATCHES, Batch, new_batch
from core.batches.notes import BatchRequest
from core.exports.names import safe_part
from core.identity import Person
from core.people.accesses import exported
from core.people.roles import Permission
from core.settings import settings
from data.errors import BatchError
from web.api import stores
from web.api.acting import Acting, needs
from web.api.envelope import Answer
from web.api.errors import NotFoundError
from web.api.turns import in_turn

MOST_WAFERS = 10_000
ROUTER = APIRouter(prefix="/predict/batch-async", tags=["batches"], dependencies=[needs(Permission.INFERENCE_READ)])
STATUS = {
    State.WAITING: "queued",
    State.READING: "running",
    State.SEGMENTING: "running",
    State.FINISHING: "running",
    State.STOPPING: "running",
    State.PAUSED: "paused",
    State.CANCELLED: "cancelled",
    State.KILLED: "failed",
    State.FAILED: "failed",
    State.DONE: "completed",
}


class BatchAsked(BaseModel):
    """Which wafers of the lake, and how."""

    wafer_map_ids: list[str] = Field(min_length=1, max_length=MOST_WAFERS, description="LOT:WAFER of each.")
    title: str = Field(default="Batch of the API", min_length=1, max_length=150)
    test_time_augmentation: bool = False
    save: bool = Field(default=False, description="Keep the results in the lake when all is done.")


class Progress(BaseModel):
    """How far it is."""

    total_wafers: int | None = Field(description="Null before all are read.")
    processed_wafers: int
    percentage: float | None
    wafers_per_second: float | None
    estimated_time_remaining_seconds: float | None
    failures: int


class BatchStatus(BaseModel):
    """How a batch stands."""

    job_id: str
    title: str
    status: str = Field(description="queued, running, paused, cancelled, failed or completed.")
    state: str = Field(description="The same in the words of the pages.")
    progress: Progress
    progress_url: str
    results_url: str | None = Field(description="Null before it is completed.")
    asked_at: datetime
    completed_at: datetime | None


@ROUTER.post("", status_code=202, summary="Work through many wafers of the lake")
@in_turn
def start_batch(asked: BatchAsked, person: Acting) -> Answer[BatchStatus]:
    """Accept a batch and start the job that works through it; from here on it survives whatever dies."""
    keys = list(dict.fromkeys(asked.wafer_map_ids))
    held = stores.lake(person).wafers_by_keys(keys)
    missing = [key for key in keys if key not in held]
    if missing:
        raise NotFoundError("wafer_map_ids", f"there is no wafer {missing[0][:200]!r}", "See /wafers.")
    batch = new_batch(settings().home)
    request = BatchRequest(title=asked.title, asked_by=person.name, tta=asked.test_time_augmentation, save=asked.save)
    batch.accept(request, keys)
    launch_batch(stores.database(), settings(), batch, person)
    return Answer(data=_status(batch))


@ROUTER.post("/upload", status_code=202, summary="Work through the wafers of files")
@in_turn
def start_upload(
    files: list[UploadFile],
    person: Acting,
    title: Annotated[str, Form(min_length=1, max_length=150)] = "Batch of the API",
    test_time_augmentation: Annotated[bool, Form()] = False,
    save: Annotated[bool, Form(description="Keep wafers and results in the lake when all is done.")] = False,
) -> Answer[BatchStatus]:
    """Accept files, as a zip or one by one, and start the job that works through them."""
    batch = new_batch(settings().home)
    paths = tuple(batch.store(file.filename or "upload", file.file) for file in files)
    request = BatchRequest(title=title, asked_by=person.name, paths=paths, tta=test_time_augmentation, save=save)
    batch.accept(request)
    launch_batch(stores.database(), settings(), batch, person)
    return Answer(data=_status(batch))


@ROUTER.get("/{name}/status", summary="How a batch stands")
@in_turn
def batch_status(name: str, person: Acting) -> Answer[BatchStatus]:
    """Return how far a batch is, its rate and the time left."""
    return Answer(data=_status(_batch(name, person)))


@ROUTER.post("/{name}/pause", summary="Stop a batch such that it can go on")
@in_turn
def pause_batch(name: str, person: Acting) -> Answer[BatchStatus]:
    """Pause a batch; what is finished stays."""
    batch = _batch(name, person)
    pause(stores.database(), batch, person)
    return Answer(data=_status(batch))


@ROUTER.post("/{name}/resume", status_code=202, summary="Let a batch go on")
@in_turn
def resume_batch(name: str, person: Acting) -> Answer[BatchStatus]:
    """Go on where a batch stopped."""
    batch = _batch(name, person)
    launch_batch(stores.database(), settings(), batch, person)
    return Answer(data=_status(batch))


@ROUTER.post("/{name}/cancel", summary="Stop a batch for good")
@in_turn
def cancel_batch(name: str, person: Acting) -> Answer[BatchStatus]:
    """Stop a batch for good."""
    batch = _batch(name, person)
    cancel(stores.database(), batch, person)
    return Answer(data=_status(batch))


@ROUTER.get("/{name}/results", summary="The archive of results, whole or in ranges", response_class=FileResponse)
@in_turn
def batch_results(name: str, person: Acting) -> FileResponse:
    """Send the archive from disk, a little at a time; it has an ETag, and ranges of it can be asked for."""
    batch = _batch(name, person)
    if batch.results is None:
        raise NotFoundError("name", "the batch has no results yet", "Ask for its status until it is completed.")
    title = safe_part(batch.request.title)
    exported(stores.database(), person, f"batch {name}")
    return FileResponse(batch.results, media_type="application/zip", filename=f"{title}_results.zip")


def _batch(name: str, person: Person) -> Batch:
    folder = settings().home / BATCHES / name
    batch = Batch(folder)
    try:
        if folder.parent.name != BATCHES or name in ("", ".", "..") or "/" in name:
            raise BatchError(name, "there is no batch here", "")
        batch.request  # noqa: B018 - a batch without a request is none
        if not may_see(person, standing(stores.database(), batch)):
            raise BatchError(name, "it is of products that you do not see", "")
    except BatchError as error:
        raise NotFoundError(
            "name", f"there is no batch {name[:100]!r}", "Use the job_id that starting it gave."
        ) from error
    return batch


def _status(batch: Batch) -> BatchStatus:
    found: Standing = standing(stores.database(), batch)
    address = f"/api/v1{ROUTER.prefix}/{batch.name}"
    left = found.time_left
    progress = Progress(
        total_wafers=found.total,
        processed_wafers=found.done,
        percentage=None if found.share is None else round(100 * found.share, 2),
        wafers_per_second=found.rate,
        estimated_time_remaining_seconds=None if left is None else left.total_seconds(),
        failures=found.failures,
    )
    done = batch.results
    return BatchStatus(
        job_id=batch.name,
        title=found.request.title,
        status=STATUS[found.state],
        state=str(found.state),
        progress=progress,
        progress_url=f"{address}/status",
        results_url=f"{address}/results" if done else None,
        asked_at=datetime.fromisoformat(found.request.asked_at),
        completed_at=datetime.fromtimestamp(done.stat().st_mtime, UTC) if done else None,
    )
