"""A lot to take away: its report, its workbook, and every table as CSV."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

import streamlit as st

from core.exports.names import safe_part
from core.identity import local_person
from core.lake import Lake
from core.lots import Lot
from core.reports import lot_pdf, lot_xlsx
from core.reports.lot_tables import angular_table, radial_table, slot_table, stacked_table, wafers_table
from core.reports.tables import Table, table_csv
from core.reports.workbook import XLSX
from pages.parts.state import chosen_palette


def lot_downloads(lake: Lake, lot: Lot, class_key: str | None) -> None:
    """Offer a lot's files; each is made when it is asked for.

    Args:
        lake: where the lot is.
        lot: the lot.
        class_key: class that profiles and slots are shown for, None for all failing dies.
    """
    palette, name = chosen_palette(), safe_part(lot.lot_id)
    tables = {
        "Wafers CSV": ("wafers", lambda: wafers_table(lot)),
        "Stacked dies CSV": ("stacked", lambda: stacked_table(lot.stack)),
        "Radial profile CSV": ("radial", lambda: radial_table(lot.stack, class_key)),
        "Angular profile CSV": ("angular", lambda: angular_table(lot.stack, class_key)),
        "Slot order CSV": ("slots", lambda: slot_table(lot, class_key)),
    }
    with st.popover("Download"):
        st.download_button(
            "Report PDF",
            data=lambda: lot_pdf(lake, lot, local_person(), datetime.now(UTC), palette),
            file_name=f"{name}.pdf",
            mime="application/pdf",
            help="Maps, profiles and the table of wafers, to print or send.",
            on_click="ignore",
            width="stretch",
        )
        st.download_button(
            "Workbook XLSX",
            data=lambda: lot_xlsx(lake, lot, datetime.now(UTC)),
            file_name=f"{name}.xlsx",
            mime=XLSX,
            help="A sheet each for the lot, wafers, clusters, stacked dies, profiles and slot order.",
            on_click="ignore",
            width="stretch",
        )
        for label, (kind, make) in tables.items():
            st.download_button(
                label,
                data=partial(_csv, make),
                file_name=f"{name}_{kind}.csv",
                mime="text/csv",
                on_click="ignore",
                width="stretch",
            )


def _csv(make: Callable[[], Table]) -> str:
    return table_csv(make())
