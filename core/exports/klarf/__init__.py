"""KLARF files for review: where an electron microscope or an ion beam should look, in the defects' own classes."""

from datetime import datetime
from typing import Literal

from core.analysis.result import WaferResult
from core.exports.klarf.inspection import inspection_of
from core.exports.klarf.version12 import write_12
from core.exports.klarf.version18 import write_18
from core.exports.review_points import Places
from core.exports.review_table import ReviewTable

__all__ = ["Version", "klarf_text"]

Version = Literal["1.2", "1.8"]


def klarf_text(
    result: WaferResult,
    version: Version,
    made_at: datetime,
    *,
    places: Places = Places.DIES,
    table: ReviewTable | None = None,
) -> str:
    """Write a wafer's defects as a KLARF file; what is not known of the wafer is left out.

    Args:
        result: the analysed wafer.
        version: of the format.
        made_at: when the file is made.
        places: dies of the clusters by the table's sampling plan, or the clusters' centroids.
        table: class numbers and sampling plan, None for the site's.

    Raises:
        ExportError: the wafer's die pitch is not known, so no place on it is.
        SettingError: the site's table holds nonsense.
    """
    inspection = inspection_of(result, places, table or ReviewTable.configured())
    return write_12(inspection, made_at) if version == "1.2" else write_18(inspection, made_at)
