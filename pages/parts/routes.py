"""What is served beside the pages: files too large for a page's memory, and addresses that lead to a page."""

from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse
from starlette.routing import Route

from core.batches.control import may_see, standing
from core.batches.folder import BATCHES, Batch
from core.exports.names import safe_part
from core.identity import CALLER, local_person
from core.people.accesses import exported
from core.settings import settings
from data.errors import BatchError, NotAllowedError
from pages.parts.cache.stores import database
from pages.parts.links import NAMES


def results_address(batch: Batch) -> str:
    """Return the address of a batch's archive, seen from a page; its folder's name cannot be guessed."""
    return f"{BATCHES}/{batch.name}/results.zip"


def _results(request: Request) -> FileResponse:
    """Send a batch's archive from disk, a little at a time."""
    name = Path(request.path_params["name"]).name
    batch = Batch(settings().home / BATCHES / name)
    person = request.scope.get(CALLER)
    try:
        if person and not may_see(person, standing(database(), batch)):
            raise HTTPException(404, "There is no such batch.")
        title = batch.request.title
    except BatchError as error:
        raise HTTPException(404, "There is no such batch.") from error
    if batch.results is None:
        raise HTTPException(404, "The batch has no results yet.")
    try:
        exported(database(), person or local_person(), f"batch {name}")
    except NotAllowedError as error:
        raise HTTPException(403, str(error)) from error
    return FileResponse(batch.results, media_type="application/zip", filename=f"{safe_part(title)}_results.zip")


def _first_page(request: Request) -> RedirectResponse:
    """Send the first page's own name to where Streamlit serves it: the root, with what it should show."""
    return RedirectResponse("./" + (f"?{request.url.query}" if request.url.query else ""))


ROUTES = [Route(f"/{BATCHES}/{{name}}/results.zip", _results), Route(f"/{NAMES[0]}", _first_page)]
