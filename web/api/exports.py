"""`/exports`: every file that the pages give, of wafers, a lot or a period."""

import io
from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from starlette.responses import Response

from core.downloads.folder import export_zip
from core.downloads.formats import (
    LOT_FORMATS,
    PERIOD_FORMATS,
    WAFER_FORMATS,
    ExportStyle,
    Format,
    FormatKey,
    chosen,
)
from core.exports.names import safe_part
from core.people.roles import Permission
from core.reports.lot_tables import results_of
from data.errors import LakeError
from web.api import stores
from web.api.acting import Acting, needs
from web.api.envelope import Answer
from web.api.errors import NotFoundError, RequestError
from web.api.filters import Which
from web.api.turns import in_turn
from web.api.wafers import wafer_by_key

ROUTER = APIRouter(prefix="/exports", tags=["exports"], dependencies=[needs(Permission.EXPORT_WRITE)])
MOST_WAFERS = 1000
AnyFormat = TypeVar("AnyFormat", bound=Format)
BYTES = {"schema": {"type": "string", "format": "binary"}}
FILE: dict[int | str, dict[str, Any]] = {200: {"content": {"application/octet-stream": BYTES}}}


class FormatRow(BaseModel):
    """A kind of file."""

    format: str
    of: str = Field(description="wafer, lot or period.")
    label: str
    mime: str
    help: str


class ArchiveAsked(BaseModel):
    """Which wafers to export, and as what."""

    wafer_map_ids: list[str] = Field(min_length=1, max_length=MOST_WAFERS, description="LOT:WAFER.")
    formats: list[str] = Field(min_length=1, max_length=20, description="See /exports.")


@ROUTER.get("", summary="Kinds of files")
@in_turn
def list_formats(person: Acting) -> Answer[list[FormatRow]]:
    """Return what can be asked for, and of what."""
    known = (("wafer", WAFER_FORMATS), ("lot", LOT_FORMATS), ("period", PERIOD_FORMATS))
    told = [
        FormatRow(format=one.key.value, of=of, label=one.label, mime=one.mime, help=one.help)
        for of, formats in known
        for one in formats
    ]
    return Answer(data=told)


@ROUTER.post("", summary="Files of many wafers, as one archive", response_class=Response, responses=FILE)
@in_turn
def export_wafers(asked: ArchiveAsked, person: Acting) -> Response:
    """Return a zip of all files; `export.json` in it says what was refused, and why."""
    keys = list(dict.fromkeys(asked.wafer_map_ids))
    lake = stores.lake(person)
    held = lake.wafers_by_keys(keys)
    missing = [key for key in keys if key not in held]
    if missing:
        raise NotFoundError("wafer_map_ids", f"there is no wafer {missing[0][:200]!r}", "See /wafers.")
    wanted = chosen(WAFER_FORMATS, [_key(one) for one in asked.formats])
    if not wanted:
        raise RequestError("formats", "none of them is of single wafers", "See /exports.")
    file = io.BytesIO()
    export_zip(results_of(lake, keys), [one.key for one in wanted], ExportStyle(person), file)
    return _file(file.getvalue(), "application/zip", "wafers.zip")


@ROUTER.get("/wafers/{key}", summary="A file of one wafer", response_class=Response, responses=FILE)
@in_turn
def export_wafer(key: str, format: str, person: Acting) -> Response:
    """Return one file of what was found on a wafer."""
    one = _one(chosen(WAFER_FORMATS, [_key(format)]), format)
    wafer_by_key(key, person)
    result = stores.lake(person).results_by_keys([key]).get(key)
    if result is None:
        raise NotFoundError("key", f"{key[:200]!r} was not segmented yet", "Segment it first, or ask /predict.")
    return _named(one.make(result, ExportStyle(person)), one, key)


@ROUTER.get("/lots/{lot}", summary="A report of one lot", response_class=Response, responses=FILE)
@in_turn
def export_lot(lot: str, format: str, person: Acting) -> Response:
    """Return a report of a lot, on paper or as a workbook."""
    one = _one(chosen(LOT_FORMATS, [_key(format)]), format)
    try:
        return _named(one.make(stores.lake(person), lot, ExportStyle(person)), one, lot)
    except LakeError as error:
        raise NotFoundError("lot", error.problem, "See /lots.") from error


@ROUTER.get("/period", summary="A report of all wafers of a filter", response_class=Response, responses=FILE)
@in_turn
def export_period(
    where: Which, person: Acting, format: Annotated[str, Query()] = FormatKey.PERIOD_PDF.value
) -> Response:
    """Return the report of a period: trends with limits, what changed, classes, lots, the most severe wafers."""
    one = _one(chosen(PERIOD_FORMATS, [_key(format)]), format)
    return _named(one.make(stores.lake(person), where, ExportStyle(person)), one, f"period_{date.today():%Y%m%d}")


def _key(name: str) -> FormatKey:
    try:
        return FormatKey(name)
    except ValueError:
        raise RequestError("format", f"there is no format {name[:100]!r}", "See /exports.") from None


def _one(found: Sequence[AnyFormat], name: str) -> AnyFormat:
    if not found:
        raise RequestError("format", f"{name[:100]!r} is a file of something else", "See `of` in /exports.")
    return found[0]


def _named(content: bytes, one: Format, name: str) -> Response:
    return _file(content, one.mime, f"{safe_part(name)}{one.ending}")


def _file(content: bytes, mime: str, name: str) -> Response:
    return Response(content, media_type=mime, headers={"content-disposition": f'attachment; filename="{name}"'})
