"""A lot to take away: its report, its workbook, and every table as CSV."""

from collections.abc import Callable
from functools import partial

import streamlit as st

from core.exports.names import safe_part
from core.lake import Lake
from core.lots.lot import Lot
from core.reports.lot_tables import angular_table, radial_table, results_of, slot_table, stacked_table, wafers_table
from core.reports.table import Table, table_csv
from pages.parts.blocks.exports import archive_menu, lot_files


def lot_downloads(lake: Lake, lot: Lot, class_key: str | None) -> None:
    """Offer a lot's files; each is made when it is asked for.

    Args:
        lake: where the lot is.
        lot: the lot.
        class_key: class that profiles and slots are shown for, None for all failing dies.
    """
    name = safe_part(lot.lot_id)
    tables = {
        "Wafers CSV": ("wafers", lambda: wafers_table(lot)),
        "Stacked dies CSV": ("stacked", lambda: stacked_table(lot.stack)),
        "Radial profile CSV": ("radial", lambda: radial_table(lot.stack, class_key)),
        "Angular profile CSV": ("angular", lambda: angular_table(lot.stack, class_key)),
        "Slot order CSV": ("slots", lambda: slot_table(lot, class_key)),
    }
    with st.popover("Download"):
        lot_files(lake, lot.lot_id)
        for label, (kind, make) in tables.items():
            st.download_button(
                label,
                data=partial(_csv, make),
                file_name=f"{name}_{kind}.csv",
                mime="text/csv",
                on_click="ignore",
                width="stretch",
            )
    keys = list(lot.wafers["key"])
    archive_menu(lambda: results_of(lake, keys), len(keys), name, key="lot-export")


def _csv(make: Callable[[], Table]) -> str:
    return table_csv(make())
