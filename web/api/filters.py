"""Filters and pages as requests say them: the same as those of the Wafers page."""

import base64
import binascii
import json
from datetime import UTC, datetime
from typing import Annotated

from fastapi import Depends, Query

from core.lake import WaferFilter
from core.lake.filter import NEWEST_FIRST, SORT_COLUMNS
from core.lake.rows import utc_naive
from data.classes import CLASS_KEYS
from web.api.errors import RequestError

MOST_ROWS = 500


async def wafer_filter(
    product: Annotated[list[str], Query(description="One of these products.")] = [],  # noqa: B006 - FastAPI copies it
    lot: Annotated[list[str], Query(description="One of these lots.")] = [],  # noqa: B006
    since: Annotated[datetime | None, Query(description="Tested at this time or later; UTC without a zone.")] = None,
    until: Annotated[datetime | None, Query(description="Tested before this time.")] = None,
    defect_class: Annotated[list[str], Query(description="At least one of these classes was found.")] = [],  # noqa: B006
    severity_min: Annotated[float | None, Query(ge=0, le=100, allow_inf_nan=False)] = None,
    severity_max: Annotated[float | None, Query(ge=0, le=100, allow_inf_nan=False)] = None,
    zone: Annotated[list[str], Query(description="A cluster lies there: center, middle or edge.")] = [],  # noqa: B006
    attribute: Annotated[list[str], Query(description="NAME=VALUE of the process history; step=ST1.")] = [],  # noqa: B006
    text: Annotated[str, Query(max_length=200, description="Stands in key, product, program, step or file.")] = "",
    undated: Annotated[bool, Query(description="Only wafers that do not say when they were tested.")] = False,
) -> WaferFilter:
    """Return which wafers a request asks for.

    Raises:
        RequestError: a class or zone that does not exist.
    """
    _known("defect_class", defect_class, CLASS_KEYS)
    _known("zone", zone, ("center", "middle", "edge"))
    return WaferFilter(
        product=tuple(product),
        lot=tuple(lot),
        since=_in_utc(since),
        until=_in_utc(until),
        defect_class=tuple(defect_class),
        severity_min=severity_min,
        severity_max=severity_max,
        zone=tuple(zone),
        attribute=tuple(attribute),
        text=text,
        undated=undated,
    )


Which = Annotated[WaferFilter, Depends(wafer_filter)]


async def sort_column(
    sort: Annotated[str, Query(description="A column of the list, - before it for largest first.")] = NEWEST_FIRST,
) -> str:
    """Return how a request sorts.

    Raises:
        RequestError: there is no such column.
    """
    _known("sort", [sort.removeprefix("-")], SORT_COLUMNS)
    return sort


Sort = Annotated[str, Depends(sort_column)]
Limit = Annotated[int, Query(ge=1, le=MOST_ROWS, description="Rows of a page.")]
Cursor = Annotated[str, Query(max_length=2000, description="next_cursor of the page before.")]


def write_cursor(sort: str, value: object, key: str) -> str:
    """Return what stands for a row in the order of a list.

    Example:
        >>> read_cursor(write_cursor("-severity", 7.5, "L1:W01"), "-severity")
        (7.5, 'L1:W01')
    """
    told = value.isoformat() if isinstance(value, datetime) else value
    return base64.urlsafe_b64encode(json.dumps([sort, told, key]).encode()).decode("ascii")


def read_cursor(cursor: str, sort: str) -> tuple[object, str]:
    """Return the value and key of the row that a cursor stands for.

    Raises:
        RequestError: it is none, or of a list in another order.
    """
    try:
        order, value, key = json.loads(base64.urlsafe_b64decode(cursor.encode("ascii")))
        if order != sort or not isinstance(key, str) or not isinstance(value, str | int | float | None):
            raise ValueError("it is of another order")
        if isinstance(value, str) and sort.removeprefix("-") in ("tested_at", "segmented_at"):
            value = utc_naive(datetime.fromisoformat(value))
    except (ValueError, TypeError, binascii.Error, RecursionError) as error:
        problem = f"expected a next_cursor of a list sorted by {sort}, found another text"
        raise RequestError("cursor", problem, "Ask for the first page without one.") from error
    return value, key


def _known(field: str, values: list[str], allowed: tuple[str, ...]) -> None:
    unknown = [value for value in values if value not in allowed]
    if unknown:
        raise RequestError(field, f"there is no {unknown[0][:60]!r}", f"Use {', '.join(allowed)}.")


def _in_utc(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=UTC) if moment is not None and moment.tzinfo is None else moment
