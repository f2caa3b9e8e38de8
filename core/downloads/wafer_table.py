"""The table of wafers on its way out as CSV."""

from core.exports.frames import frame_csv
from core.lake import Lake, WaferFilter


def page_csv(lake: Lake, where: WaferFilter, sort: str) -> str:
    """Write every wafer of a filter, in the table's columns and order, as CSV; classes parted by spaces.

    Raises:
        LakeError: the table cannot be sorted like that.
    """
    table = lake.wafers_page(where, sort, limit=max(1, lake.count(where)))
    table["classes_present"] = [" ".join(keys) if keys is not None else "" for keys in table["classes_present"]]
    return frame_csv(table)
