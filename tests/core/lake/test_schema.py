from dataclasses import fields

import pytest

from core.instances import Instance
from core.lake.result_rows import COLUMN_OF, instance_row, segmentation_row
from core.lake.rows import dies_row, wafer_row
from core.lake.schema import DETAIL_COLUMNS, INSTANCE_MEASURES, INSTANCE_PARTS, MEASURE_COLUMNS, TABLES, WAFER_COLUMNS
from core.severity import Severity
from tests.core.lake_examples import drawn, found_on

RESULT = found_on(drawn(0), "edge", "random")
ROWS = {
    "wafers": wafer_row(RESULT.wafer, 1),
    "dies": dies_row(RESULT.wafer, 1),
    "segmentations": segmentation_row(RESULT, 1, 0.5),
    "instances": instance_row(RESULT.wafer.key, RESULT.instances[0], 1),
}
EVERY_TABLE = pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)


@pytest.mark.parametrize("name", ROWS)
def test_a_row_fills_every_column_of_its_table_and_no_other(name):
    assert set(ROWS[name]) == set(TABLES[name].schema.names)


@EVERY_TABLE
def test_a_column_is_there_once_and_every_row_names_what_it_is_about_and_when_it_was_appended(table):
    names = table.schema.names
    assert len(names) == len(set(names))
    assert {*table.keys, *table.order, "sequence"} <= set(names)
    assert not table.member or table.member in names


@EVERY_TABLE
def test_a_row_that_belongs_to_another_finds_it_by_the_keys_of_both(table):
    parent = TABLES[table.parent]
    assert parent.parent == parent.name
    assert set(parent.keys) <= set(table.keys)


def test_parents_are_listed_before_their_children():
    order = list(TABLES)
    assert all(order.index(table.parent) <= order.index(name) for name, table in TABLES.items())


def test_every_measure_of_severity_and_of_a_cluster_has_its_column():
    measures = {name for name, _ in (*MEASURE_COLUMNS, *DETAIL_COLUMNS)}
    assert {COLUMN_OF.get(field.name, field.name) for field in fields(Severity)} - {
        "fail_share"
    } <= measures  # of the wafer
    columns = {"class_key", "number", "dies", "polygon_die", *INSTANCE_PARTS, *(name for name, _ in INSTANCE_MEASURES)}
    assert columns == {field.name for field in fields(Instance)}


@pytest.mark.parametrize("field", INSTANCE_PARTS)
def test_each_member_of_a_clusters_places_has_its_column(field):
    assert len(INSTANCE_PARTS[field]) == len(getattr(RESULT.instances[0], field))


def test_what_is_shown_of_wafers_and_of_their_segmentation_has_no_name_in_common():
    assert not {name for name, _ in WAFER_COLUMNS} & {name for name, _ in MEASURE_COLUMNS}


@EVERY_TABLE
def test_every_time_is_kept_without_a_zone(table):
    assert all(getattr(column.type, "tz", None) is None for column in table.schema)
