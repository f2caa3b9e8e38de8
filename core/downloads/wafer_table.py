"""The table of wafers on its way out as CSV."""

from core.exports.cells import plain
from core.exports.frames import utc_headings
from core.lake import Lake, WaferFilter

NAMED_BY_FILES = ("lot_id", "wafer_id", "product", "test_program", "source_name", "model")


def page_csv(lake: Lake, where: WaferFilter, sort: str) -> str:
    """Write every wafer of a filter, in the table's columns and order, as CSV; classes parted by spaces, times in UTC.

    Raises:
        LakeError: the table cannot be sorted like that.
    """
    table = lake.wafers_page(where, sort, limit=max(1, lake.count(where)))
    table["classes_present"] = [" ".join(keys) if keys is not None else "" for keys in table["classes_present"]]
    for name in NAMED_BY_FILES:
        table[name] = table[name].map(plain)
    text: str = table.rename(columns=utc_headings(table)).to_csv(index=False, lineterminator="\n")
    return text
