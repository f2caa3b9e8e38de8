"""`/models`: versions of the model, their cards and files, and which of them serves."""

import dataclasses
import math
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path
from fastapi.responses import FileResponse
from pydantic import BaseModel, Field

from core.people.accesses import downloaded_model
from core.people.roles import Permission
from core.registry.gate import Check
from core.registry.promotion import challenge, promote, rollback
from core.registry.store import Registry, Roles, Version
from core.settings import settings
from data.errors import ModelError
from web.api import stores
from web.api.acting import Acting, needs
from web.api.envelope import Answer
from web.api.errors import ConflictError, NotFoundError
from web.api.turns import in_turn

ROUTER = APIRouter(prefix="/models", tags=["models"], dependencies=[needs(Permission.MODEL_READ)])

Number = Annotated[int, Path(ge=0, le=2**31 - 1, alias="version", description="Number of the version; 0 ships.")]


class ModelRow(BaseModel):
    """A version in the list."""

    model_version: int
    name: str = Field(description="As answers name it in model_version.")
    status: str = Field(description="production, challenger or registered.")
    registered_at: datetime | None
    registered_by: str
    note: str


class ModelDetail(ModelRow):
    """A version with its card."""

    card: dict[str, Any] = Field(description="What the model is, what it learnt from, and what was measured.")


class Served(BaseModel):
    """Who serves."""

    production: int
    challenger: int | None
    challenger_share: float = Field(description="Share of the wafers that the challenger segments, 0 to 0.5.")
    before: list[int] = Field(description="Versions served before, oldest first.")


class GateCheck(BaseModel):
    """One check of the gate."""

    name: str
    passed: bool
    found: str
    needed: str


class Promotion(BaseModel):
    """A version that serves now, and the checks that it passed."""

    model_version: int
    checks: list[GateCheck]
    served: Served


class Trial(BaseModel):
    """Which version challenges the one that serves, and on how many wafers."""

    model_version: int | None = Field(description="Null ends the trial.")
    share: float = Field(default=0.1, gt=0, le=0.5)


@ROUTER.get("", summary="Versions of the model, newest first")
@in_turn
def list_models(person: Acting) -> Answer[list[ModelRow]]:
    """List the versions, the shipped one last."""
    registry = _registry()
    roles = registry.roles()
    return Answer(data=[_row(version, roles) for version in registry.versions()])


@ROUTER.get("/served", summary="Which version serves, and which challenges it")
@in_turn
def served_models(person: Acting) -> Answer[Served]:
    """Return who serves."""
    return Answer(data=_served(_registry().roles()))


@ROUTER.post("/rollback", summary="Serve the version of before again")
@in_turn
def roll_back(person: Acting) -> Answer[Served]:
    """Serve the champion of before again, without a gate."""
    registry = _registry()
    try:
        rollback(registry, stores.database(), settings(), person)
    except ModelError as error:
        raise ConflictError(error.where, error.problem, error.remedy) from error
    return Answer(data=_served(registry.roles()))


@ROUTER.put("/challenger", summary="Let a version challenge the one that serves, or end that")
@in_turn
def set_challenger(asked: Trial, person: Acting) -> Answer[Served]:
    """Begin or end an A/B comparison on a share of the wafers."""
    registry = _registry()
    if asked.model_version is not None:
        _version(registry, asked.model_version)
    try:
        challenge(registry, stores.database(), settings(), asked.model_version, asked.share, person)
    except ModelError as error:
        raise ConflictError(error.where, error.problem, error.remedy) from error
    return Answer(data=_served(registry.roles()))


@ROUTER.get("/{version}", summary="The ONNX file of a version", response_class=FileResponse)
@in_turn
def model_file(version: Number, person: Acting) -> FileResponse:
    """Send the file; ranges of it can be asked for."""
    registry = _registry()
    found = _version(registry, version)
    downloaded_model(stores.database(), person, version)
    headers = {"x-model-version": str(version), "x-model-sha256": found.card.sha256}
    return FileResponse(
        registry.file(version), media_type="application/octet-stream", filename=f"model-{version}.onnx", headers=headers
    )


@ROUTER.get("/{version}/metadata", summary="The card of a version")
@in_turn
def model_metadata(version: Number, person: Acting) -> Answer[ModelDetail]:
    """Return what is known of a version."""
    registry = _registry()
    found = _version(registry, version)
    row = _row(found, registry.roles())
    return Answer(data=ModelDetail(**row.model_dump(), card=_plain(dataclasses.asdict(found.card))))


@ROUTER.post("/{version}/promote", summary="Serve a version, if it passes the gate")
@in_turn
def promote_model(version: Number, person: Acting) -> Answer[Promotion]:
    """Measure a version beside the champion, and serve it if it passes every check."""
    registry = _registry()
    _version(registry, version)
    try:
        checks = promote(registry, stores.database(), settings(), version, person)
    except ModelError as error:
        raise ConflictError(error.where, error.problem, error.remedy) from error
    served = _served(registry.roles())
    return Answer(data=Promotion(model_version=version, checks=[_check(one) for one in checks], served=served))


def _registry() -> Registry:
    return Registry(settings())


def _version(registry: Registry, number: int) -> Version:
    try:
        return registry.version(number)
    except ModelError as error:
        raise NotFoundError("version", f"there is no version {number} of the model", "See /models.") from error


def _row(version: Version, roles: Roles) -> ModelRow:
    status = {roles.champion: "production", roles.challenger: "challenger"}.get(version.number, "registered")
    return ModelRow(
        model_version=version.number,
        name=f"{version.card.name}@{version.card.sha256[:8]}",
        status=status,
        registered_at=version.registered_at,
        registered_by=version.registered_by,
        note=version.note,
    )


def _served(roles: Roles) -> Served:
    return Served(
        production=roles.champion,
        challenger=roles.challenger,
        challenger_share=roles.share,
        before=list(roles.before),
    )


def _check(one: Check) -> GateCheck:
    return GateCheck(name=one.name, passed=bool(one.passed), found=str(one.found), needed=str(one.needed))


def _plain(value: Any) -> Any:  # noqa: ANN401 - any part of a card
    if isinstance(value, dict):
        return {str(name): _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if isinstance(value, str | int | bool | type(None)) else str(value)
