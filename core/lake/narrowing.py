"""The wafers of some products alone: who may see no others is answered from views that hold nothing of them.

Views of the tables' names stand on the connection of one question only, before those of everybody, so that no query can
reach past them by forgetting a condition.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

QUOTE = "'"
_OF_STEP = ("wafers", "dies", "segmentations", "instances")
"""Views that a chosen step has put up already, of these products."""
_OTHERS = ("embeddings", "evaluations", "test_rows", "test_dies", "earlier_segmentations", "earlier_instances")


@dataclass(frozen=True)
class Sight:
    """What of the lake somebody sees.

    Args:
        step: of each wafer its newest test of this step counts; "" for the newest test of all.
        products: names of the products whose wafers are there, None for all.
    """

    step: str = ""
    products: tuple[str, ...] | None = None


EVERYTHING = Sight()


def of_products(products: Sequence[str] | None) -> str:
    """Return the SQL condition on a row of wafers that it is of one of some products, of any where that is None.

    Example:
        >>> of_products(["P1", "O'Hara"])
        "product IN ('P1', 'O''Hara')"
    """
    if products is None:
        return "true"
    named = ", ".join(f"'{product.replace(QUOTE, QUOTE * 2)}'" for product in products)
    return f"product IN ({named})" if named else "false"


def narrow(cursor: duckdb.DuckDBPyConnection, products: Sequence[str], *, step: bool) -> None:
    """Let a connection see the wafers of some products, and nothing of any other in any view.

    Args:
        cursor: a connection of its own.
        products: names of the products; none for no wafer at all.
        step: whether the views of a chosen step are there already.
    """
    if not step:
        cursor.execute(
            f"CREATE TEMP VIEW wafers AS SELECT *, rowid FROM memory.main.wafers WHERE {of_products(products)}"
        )
    keys = f"SELECT key FROM memory.main.wafers WHERE {of_products(products)}"
    for name in _OTHERS if step else (*_OF_STEP[1:], *_OTHERS):
        cursor.execute(f"CREATE TEMP VIEW {name} AS FROM memory.main.{name} WHERE key IN ({keys})")
