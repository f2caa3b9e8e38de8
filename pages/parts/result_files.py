"""A wafer's result as files to take away."""

from datetime import UTC, datetime

import streamlit as st

from core.analysis import WaferResult
from core.exports import instances_csv, mask_png, overlay_png, result_json
from core.identity import local_person
from core.reports import wafer_pdf, wafer_xlsx
from core.reports.workbook import XLSX
from pages.parts.state import chosen_palette, current_theme


def download_menu(result: WaferResult) -> None:
    """Offer one wafer as picture, mask, record, reports and table; each is made when it is asked for."""
    palette, theme = chosen_palette(), current_theme()
    name = result.wafer.key.replace(":", "_").replace("/", "_")
    with st.popover("Download"):
        for label, file_name, mime, make, words in (
            (
                "Overlay PNG",
                f"{name}.png",
                "image/png",
                lambda: overlay_png(result, palette, theme),
                "The map in colour.",
            ),
            ("Mask PNG", f"{name}_mask.png", "image/png", lambda: mask_png(result), "A pixel a die, a bit a class."),
            ("JSON", f"{name}.json", "application/json", lambda: result_json(result), "Clusters with coordinates."),
            (
                "Report PDF",
                f"{name}.pdf",
                "application/pdf",
                lambda: wafer_pdf(result, local_person(), datetime.now(UTC), palette),
                "Map, severity, clusters and history, to print or send.",
            ),
            (
                "Workbook XLSX",
                f"{name}.xlsx",
                XLSX,
                lambda: wafer_xlsx(result, datetime.now(UTC)),
                "A sheet each for the wafer, its clusters and its failing dies.",
            ),
            ("Clusters CSV", f"{name}_clusters.csv", "text/csv", lambda: instances_csv([result]), "A row a cluster."),
        ):
            st.download_button(
                label, data=make, file_name=file_name, mime=mime, help=words, on_click="ignore", width="stretch"
            )
