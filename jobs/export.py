"""Write results of the lake as files that other systems read: KLARF, SEMI maps, tables, pictures, reports."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from core.database import AppDatabase
from core.downloads.folder import ExportFolder
from core.downloads.formats import LOT_FORMATS, PERIOD_FORMATS, WAFER_FORMATS, ExportStyle, FormatKey, chosen
from core.drawing.palette import Palette
from core.exports.review_points import Places
from core.identity import local_person
from core.lake import Lake, WaferFilter
from core.lake.batches import batches
from core.people.accesses import exported
from core.settings import Settings, settings
from core.trends.overview import start_of
from data.errors import SettingError
from jobs.command import command
from jobs.progress import ProgressLine

RESULTS_AT_ONCE = 25


@dataclass(frozen=True)
class ExportConfig:
    """Write results of the lake as files: KLARF, SEMI maps, tables, pictures, and reports of wafers, lots, a period."""

    keys: tuple[str, ...]  # wafers as LOT:WAFER; none: those that the filters below let through
    out: Path  # folder for the files
    formats: tuple[FormatKey, ...] = (FormatKey.JSON,)  # files to write
    product: tuple[str, ...] = ()  # of one of these products
    lot: tuple[str, ...] = ()  # of one of these lots
    since: str = ""  # tested on this day or later, YYYY-MM-DD (UTC)
    until: str = ""  # tested on this day or earlier, YYYY-MM-DD (UTC)
    defect_class: tuple[str, ...] = ()  # at least one of these classes was found
    zone: tuple[str, ...] = ()  # a cluster lies in one of these zones: center, middle, edge
    severity_min: float | None = None  # severity of at least this, 0 to 100
    severity_max: float | None = None  # severity of at most this
    attribute: tuple[
        str, ...
    ] = ()  # steps of the process history, litho_tool=LITHO-2; step=ST1: the tests of that step
    text: str = ""  # part of the lot, wafer, product, test program or file name
    places: Places = Places.DIES  # what becomes a defect in KLARF: sampled dies or centroids of clusters
    color_safe: bool = False  # pictures and reports in the palette that colour-blind people can tell apart
    bom: bool = False  # CSV files begin with the mark by which Excel knows UTF-8; also by WAFERSCOPE_CSV_BOM
    home: Path | None = None  # workspace folder; empty: as WAFERSCOPE_HOME says


@command(ExportConfig)
def main(config: ExportConfig) -> int:
    """Run the job.

    Returns:
        0, or 1 when something was refused, no wafer was found, or the job could not run.
    """
    return _run(config, settings().at(config.home))


def _run(config: ExportConfig, at: Settings) -> int:
    lake, where = Lake(at.lake_url), _filter(config)
    filtered = where != WaferFilter()
    period = chosen(PERIOD_FORMATS, config.formats)
    if config.keys and (filtered or period):
        raise SettingError("command line", "expected keys or filters, found both", "A period is chosen by filters.")
    wafers = _wafers(lake, config.keys, where)
    if not wafers:
        raise SettingError("command line", "no wafer of the lake passes the filters", "Widen them.")
    lake = lake.seen_by(where)
    palette, bom = Palette.SAFE if config.color_safe else Palette.STANDARD, config.bom or at.csv_bom
    style = ExportStyle(local_person(), palette, places=config.places, bom=bom)
    said = {"formats": list(config.formats), "wafers": len(wafers)}
    exported(AppDatabase(at.database_place), style.person, f"folder {config.out.name}", said)
    with ExportFolder(config.out, config.formats, style) as export:
        if chosen(WAFER_FORMATS, config.formats):
            _export_wafers(lake, list(wafers), export)
        if chosen(LOT_FORMATS, config.formats):
            _export_lots(lake, list(dict.fromkeys(wafers.values())), export)
        if period:
            export.add_period(lake, where)
            print(f"reported on the period's {len(wafers):,} wafers")
    print(f"written: {', '.join(f'{count:,} {key}' for key, count in export.written.items())}")
    for sentence in _refusals(export.refused):
        print(sentence, file=sys.stderr)
    return 1 if export.refused else 0


def _export_wafers(lake: Lake, keys: Sequence[str], export: ExportFolder) -> None:
    done = 0
    with ProgressLine("went through", len(keys)) as progress:
        for chunk in batches(keys, RESULTS_AT_ONCE):
            results = lake.results_by_keys(chunk)
            for key in chunk:
                if key in results:
                    export.add(results[key])
                else:
                    export.leave_out(key)
                done += 1
                progress.update(done)


def _export_lots(lake: Lake, lots: Sequence[str], export: ExportFolder) -> None:
    with ProgressLine("went through", len(lots), noun="lots") as progress:
        for done, lot_id in enumerate(lots, start=1):
            export.add_lot(lake, lot_id)
            progress.update(done)


def _refusals(refused: Sequence[Mapping[str, str]]) -> list[str]:
    """Put what was refused into sentences: one a reason, which names all the formats that it holds for."""
    formats: dict[str, list[str]] = {}
    for refusal in refused:
        formats.setdefault(refusal["reason"], []).append(refusal["format"])
    return [f"{', '.join(of)}: {why}" if any(of) else why for why, of in formats.items()]


def _wafers(lake: Lake, keys: Sequence[str], where: WaferFilter) -> dict[str, str]:
    """Lot by wafer key, of the keys given or of all wafers that the filter lets through.

    Raises:
        LakeError: the lake does not hold one of the keys.
    """
    if keys:
        return {key: lake.wafer(key).lot_id for key in keys}
    condition, parameters = where.where()
    found = lake.seen_by(where).query(
        f"SELECT key, lot_id FROM wafers WHERE {condition} ORDER BY lot_id, key", parameters
    )
    return dict(zip(found["key"], found["lot_id"], strict=True))


def _filter(config: ExportConfig) -> WaferFilter:
    until = _day(config.until, "--until")
    return WaferFilter(
        product=config.product,
        lot=config.lot,
        since=start_of(since) if (since := _day(config.since, "--since")) else None,
        until=start_of(until + timedelta(days=1)) if until else None,
        defect_class=config.defect_class,
        severity_min=config.severity_min,
        severity_max=config.severity_max,
        zone=config.zone,
        attribute=config.attribute,
        text=config.text,
    )


def _day(text: str, flag: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise SettingError(flag, f"expected a day as YYYY-MM-DD, found {text!r:.40}", "Correct it.") from None


if __name__ == "__main__":
    sys.exit(main())
