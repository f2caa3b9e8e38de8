"""`/trends`, `/commonality` and `/lots`: how often defects come, what their wafers share, one lot's figures."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from core.comparison.commonality import commonality, suspects
from core.lots.lot import figures, lots, open_lot
from core.people.roles import Permission
from core.trends.series import KINDS, Measure, Period, Subject, baseline_of, controlled, series, with_value
from data.errors import LakeError, WaferValueError
from web.api import stores
from web.api.acting import Acting, needs
from web.api.envelope import Answer
from web.api.errors import NotFoundError, RequestError
from web.api.filters import Which
from web.api.rows import Row, plain, rows
from web.api.turns import in_turn

ROUTER = APIRouter(tags=["trends"], dependencies=[needs(Permission.INFERENCE_READ)])
Zone = Annotated[str, Query(pattern="^(|center|middle|edge)$", description="A cluster lies there; empty: anywhere.")]
Classes = Annotated[list[str], Query(description="Defects of one of these classes; none: of any.")]


class Limits(BaseModel):
    """Of the control chart; null where the baseline is too short to tell."""

    center: float | None
    lower: list[float | None]
    upper: list[float | None]


class Trend(BaseModel):
    """Wafers and defects by day, week or lot."""

    period: str
    measure: str
    rows: list[Row] = Field(description="period, wafers, affected, share, mean dies, density (1/cm2) and severity.")
    limits: Limits | None


class Shared(BaseModel):
    """What affected wafers share, surest first."""

    wafers: int
    affected: int
    lots: int
    suspects: list[Row] = Field(description="Values whose wafers are affected more often than the rest.")
    values: list[Row] = Field(description="Every value that was looked at, with odds ratio, p and q.")


class LotAnswer(BaseModel):
    """What a lot's wafers add up to."""

    lot: str
    figures: dict[str, Any] = Field(description="Yield 0 to 1, severity 0 to 100, counts of wafers and clusters.")
    wafers: list[Row]


@ROUTER.get("/trends", summary="Defects by day, week or lot, with control limits")
@in_turn
def trends(
    where: Which,
    person: Acting,
    subject_class: Classes = [],  # noqa: B006 - FastAPI copies it
    subject_zone: Zone = "",
    period: Period = Period.WEEK,
    measure: Measure = Measure.SHARE,
) -> Answer[Trend]:
    """Return a series as the page Trends draws it; filters say which wafers count, `subject_*` which defects."""
    table = with_value(series(stores.lake(person), where, _subject(subject_class, subject_zone), period), measure)
    try:
        chart = controlled(table, measure, KINDS[measure][0], baseline_of(table))
        limits = Limits(center=plain(chart.center), lower=plain(chart.lower), upper=plain(chart.upper))
    except WaferValueError:  # too few periods to tell what is normal
        limits = None
    return Answer(data=Trend(period=period.value, measure=measure.name.lower(), rows=rows(table), limits=limits))


@ROUTER.get("/commonality", summary="Which tool, chamber, recipe or program affected wafers share")
@in_turn
def what_they_share(
    where: Which,
    person: Acting,
    subject_class: Classes = [],  # noqa: B006 - FastAPI copies it
    subject_zone: Zone = "",
    positions: Annotated[bool, Query(description="Look at slots too.")] = False,
) -> Answer[Shared]:
    """Return what the page Commonality shows."""
    found = commonality(stores.lake(person), where, _subject(subject_class, subject_zone), positions=positions)
    told = Shared(
        wafers=found.wafers,
        affected=found.affected,
        lots=found.lots,
        suspects=rows(suspects(found)),
        values=rows(found.table),
    )
    return Answer(data=told)


@ROUTER.get("/lots", summary="All lots, newest first")
@in_turn
def list_lots(person: Acting, limit: Annotated[int, Query(ge=1, le=10_000)] = 500) -> Answer[list[Row]]:
    """Return name, product, wafers and last test of lots."""
    return Answer(data=rows(lots(stores.lake(person)).head(limit)))


@ROUTER.get("/lots/{lot}", summary="One lot")
@in_turn
def one_lot(lot: str, person: Acting) -> Answer[LotAnswer]:
    """Return a lot's figures and its wafers by slot."""
    try:
        found = open_lot(stores.lake(person), lot)
    except LakeError as error:
        raise NotFoundError("lot", error.problem, "See /lots.") from error
    sums = {name: plain(value) for name, value in vars(figures(found)).items()}
    return Answer(data=LotAnswer(lot=lot, figures=sums, wafers=rows(found.wafers)))


def _subject(classes: list[str], zone: str) -> Subject:
    try:
        return Subject(tuple(classes), zone)
    except LakeError as error:
        raise RequestError("subject_class", error.problem, error.remedy) from error
