"""What every answer is wrapped in: whether it went well, the data, the error, and which request it answers."""

from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse

VERSION = "v1"
PROBLEM_JSON = "application/problem+json"

REQUEST_ID: ContextVar[str] = ContextVar("request_id", default="")
"""Of the request that is being answered."""

Data = TypeVar("Data")


class Metadata(BaseModel):
    """Which request this answers, and when."""

    request_id: str = Field(description="Name of the request, as the header X-Request-ID and the logs have it.")
    timestamp: datetime = Field(description="When the answer was made, UTC.")
    version: str = Field(default=VERSION, description="Version of the API.")


class Problem(BaseModel):
    """What went wrong, as RFC 9457 has it, with a code for programs and a remedy for people."""

    type: str = Field(description="Kind of problem, a URI; stays the same.", examples=["urn:waferscope:not-found"])
    title: str = Field(description="Kind of problem in words.", examples=["Not found"])
    status: int = Field(description="HTTP status.", examples=[404])
    code: str = Field(description="Kind of problem for programs.", examples=["NOT_FOUND"])
    message: str = Field(description="What was expected and what was found, one sentence.")
    remedy: str = Field(description="What to do about it.")
    details: dict[str, Any] = Field(description="`field` and `constraint` where a field of the request is at fault.")


class Answer(BaseModel, Generic[Data]):
    """An answer that went well."""

    model_config = ConfigDict(ser_json_inf_nan="null")

    success: Literal[True] = True
    data: Data
    metadata: Metadata = Field(default_factory=lambda: metadata())
    error: None = None


class Failure(BaseModel):
    """An answer that did not go well."""

    success: Literal[False] = False
    data: None = None
    metadata: Metadata = Field(default_factory=lambda: metadata())
    error: Problem


def metadata() -> Metadata:
    """Return the metadata of the request that is being answered."""
    return Metadata(request_id=REQUEST_ID.get(), timestamp=datetime.now(UTC))


def failure(
    status: int,
    code: str,
    message: str,
    remedy: str,
    *,
    details: dict[str, Any] | None = None,
    retry: int | None = None,
) -> JSONResponse:
    """Return an answer that says what went wrong.

    Args:
        status: of HTTP.
        code: upper case, words with underscores between.
        message: one sentence.
        remedy: what to do.
        details: the field at fault and what it has to be.
        retry: seconds after which it may go well; None where trying again changes nothing.
    """
    problem = Problem(
        type=f"urn:waferscope:{code.lower().replace('_', '-')}",
        title=code.replace("_", " ").capitalize(),
        status=status,
        code=code,
        message=message,
        remedy=remedy,
        details=details or {},
    )
    headers = {} if retry is None else {"retry-after": str(retry)}
    return JSONResponse(Failure(error=problem).model_dump(mode="json"), status, headers, PROBLEM_JSON)
