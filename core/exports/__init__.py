"""Results on their way out: pictures, masks, JSON, CSV, and all of a run as one folder or one archive."""

from core.exports.images import mask_png, overlay_png, read_mask_png
from core.exports.records import coordinates_json, result_json
from core.exports.result_csv import INSTANCE_COLUMNS, WAFER_COLUMNS, instance_rows, instances_csv, wafer_row, wafers_csv
from core.exports.writer import OverlayStyle, ResultWriter, results_zip

__all__ = [
    "INSTANCE_COLUMNS",
    "WAFER_COLUMNS",
    "OverlayStyle",
    "ResultWriter",
    "coordinates_json",
    "instance_rows",
    "instances_csv",
    "mask_png",
    "overlay_png",
    "read_mask_png",
    "result_json",
    "results_zip",
    "wafer_row",
    "wafers_csv",
]
