"""The report of a lot: its stack, its profiles, its wafers, on paper and as a workbook."""

import math
from collections.abc import Sequence
from datetime import datetime

from reportlab.platypus import Flowable

from core.analysis.result import WaferResult
from core.analysis.summaries import yield_words
from core.drawing.palette import Palette
from core.drawing.value_maps import draw_values, share_scale
from core.drawing.wafer import draw_wafer
from core.identity import Person
from core.lake import Lake
from core.lake.batches import batches
from core.lake.scoring import main_reasons
from core.lots.lot import Lot, figures
from core.lots.profiles import angular_profile, radial_profile
from core.reports.blocks import beside, heading, note, picture, picture_grid, scale_bar, section, table
from core.reports.blocks import figures as large
from core.reports.charts import Bars, bar_chart
from core.reports.levels import dies_level
from core.reports.lot_tables import (
    NAMES,
    RESULTS_AT_ONCE,
    angular_table,
    clusters_table,
    facts_table,
    radial_table,
    results_of,
    slot_table,
    stacked_table,
    wafers_table,
)
from core.reports.page import Frontmatter, pdf
from core.reports.style import CONTENT_WIDTH
from core.reports.table import UNDEFINED
from core.reports.workbook import workbook

MOST_PICTURES = 100
ACROSS = 5
HALF = CONTENT_WIDTH / 2 - 14
CLASSES_SHOWN = 3


def lot_pdf(lake: Lake, lot: Lot, person: Person, made_at: datetime, palette: Palette = Palette.STANDARD) -> bytes:
    """Write a lot's report on paper.

    Args:
        lake: where the wafers' maps are.
        lot: the lot.
        person: who asked for it.
        made_at: when.
        palette: the class colours.
    """
    span = lot.span
    said = [
        ", ".join(lot.products),
        ", ".join(lot.test_programs),
        f"tested {span[0]:%Y-%m-%d %H:%M} to {span[1]:%Y-%m-%d %H:%M} UTC" if span else "",
        *(f"{name.replace('_', ' ')} {value}" for name, value in lot.shared_history().items()),
    ]
    front = Frontmatter(f"Lot {lot.lot_id}", " · ".join(part for part in said if part), made_at, person.name)
    blocks = [
        _numbers(lot),
        beside(_stacked(lot, None, palette), _profiles(lot)),
        _slots(lot),
        *_class_stacks(lot, palette),
        heading("Wafers"),
        table(wafers_table(lot, main_reasons(lake, lot.wafers["key"]), printed=True)),
        *_pictures(lake, lot, palette),
    ]
    return pdf(front, blocks)


def lot_xlsx(lake: Lake, lot: Lot, made_at: datetime) -> bytes:
    """Write a lot as a workbook: facts, wafers, clusters, failing dies, stacked dies, profiles, slot order."""
    results = list(results_of(lake, lot.wafers["key"]))
    tables = [
        facts_table(lot),
        wafers_table(lot, main_reasons(lake, lot.wafers["key"])),
        clusters_table(results),
        dies_level(results),
        stacked_table(lot.stack),
        radial_table(lot.stack),
        angular_table(lot.stack),
        slot_table(lot),
    ]
    return workbook(tables, made_at, f"Lot {lot.lot_id}")


def _numbers(lot: Lot) -> Flowable:
    summed = figures(lot)

    def number(value: float, form: str) -> str:
        return UNDEFINED if math.isnan(value) else format(value, form)

    return large(
        {
            "Wafers": f"{lot.wafer_count:,}",
            "Yield": number(summed.yield_fraction, ".1%"),
            "Lowest yield": number(summed.worst_yield, ".1%"),
            "With a pattern": f"{summed.defective} of {summed.segmented}",
            "Mean severity": number(summed.mean_severity, ".1f"),
            "Highest severity": number(summed.worst_severity, ".0f"),
        }
    )


def _stacked(lot: Lot, class_key: str | None, palette: Palette, width: float = HALF) -> list[Flowable]:
    shares = lot.stack.share(class_key)
    scale = share_scale(shares, class_key, palette)
    what = "Share of wafers failing" if class_key is None else f"Share of wafers with {NAMES[class_key].lower()}"
    wafers = lot.stack.wafers if class_key is None else lot.stack.segmented
    return [
        heading("Stacked map" if class_key is None else NAMES[class_key]),
        picture(draw_values(lot.stack.outline, shares, scale), width),
        scale_bar(scale, f"{what}, {wafers} stacked", width),
        *([note(_left_out(lot))] if class_key is None and _left_out(lot) else []),
    ]


def _left_out(lot: Lot) -> str:
    """Return which wafers the stack does not hold."""
    others = lot.wafer_count - lot.stack.held
    said = [f"{others} wafers of another die grid are not stacked." if others else ""]
    if lot.stack.sampled:
        said.append(f"A sample: {lot.stack.wafers:,} of {lot.stack.held:,} wafers.")
    return " ".join(part for part in said if part)


def _profiles(lot: Lot) -> list[Flowable]:
    radial, angular = radial_profile(lot.stack), angular_profile(lot.stack)
    in_mm = bool(radial["to_mm"].notna().all())
    ends = radial["to_mm"] if in_mm else radial["to_radius"]
    distance = Bars(
        [f"{end:.0f}" if in_mm else f"{end:.1f}" for end in ends],
        list(radial["share"]),
        list(radial["low"]),
        list(radial["high"]),
        f"Distance from the centre up to, {'mm' if in_mm else 'share of the radius'}",
        "Dies failing",
    )
    hours = Bars(
        [str(hour) for hour in angular["hour"]],
        list(angular["share"]),
        list(angular["low"]),
        list(angular["high"]),
        "Clock hour, as drawn",
        "Dies failing",
    )
    return [
        heading("By distance from the centre"),
        bar_chart(distance, HALF, 105),
        heading("By clock hour"),
        bar_chart(hours, HALF, 105),
        note("Whiskers: 95 % Wilson intervals, dies taken as independent."),
    ]


def _slots(lot: Lot) -> Flowable:
    known = lot.wafers[lot.wafers["slot"].notna()]
    if known.empty:
        return section("Slot order", note("No wafer of this lot says its slot."))
    bars = Bars(
        [str(slot) for slot in known["slot"]],
        list(lot.share_failing()[known.index]),
        across="Slot",
        up="Dies failing",
    )
    return section("Slot order", bar_chart(bars, CONTENT_WIDTH, 95), table(slot_table(lot)))


def _class_stacks(lot: Lot, palette: Palette) -> Sequence[Flowable]:
    """The stacks of the classes on most wafers, beside each other."""
    affected = figures(lot).affected
    most = sorted((key for key in affected if affected[key]), key=lambda key: -affected[key])[:CLASSES_SHOWN]
    if not most:
        return [section("Patterns", note("No pattern was found on a wafer of this lot."))]
    tiles = []
    for key in most:
        shares = lot.stack.share(key)
        scale = share_scale(shares, key, palette)
        caption = f"{NAMES[key]}: on {affected[key]} wafers, 0 to {scale.high:.0%} of wafers a die"
        tiles.append((draw_values(lot.stack.outline, shares, scale, cell_px=8), caption))
    return [section("Stacked by class", picture_grid(tiles, CLASSES_SHOWN))]


def _pictures(lake: Lake, lot: Lot, palette: Palette) -> list[Flowable]:
    keys = list(lot.wafers["key"])
    tiles = []
    for chunk in batches(keys[:MOST_PICTURES], RESULTS_AT_ONCE):
        results, wafers = lake.results_by_keys(chunk), lake.wafers_by_keys(chunk)
        for key in chunk:
            found = results.get(key)
            drawn = draw_wafer(wafers[key], found.segmentation if found else None, palette=palette, cell_px=6)
            score = _score(found) if found else "not segmented"
            tiles.append((drawn, f"{wafers[key].wafer_id} · {yield_words(wafers[key])} · {score}"))
    more = (
        [note(f"The first {MOST_PICTURES} of {lot.wafer_count:,} wafers.")] if lot.wafer_count > MOST_PICTURES else []
    )
    return [heading("Maps, with yield and severity"), *more, picture_grid(tiles, ACROSS)]


def _score(result: WaferResult) -> str:
    reason = result.severity.main_reason
    return f"severity {result.severity.score:.0f}{': ' if reason else ''}{reason}"
