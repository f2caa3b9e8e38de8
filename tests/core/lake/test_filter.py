import uuid
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.lake import Lake, WaferFilter
from core.lake.filter import PAGE_COLUMNS, SORT_COLUMNS
from core.lake.schema import ZONES
from data.classes import CLASS_KEYS
from data.errors import LakeError
from tests.core.lake_examples import PRODUCTS, START, drawn, found_on

COUNT = 60


def classes_of(number: int) -> tuple[str, ...]:
    return tuple(key for k, key in enumerate(CLASS_KEYS) if (number * 37 + 11) >> k & 1)


WAFERS = [drawn(n, tested_at=None if n % 10 == 9 else START + timedelta(hours=n)) for n in range(COUNT)]
RESULTS = {w.key: found_on(w, *classes_of(n)) for n, w in enumerate(WAFERS) if n % 4}


@pytest.fixture(scope="module")
def lake() -> Lake:
    lake = Lake(f"memory://{uuid.uuid4().hex}")
    lake.append_wafers(WAFERS)
    lake.append_results(RESULTS.values())
    return lake


def passes(where: WaferFilter, wafer) -> bool:
    """The filter in plain Python, independent of any SQL."""
    result = RESULTS.get(wafer.key)
    score = result.severity.score if result else None
    said = [wafer.key, wafer.product, wafer.test_program, wafer.source_name]
    tested = wafer.tested_at.replace(tzinfo=None) if wafer.tested_at else None
    return all(
        (
            not where.product or wafer.product in where.product,
            not where.lot or wafer.lot_id in where.lot,
            where.since is None or (tested is not None and tested >= where.since),
            where.until is None or (tested is not None and tested < where.until),
            tested is None or not where.undated,
            not where.defect_class
            or (result is not None and bool(set(where.defect_class) & set(result.segmentation.classes_present))),
            where.severity_min is None or (score is not None and score >= where.severity_min),
            where.severity_max is None or (score is not None and score <= where.severity_max),
            not where.attribute or all(entry in steps(wafer) for entry in where.attribute),
            not where.zone or (result is not None and any(lies_in(i, where) for i in result.instances)),
            not where.text or any(where.text.lower() in text.lower() for text in said),
        )
    )


def steps(wafer) -> set[str]:
    return {f"{name}={value}" for name, value in (*wafer.attributes.items(), ("test_program", wafer.test_program))}


def lies_in(instance, where: WaferFilter) -> bool:
    return instance.zone in where.zone and (not where.defect_class or instance.class_key in where.defect_class)


def some(values) -> st.SearchStrategy:
    return st.lists(st.sampled_from(values), max_size=2, unique=True).map(tuple)


moments = st.none() | st.integers(-5, COUNT + 5).map(lambda h: datetime(2026, 3, 1) + timedelta(hours=h))
filters = st.builds(
    WaferFilter,
    product=some([*PRODUCTS, "NO'; DROP TABLE wafers; --"]),
    lot=some(["LOT000", "LOT001", "LOT002", "lot000"]),
    since=moments,
    until=moments,
    defect_class=some(CLASS_KEYS),
    severity_min=st.none() | st.floats(0, 40),
    severity_max=st.none() | st.floats(0, 100),
    zone=some(ZONES),
    attribute=some(["cmp_tool=CMP1", "cmp_tool=CMP2", "test_program=prog_1", "slot=3", "'=1", "cmp_tool"]),
    undated=st.booleans(),
    text=st.sampled_from(["", "", "lot000", "W01", "PROG_1", "_1", "file_5", "%", "'", "tc3"]),
)


@pytest.mark.slow
@given(where=filters)
def test_count_and_page_hold_exactly_the_wafers_that_pass(lake, where):
    expected = {wafer.key for wafer in WAFERS if passes(where, wafer)}
    assert lake.count(where) == len(expected)
    assert set(lake.wafers_page(where, limit=COUNT)["key"]) == expected


@pytest.mark.slow
@pytest.mark.parametrize("column", SORT_COLUMNS)
@pytest.mark.parametrize("sign", ["", "-"])
def test_pages_put_together_are_the_whole_table_in_order(lake, column, sign):
    pages = [lake.wafers_page(WaferFilter(), sign + column, offset, 7) for offset in range(0, COUNT, 7)]
    assert [len(page) for page in pages] == [7] * 8 + [4]
    keys = [key for page in pages for key in page["key"]]
    assert len(set(keys)) == COUNT
    values = [value for page in pages for value in page[column].dropna()]
    assert values == sorted(values, reverse=bool(sign))
    known = [known for page in pages for known in page[column].notna()]
    assert known == sorted(known, reverse=True)  # what is not known comes last, whichever the direction


def test_a_page_has_the_promised_columns_and_the_newest_first(lake):
    page = lake.wafers_page()
    assert tuple(page.columns) == PAGE_COLUMNS
    assert page["key"][0] == max((w for w in WAFERS if w.tested_at), key=lambda w: w.tested_at).key


def test_only_known_columns_sort_and_fill_widgets(lake):
    with pytest.raises(LakeError, match="there is no column 'key; DROP TABLE wafers'"):
        lake.wafers_page(sort="key; DROP TABLE wafers")
    with pytest.raises(LakeError, match="there is no column 'source_sha256'"):
        lake.distinct("source_sha256")


def test_values_never_stand_in_the_sql():
    where = WaferFilter(
        product="x1", lot="x2", since=START, until=START, defect_class="x3", severity_min=1, severity_max=2, text="x4"
    )
    sql, parameters = where.where()
    assert sql.count("?") == len(parameters) == 8
    assert "x" not in sql.replace("text", "")


def test_a_single_name_is_a_name_and_not_its_letters():
    assert WaferFilter(product="TC38").where() == WaferFilter(product=("TC38",)).where()


def test_distinct_values_are_sorted_and_hold_no_empty_ones(lake):
    assert lake.distinct("product") == sorted(PRODUCTS)
    assert lake.distinct("lot_id") == ["LOT000", "LOT001", "LOT002"]
    assert lake.distinct("model") == ["model@1"]
