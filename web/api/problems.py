"""Which status and code an error of the core has, and answers for what goes wrong before an endpoint is reached."""

import logging

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from core.identity import CALLER, Person
from core.people.accesses import refused
from data.errors import (
    AccountError,
    AppDatabaseError,
    BatchError,
    DraftSupersededError,
    ExportError,
    FormatError,
    IndexMissingError,
    LabelError,
    LakeError,
    MapError,
    ModelError,
    NotAllowedError,
    PasswordError,
    ReadingError,
    SettingError,
    TrainingMissingError,
    WaferError,
    WaferValueError,
)
from web.api import stores
from web.api.envelope import failure
from web.api.errors import BusyError, ChangedError, ConflictError, NotFoundError, RequestError
from web.api.turns import RETRY_SECONDS

_log = logging.getLogger(__name__)

STATUS: tuple[tuple[type[WaferError], int, str], ...] = (
    (NotFoundError, 404, "NOT_FOUND"),
    (NotAllowedError, 403, "NOT_ALLOWED"),
    (AccountError, 422, "INVALID_INPUT"),
    (PasswordError, 422, "INVALID_INPUT"),
    (BusyError, 503, "BUSY"),
    (RequestError, 422, "INVALID_INPUT"),
    (ChangedError, 412, "CHANGED_MEANWHILE"),
    (ConflictError, 409, "CONFLICT"),
    (DraftSupersededError, 409, "SUPERSEDED"),
    (LabelError, 422, "INVALID_LABEL"),
    (FormatError, 422, "UNREADABLE_FILE"),
    (ReadingError, 422, "UNREADABLE_FILE"),
    (WaferValueError, 422, "INVALID_INPUT"),
    (ExportError, 422, "NOT_EXPORTABLE"),
    (BatchError, 409, "BATCH_STATE"),
    (IndexMissingError, 503, "INDEX_MISSING"),
    (MapError, 503, "MAP_MISSING"),
    (TrainingMissingError, 503, "TRAINING_MISSING"),
    (ModelError, 503, "MODEL_UNAVAILABLE"),
    (LakeError, 503, "LAKE_UNAVAILABLE"),
    (AppDatabaseError, 503, "DATABASE_UNAVAILABLE"),
    (SettingError, 500, "SETTING"),
)
"""The first row that fits counts."""
_CODES = {404: "NOT_FOUND", 405: "METHOD_NOT_ALLOWED", 401: "UNAUTHENTICATED", 403: "FORBIDDEN", 413: "TOO_LARGE"}


def status_of(error: WaferError) -> tuple[int, str]:
    """Return the HTTP status and the code of an error.

    Example:
        >>> status_of(FormatError("a.csv", "expected a table, found nothing", "Check it."))
        (422, 'UNREADABLE_FILE')
    """
    return next(((status, code) for kind, status, code in STATUS if isinstance(error, kind)), (500, "INTERNAL"))


def answer_problems(api: FastAPI) -> None:
    """Let an API answer errors in its envelope."""
    api.add_exception_handler(WaferError, _of_core)
    api.add_exception_handler(RequestValidationError, _of_request)
    api.add_exception_handler(HTTPException, _of_http)
    api.add_exception_handler(Exception, _unexpected)


def _of_core(request: Request, error: Exception) -> Response:
    assert isinstance(error, WaferError)
    person = request.scope.get(CALLER)
    if isinstance(error, NotAllowedError) and isinstance(person, Person):
        refused(stores.database(), person, f"{request.method} {request.url.path}", error)
    status, code = status_of(error)
    details = {"field": error.where} if isinstance(error, RequestError) else {"where": error.where}
    retry = RETRY_SECONDS if status == 503 else None
    return failure(status, code, f"{error.problem}.", error.remedy, details=details, retry=retry)


def _of_request(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"][1:]) or str(first["loc"][0])
    details = {"field": place, "constraint": first["msg"], "all": [_told(one) for one in error.errors()[:20]]}
    remedy = "Correct it; /api/v1/openapi.json says what is expected."
    return failure(422, "INVALID_INPUT", f"{place}: {first['msg']}.", remedy, details=details)


def _told(error: dict[str, object]) -> dict[str, str]:
    loc = error["loc"]
    parts = loc if isinstance(loc, tuple) else (loc,)
    return {"field": ".".join(str(part) for part in parts), "constraint": str(error["msg"])}


def _of_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code = _CODES.get(error.status_code, "REFUSED")
    message = f"there is no {request.url.path} here" if error.status_code == 404 else str(error.detail)
    said: JSONResponse = failure(error.status_code, code, f"{message}.", "See /api/v1/openapi.json for what there is.")
    for name, value in (error.headers or {}).items():
        said.headers[name] = value
    return said


def _unexpected(request: Request, error: Exception) -> Response:
    _log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    return failure(
        500, "INTERNAL", "something failed that should not.", "Tell who runs Waferscope the request id; the log has it."
    )
