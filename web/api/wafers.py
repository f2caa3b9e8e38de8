"""`/wafers`: files in, lists and single wafers out."""

import tempfile
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, UploadFile

from core.alarms.sending import deliver_due
from core.exports.records import identity
from core.identity import Person
from core.ingestion.orientation_rules import with_rules
from core.ingestion.sources import Sources, keeping_originals
from core.lake.wafer_tests import list_tests, wafer_of_test
from core.people.accesses import viewed
from core.people.roles import Permission
from core.pipeline import Pipeline, take_in
from core.settings import settings
from data.errors import WaferError
from data.formats import ReadOptions
from data.wafer import Notch, WaferMap
from web.api import stores
from web.api.acting import Acting, needs
from web.api.envelope import Answer
from web.api.errors import NotFoundError, RequestError
from web.api.filters import Cursor, Limit, Sort, Which, read_cursor, write_cursor
from web.api.rows import plain
from web.api.shapes import TakenInAnswer, TestRecord, WaferDetail, WaferPage, WaferRow
from web.api.turns import in_turn
from web.api.uploads import on_disk

ROUTER = APIRouter(prefix="/wafers", tags=["wafers"], dependencies=[needs(Permission.WAFER_READ)])


@ROUTER.get("", summary="List wafers, with the filters of the Wafers page")
@in_turn
def list_wafers(where: Which, sort: Sort, person: Acting, limit: Limit = 50, cursor: Cursor = "") -> Answer[WaferPage]:
    """Return a page of wafers. Wafers that come in meanwhile move no other from page to page."""
    lake = stores.lake(person)
    after = read_cursor(cursor, sort) if cursor else None
    table = lake.wafers_page(where, sort, limit=limit + 1, after=after)
    rows = [_row(found) for found in table.head(limit).to_dict("records")]
    more = write_cursor(sort, getattr(rows[-1], sort.removeprefix("-")), rows[-1].key) if len(table) > limit else None
    return Answer(data=WaferPage(wafers=rows, total=lake.count(where), next_cursor=more))


@ROUTER.post("", status_code=201, summary="Take wafers in from files of any format")
@in_turn
def add_wafers(
    files: list[UploadFile],
    person: Acting,
    lot: Annotated[str | None, Form(description="Of wafers whose file names none.")] = None,
    product: Annotated[str | None, Form(description="Of wafers whose file names none.")] = None,
    test_program: Annotated[str | None, Form(description="Of wafers whose file names none.")] = None,
    die_pitch_row_mm: Annotated[float | None, Form(gt=0, description="Where the file gives none.")] = None,
    die_pitch_column_mm: Annotated[float | None, Form(gt=0, description="Where the file gives none.")] = None,
    diameter_mm: Annotated[float | None, Form(gt=0, description="Where the file gives none.")] = None,
    notch: Annotated[Notch | None, Form(description="Where the file does not say.")] = None,
    segment: Annotated[bool, Form(description="Find patterns on them at once.")] = True,
) -> Answer[TakenInAnswer]:
    """Keep wafers and their original files, find patterns on them, and look for alarms."""
    if (die_pitch_row_mm is None) != (die_pitch_column_mm is None):
        raise RequestError("die_pitch_column_mm", "one of two pitches is given", "Give both, or none.")
    given: dict[str, Any] = {
        "lot": lot,
        "product": product,
        "test_program": test_program,
        "diameter_mm": diameter_mm,
        "notch": notch,
        "die_pitch_mm": None if die_pitch_row_mm is None else (die_pitch_row_mm, die_pitch_column_mm),
    }
    options = ReadOptions(**{name: value for name, value in given.items() if value is not None})
    with tempfile.TemporaryDirectory(prefix="waferscope-api-") as folder:
        return Answer(data=_take_in(on_disk(files, Path(folder)), options, person, segment))


@ROUTER.get("/{key}", summary="One wafer")
@in_turn
def one_wafer(
    key: str,
    person: Acting,
    dies: Annotated[bool, Query(description="With the verdict and bin of each die.")] = False,
    test: Annotated[str, Query(description="Id of one of its tests; empty for the one that lists show.")] = "",
) -> Answer[WaferDetail]:
    """Return what is known of a wafer."""
    lake = stores.lake(person)
    wafer = wafer_by_key(key, person) if not test else _of_test(key, test, person)
    viewed(stores.database(), person, key)
    tests = [
        TestRecord(
            id=one.id,
            step=one.step,
            test_program=one.test_program,
            started_at=one.started_at,
            tested_at=one.tested_at,
            tested_dies=one.tested_count,
            failing_dies=one.fail_count,
            yield_fraction=one.yield_fraction,
            first_yield=one.first_yield,
            retested_dies=one.retested_dies,
            source_name=one.source_name,
            shown=one.shown,
        )
        for one in list_tests(lake, key)
    ]
    return Answer(data=_detail(wafer, tests, dies))


def wafer_by_key(key: str, person: Person) -> WaferMap:
    """Return a wafer of the lake.

    Raises:
        NotFoundError: the lake does not hold it.
    """
    found = stores.lake(person).wafers_by_keys([key]).get(key)
    if found is None:
        raise NotFoundError("key", f"there is no wafer {key[:200]!r}", "Check the lot and wafer name; see /wafers.")
    return found


def _of_test(key: str, test: str, person: Person) -> WaferMap:
    wafer_by_key(key, person)
    try:
        return wafer_of_test(stores.lake(person), key, test)
    except WaferError as error:
        raise NotFoundError("test", error.problem, "See `tests` of the wafer.") from error


def _take_in(paths: list[Path], options: ReadOptions, person: Person, segment: bool) -> TakenInAnswer:
    at = settings()
    sources = Sources(paths, with_rules(options, at))
    keys = list[str]()
    model = stores.segmenter() if segment else None
    pipeline = Pipeline(
        stores.whole_lake(),
        model,
        stores.challenger() if model else None,
        database=stores.database,
        send=deliver_due,
        person=person,
    )
    wafers = (_noted(wafer, keys) for wafer in keeping_originals(sources, stores.blobs()))
    taken = take_in(pipeline, wafers)
    return TakenInAnswer(
        wafers=list(dict.fromkeys(keys)),
        new=taken.new,
        already=taken.already,
        segmented=taken.segmented,
        said=list(taken.said),
        failures=[failure.reason for failure in sources.failures],
        alarms_raised=taken.alarms.raised if taken.alarms else 0,
        problem=taken.problem,
    )


def _noted(wafer: WaferMap, keys: list[str]) -> WaferMap:
    keys.append(wafer.key)
    return wafer


def _row(found: dict[Any, Any]) -> WaferRow:
    told: dict[str, Any] = {str(name): plain(value) for name, value in found.items()}
    return WaferRow(**{**told, "classes_present": told["classes_present"] or []})


def _detail(wafer: WaferMap, tests: list[TestRecord], dies: bool) -> WaferDetail:
    told: dict[str, Any] = dict(identity(wafer))
    return WaferDetail(
        **told,
        diameter_mm=wafer.diameter_mm,
        die_pitch_mm=None if wafer.die_pitch_mm is None else list(wafer.die_pitch_mm),
        center_die=None if wafer.center is None else list(wafer.center),
        notch=str(wafer.notch),
        attributes=dict(wafer.attributes),
        remarks=list(wafer.remarks),
        tests=tests,
        dies=wafer.dies.tolist() if dies else None,
        bins=wafer.bins.tolist() if dies and wafer.bins is not None else None,
    )
