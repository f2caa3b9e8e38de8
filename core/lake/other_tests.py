"""Tests of other steps than the one that lists show, kept in memory beside the table of wafers.

`other_tests` holds of each wafer the newest test of every other step, with what was found on its dies; it is empty
where wafers have one step. Who asks with a step chosen is answered from views of the tables' names that only his
connection has: of each wafer they show the newest test of that step, in `dies`, `segmentations` and `instances` too.
"""

from collections.abc import Mapping, Sequence

import duckdb

from core.lake.narrowing import of_products
from core.lake.schema import MEASURE_COLUMNS, TABLES, WAFER_COLUMNS

QUOTE = "'"

_WAFERS = ", ".join(name for name, _ in WAFER_COLUMNS)
_MEASURES = ", ".join(("key", "sequence", "dies_hash", *(name for name, _ in MEASURE_COLUMNS)))
_OTHER_STEP = "n.key = o.key AND coalesce(n.step, '') != coalesce(o.step, '')"
_NEWEST_OF_STEP = "QUALIFY row_number() OVER (PARTITION BY o.key, coalesce(o.step, '') ORDER BY o.sequence DESC) = 1"

_ARRIVE = f"""
    CREATE OR REPLACE TEMP TABLE arrived_others AS SELECT {", ".join(f"o.{name}" for name, _ in WAFER_COLUMNS)}
    FROM ({{source}}) AS o JOIN arrived_wafers AS n ON {_OTHER_STEP} {_NEWEST_OF_STEP}
"""
_MERGE = f"""
    CREATE OR REPLACE TEMP TABLE newest_others AS SELECT o.* FROM (
        SELECT {_WAFERS} FROM arrived_others UNION ALL SELECT {_WAFERS} FROM arrived_wafers
        UNION ALL SELECT {_WAFERS} FROM wafers WHERE {{affected}}
        UNION ALL SELECT {_WAFERS} FROM other_tests WHERE {{affected}}
    ) AS o JOIN newest_wafers AS n ON {_OTHER_STEP} {_NEWEST_OF_STEP}
"""
_ANSWERS = f"""
    CREATE OR REPLACE TEMP TABLE arrived_answers AS SELECT {_MEASURES}
    FROM (FROM ({{segmentations}}) UNION ALL BY NAME FROM ({{earlier_segmentations}})) AS a
    SEMI JOIN newest_others AS o ON o.key = a.key AND o.dies_hash = a.dies_hash
    QUALIFY row_number() OVER (PARTITION BY key, dies_hash ORDER BY sequence DESC) = 1
"""
_WITHOUT_DIES = """
    DELETE FROM other_tests WHERE (key, sequence) NOT IN (SELECT (key, sequence) FROM ({dies}))
"""
_HALF = f"""
    UPDATE other_tests SET segmentation_sequence = NULL, {", ".join(f"{name} = NULL" for name, _ in MEASURE_COLUMNS)}
    WHERE segmentation_sequence IS NOT NULL AND ((key, segmentation_sequence) NOT IN (
        SELECT (key, sequence) FROM ({{segmentations}})
        UNION ALL SELECT (key, sequence) FROM ({{earlier_segmentations}})
    ) OR cluster_count > (SELECT count(DISTINCT number) FROM (
        SELECT key, sequence, number FROM ({{instances}})
        UNION ALL SELECT key, sequence, number FROM ({{earlier_instances}})
    ) AS i WHERE i.key = other_tests.key AND i.sequence = other_tests.segmentation_sequence))
"""
_DROP = tuple(
    f"DROP TABLE IF EXISTS {name}" for name in ("arrived_others", "newest_others", "arrived_beside", "arrived_answers")
)

_VIEWS = {
    "wafers": """
    SELECT *, rowid FROM memory.main.wafers WHERE step = {step} AND {products}
    UNION ALL SELECT *, -1 - rowid AS rowid FROM memory.main.other_tests WHERE step = {step} AND {products}
    """,
    "dies": """
    SELECT r.* FROM memory.main.test_dies AS r
    SEMI JOIN temp.main.wafers AS w ON w.key = r.key AND w.sequence = r.sequence
    """,
    **{
        name: f"""
    SELECT {", ".join(f"r.{column}" for column, _ in TABLES[name].columns)} FROM (
        FROM ({{{name}}}) UNION ALL BY NAME
        FROM ({{earlier_{name}}}) AS e
        ANTI JOIN (SELECT key, sequence FROM ({{{name}}})) AS n ON n.key = e.key AND n.sequence = e.sequence
    ) AS r SEMI JOIN temp.main.wafers AS w ON w.key = r.key AND w.segmentation_sequence = r.sequence
    """
        for name in ("segmentations", "instances")
    },
}
"""By the names of the tables that they stand for. `rowid` tells rows apart, as that of the table does. A merge under
way has rows both where they go to and where they come from: these count once."""


def arrive(cursor: duckdb.DuckDBPyConnection, sources: Mapping[str, str]) -> None:
    """Find the tests of other steps in new parts, beside those in `arrived_wafers`.

    Args:
        cursor: of the lake's database.
        sources: SQL of the rows of the new parts of `wafers` and `earlier_segmentations`.
    """
    counts = f"SELECT (SELECT count(*) FROM ({sources['wafers']})) > (SELECT count(*) FROM arrived_wafers)"
    several = cursor.execute(counts).fetchall()[0][0]  # where each wafer has one row no join needs to say so
    cursor.execute(_ARRIVE.format(source=sources["wafers"] if several else "FROM no_wafers"))
    beside = f"SELECT DISTINCT key FROM ({sources['earlier_segmentations']}) SEMI JOIN other_tests USING (key)"
    cursor.execute(f"CREATE OR REPLACE TEMP TABLE arrived_beside AS {beside}")


def merge(cursor: duckdb.DuckDBPyConnection, affected: str, *, first: bool) -> None:
    """Weigh the tests that arrived against those in memory, before the rows of the wafers affected are taken out.

    Args:
        cursor: of the lake's database.
        affected: SQL condition on the wafers of which something arrived.
        first: whether there is nothing in memory yet.
    """
    cursor.execute("ALTER TABLE arrived_others RENAME TO newest_others" if first else _MERGE.format(affected=affected))
    if not first:
        cursor.execute(f"DELETE FROM other_tests WHERE {affected}")


def fill(cursor: duckdb.DuckDBPyConnection, joined: str, sources: Mapping[str, str]) -> bool:
    """Put the newest tests of other steps in memory, each with the newest of what was found on its dies.

    Args:
        cursor: of the lake's database.
        joined: SQL of wafers with their measures, given the names of the two.
        sources: SQL of all rows of each table.

    Returns:
        Whether a wafer has tests of several steps.
    """
    if cursor.execute("FROM newest_others LIMIT 1").fetchall():
        cursor.execute(_ANSWERS.format_map(sources))
        cursor.execute(f"INSERT INTO other_tests {joined.format(wafers='newest_others', measures='arrived_answers')}")
    for statement in _DROP:
        cursor.execute(statement)
    return bool(cursor.execute("FROM other_tests LIMIT 1").fetchall())


def leave_out_incomplete(cursor: duckdb.DuckDBPyConnection, sources: Mapping[str, str]) -> None:
    """Take tests without dies out of memory, and results without all of their clusters and masks.

    Args:
        cursor: of the lake's database.
        sources: SQL of all rows of each table.
    """
    cursor.execute(_WITHOUT_DIES.format_map(sources))
    cursor.execute(_HALF.format_map(sources))


def choose_step(
    cursor: duckdb.DuckDBPyConnection, step: str, products: Sequence[str] | None, sources: Mapping[str, str]
) -> None:
    """Let a connection see of each wafer the newest test of a step, and no wafer without one.

    Args:
        cursor: a connection of its own.
        step: insertion or inspection step.
        products: of these products alone, None for all.
        sources: SQL of all rows of each table.
    """
    literal = f"'{step.replace(QUOTE, QUOTE * 2)}'"
    given = {**sources, "step": literal, "products": of_products(products)}
    for name, sql in _VIEWS.items():
        cursor.execute(f"CREATE TEMP VIEW {name} AS {sql.format_map(given)}")
