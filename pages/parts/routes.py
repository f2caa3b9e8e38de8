"""Files that are too large to pass through a page's memory, served beside the pages."""

from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse
from starlette.routing import Route

from core.batches.folder import BATCHES, Batch
from core.exports.names import safe_part
from core.settings import settings
from data.errors import BatchError


def results_address(batch: Batch) -> str:
    """Return the address of a batch's archive, seen from a page; its folder's name cannot be guessed."""
    return f"{BATCHES}/{batch.name}/results.zip"


def _results(request: Request) -> FileResponse:
    """Send a batch's archive from disk, a little at a time."""
    name = Path(request.path_params["name"]).name
    batch = Batch(settings().home / BATCHES / name)
    try:
        title = batch.request.title
    except BatchError as error:
        raise HTTPException(404, "There is no such batch.") from error
    if batch.results is None:
        raise HTTPException(404, "The batch has no results yet.")
    return FileResponse(batch.results, media_type="application/zip", filename=f"{safe_part(title)}_results.zip")


ROUTES = [Route(f"/{BATCHES}/{{name}}/results.zip", _results)]
