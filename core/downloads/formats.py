"""The one list of what can be taken away of a wafer, a lot or a period, and the table of wafers as CSV.

Pages and jobs offer these and no others.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import TypeVar

from core.analysis.result import WaferResult
from core.drawing.palette import Palette, Theme
from core.exports import instances_csv, mask_png, overlay_png, result_json, wafers_csv
from core.exports.cells import encoded_csv
from core.exports.die_table import dies_csv
from core.exports.frames import frame_csv
from core.exports.klarf import klarf_text
from core.exports.review_points import Places
from core.exports.semi_maps import e142_xml, g85_xml
from core.exports.svg import overlay_svg
from core.identity import Person
from core.lake import Lake, WaferFilter
from core.lots.lot import open_lot
from core.people.roles import Permission, permit
from core.reports import lot_pdf, lot_xlsx, period_pdf, wafer_pdf, wafer_xlsx
from core.reports.workbook import XLSX
from core.settings import settings

PNG, PDF, JSON, CSV, XML, TEXT = (
    "image/png",
    "application/pdf",
    "application/json",
    "text/csv",
    "application/xml",
    "text/plain",
)


class FormatKey(StrEnum):
    """A format in flags and folders."""

    PNG = "png"
    SVG = "svg"
    MASK = "mask"
    JSON = "json"
    PDF = "pdf"
    XLSX = "xlsx"
    KLARF18 = "klarf18"
    KLARF12 = "klarf12"
    G85 = "g85"
    E142 = "e142"
    G85_APART = "g85-apart"
    E142_MAPS = "e142-maps"
    WAFERS = "wafers"
    CLUSTERS = "clusters"
    DIES = "dies"
    LOT_PDF = "lot-pdf"
    LOT_XLSX = "lot-xlsx"
    PERIOD_PDF = "period-pdf"


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class ExportStyle:
    """What files depend on beside what they show.

    Args:
        person: who takes them away.
        palette: the class colours.
        theme: of pictures.
        places: what becomes a defect in a KLARF file.
        bom: CSV begins with the mark by which Excel knows UTF-8.
        made_at: when.

    Raises:
        NotAllowedError: the person may not.
    """

    person: Person
    palette: Palette = Palette.STANDARD
    theme: Theme = Theme.LIGHT
    places: Places = Places.DIES
    bom: bool = field(default_factory=lambda: settings().csv_bom)
    made_at: datetime = field(default_factory=_now)

    def __post_init__(self) -> None:
        """Refuse whoever may not take data away."""
        permit(self.person, Permission.EXPORT_WRITE)


@dataclass(frozen=True)
class Format:
    """How a format is called.

    Args:
        key: in flags and folders.
        label: on a button.
        ending: of its files' names.
        mime: type of its content.
        help: what is in it.
    """

    key: FormatKey
    label: str
    ending: str
    mime: str
    help: str


@dataclass(frozen=True)
class WaferFormat(Format):
    """A file of one wafer.

    Args:
        make: gives the file's content.
        one_table: many wafers share one table.
        needs_pitch: a wafer whose die pitch is not known has no such file.
    """

    make: Callable[[WaferResult, ExportStyle], bytes]
    one_table: bool = False
    needs_pitch: bool = False


@dataclass(frozen=True)
class LotFormat(Format):
    """A file of one lot, by its name."""

    make: Callable[[Lake, str, ExportStyle], bytes]


@dataclass(frozen=True)
class PeriodFormat(Format):
    """A file of all wafers that a filter lets through."""

    make: Callable[[Lake, WaferFilter, ExportStyle], bytes]


WAFER_FORMATS = (
    WaferFormat(FormatKey.PNG, "Overlay PNG", ".png", PNG, "The map in colour.",
                lambda result, style: overlay_png(result, style.palette, style.theme)),
    WaferFormat(FormatKey.SVG, "Overlay SVG", ".svg", "image/svg+xml", "The map in colour, sharp at any size.",
                lambda result, style: overlay_svg(result, style.palette, style.theme).encode()),
    WaferFormat(FormatKey.MASK, "Mask PNG", "_mask.png", PNG, "A pixel a die, a bit a class.",
                lambda result, _: mask_png(result)),
    WaferFormat(FormatKey.JSON, "JSON", ".json", JSON, "Clusters with coordinates.",
                lambda result, _: result_json(result).encode()),
    WaferFormat(FormatKey.PDF, "Report PDF", ".pdf", PDF, "Map, severity, clusters and history, to print or send.",
                lambda result, style: wafer_pdf(result, style.person, style.made_at, style.palette)),
    WaferFormat(FormatKey.XLSX, "Workbook XLSX", ".xlsx", XLSX, "A sheet each for wafer, clusters, failing dies.",
                lambda result, style: wafer_xlsx(result, style.made_at), one_table=True),
    WaferFormat(FormatKey.KLARF18, "KLARF 1.8", "_18.klarf", TEXT, "Places for SEM or FIB review, by a sampling plan.",
                lambda result, style: klarf_text(result, "1.8", style.made_at, places=style.places).encode(),
                needs_pitch=True),
    WaferFormat(FormatKey.KLARF12, "KLARF 1.2", "_12.klarf", TEXT, "The same for tools that read the older version.",
                lambda result, style: klarf_text(result, "1.2", style.made_at, places=style.places).encode(),
                needs_pitch=True),
    WaferFormat(FormatKey.G85, "SEMI G85 map", "_g85.xml", XML, "Defect classes as bins.",
                lambda result, _: g85_xml(result)),
    WaferFormat(FormatKey.E142, "SEMI E142 map", "_e142.xml", XML, "Defect classes as bins.",
                lambda result, _: e142_xml(result)),
    WaferFormat(FormatKey.G85_APART, "SEMI G85, codes apart", "_g85_apart.xml", XML,
                "For readers that expect the map within Maps and blanks between codes.",
                lambda result, _: g85_xml(result, apart=True)),
    WaferFormat(FormatKey.E142_MAPS, "SEMI E142, every map", "_e142_maps.xml", XML,
                "A map for each class and the tester's bins too.", lambda result, _: e142_xml(result, every_map=True)),
    WaferFormat(FormatKey.WAFERS, "Wafer CSV", "_wafer.csv", CSV, "A row a wafer: severity and its measures.",
                lambda result, style: encoded_csv(wafers_csv([result]), bom=style.bom), one_table=True),
    WaferFormat(FormatKey.CLUSTERS, "Clusters CSV", "_clusters.csv", CSV, "A row a cluster.",
                lambda result, style: encoded_csv(instances_csv([result]), bom=style.bom), one_table=True),
    WaferFormat(FormatKey.DIES, "Dies CSV", "_dies.csv", CSV, "A row a tested die: x, y, classes; to join with STDF.",
                lambda result, style: encoded_csv(dies_csv([result]), bom=style.bom), one_table=True),
)  # fmt: skip
LOT_FORMATS = (
    LotFormat(FormatKey.LOT_PDF, "Report PDF", ".pdf", PDF, "Maps, profiles and the table of wafers, to print or send.",
              lambda lake, lot, style: lot_pdf(lake, open_lot(lake, lot), style.person, style.made_at, style.palette)),
    LotFormat(FormatKey.LOT_XLSX, "Workbook XLSX", ".xlsx", XLSX,
              "A sheet each for the lot, wafers, clusters, dies, stacked dies, profiles and slot order.",
              lambda lake, lot, style: lot_xlsx(lake, open_lot(lake, lot), style.made_at)),
)  # fmt: skip
PERIOD_FORMATS = (
    PeriodFormat(FormatKey.PERIOD_PDF, "Period report PDF", ".pdf", PDF,
                 "Trends with limits, what changed, classes, weeks, lots and the most severe wafers.",
                 lambda lake, where, style: period_pdf(lake, where, style.person, style.made_at, style.palette)),
)  # fmt: skip

AnyFormat = TypeVar("AnyFormat", bound=Format)


def chosen(formats: Sequence[AnyFormat], keys: Sequence[FormatKey]) -> list[AnyFormat]:
    """Return the formats of some keys, in the list's order; keys of other lists are passed over.

    Example:
        >>> [one.label for one in chosen(WAFER_FORMATS, [FormatKey.E142, FormatKey.LOT_PDF])]
        ['SEMI E142 map']
    """
    return [one for one in formats if one.key in keys]


def page_csv(lake: Lake, where: WaferFilter, sort: str) -> str:
    """Write every wafer of a filter, in the table's columns and order, as CSV; classes parted by spaces.

    Raises:
        LakeError: the table cannot be sorted like that.
    """
    table = lake.wafers_page(where, sort, limit=max(1, lake.count(where)))
    table["classes_present"] = [" ".join(keys) if keys is not None else "" for keys in table["classes_present"]]
    return frame_csv(table)
