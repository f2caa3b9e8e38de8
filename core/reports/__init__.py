"""Reports to hand on: PDF to read and print, XLSX to work with. Built of blocks and tables that every report shares."""

from core.reports.lot_report import lot_pdf, lot_xlsx
from core.reports.period_report import period_pdf
from core.reports.wafer_report import wafer_pdf, wafer_xlsx

__all__ = ["lot_pdf", "lot_xlsx", "period_pdf", "wafer_pdf", "wafer_xlsx"]
