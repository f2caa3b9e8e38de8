"""STDF V4 of wafer sort: one wafer a wafer id, the last result of each die, bins with their names, geometry.

A die passes when the bin's record (HBR, else SBR) says so; where none says, the part's own flag does. Parts without
coordinates cannot be placed; they are counted in the attributes. The step is the lot's TEST_COD, else its FLOW_ID. A
wafer was tested from its WIR's START_T to its WRR's FINISH_T; where a WRR gives none, the lot's end stands for it. What
the file contradicts itself in, or leaves open, stands in the wafer's remarks.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np

from data.bin_names import BINS, MAP, MAPS, bins_text
from data.errors import FormatError, WaferError
from data.formats.grid import Axes, to_grid
from data.formats.metadata import ATTRIBUTE, center_pairs
from data.formats.options import ReadFailure, ReadOptions
from data.formats.source import Source, build_wafer
from data.formats.stdf_parts import NO_COORDINATE, Parts, Verdicts, counts_of, declared_remarks, judged
from data.formats.stdf_records import LotRecords, is_complete, read_records, recognises
from data.formats.stdf_wafers import SortedWafer, clean, wafers_of
from data.orientation import DIE_AXES
from data.wafer import WaferMap

__all__ = ["is_complete", "read", "recognises"]
_UNITS_MM = {1: 25.4, 2: 10.0, 3: 1.0, 4: 0.0254}
_FLATS = {"U": "up", "D": "down", "L": "left", "R": "right"}
_DIRECTIONS = {"R": "right", "L": "left", "U": "up", "D": "down"}
_MAPS, _NO_SOFT_BIN = ("hard", "soft"), 65535
_VAX = 0
_UNKNOWN_TIMES = (0, 2**32 - 1)
_LOT_ATTRIBUTES = {
    "NODE_NAM": "tester",
    "TSTR_TYP": "tester_type",
    "JOB_REV": "test_program_revision",
    "SBLOT_ID": "sublot",
    "OPER_NAM": "operator",
    "TST_TEMP": "temperature",
    "TEST_COD": "test_step",
    "PROC_ID": "process",
    "FACIL_ID": "facility",
    "RTST_COD": "retest_code",
    "FLOW_ID": "flow",
}
_WAFER_ATTRIBUTES = {"FABWF_ID": "fab_wafer_id", "FRAME_ID": "frame", "MASK_ID": "mask"}
_SIZES = {"diameter_mm": "WAFR_SIZ", "pitch_row_mm": "DIE_HT", "pitch_column_mm": "DIE_WID"}
_RUNNING = "The file ends before its MRR, the record of the lot's end: the test may still be running."
_STEPS = ("TEST_COD", "FLOW_ID")
Row = Mapping[str, Any]


def read(source: Source, options: ReadOptions) -> Iterator[WaferMap | ReadFailure]:
    """Read the wafers of an STDF V4 file, those of every lot where files were joined.

    Raises:
        FormatError: the file is cut within a record or damaged, holds no part, or an overlay is asked for that STDF
            has not.
    """
    if options.overlay not in ("", *_MAPS):
        raise FormatError(
            source.name, f"STDF has hard and soft bins, no map '{options.overlay:.40}'", "Choose hard or soft."
        )
    records = read_records(source)
    wheres = [source.name if len(records) == 1 else f"{source.name} lot {n}" for n in range(1, len(records) + 1)]
    lots: list[_Lot | ReadFailure] = []
    for own, where in zip(records, wheres, strict=True):
        try:
            lots.append(_Lot.of(own, where))
        except WaferError as error:
            if len(records) == 1:
                raise
            lots.append(ReadFailure(source.name, str(error)))
    count = sum(len(lot.wafers) for lot in lots if isinstance(lot, _Lot))
    names = _names_of([lot for lot in lots if isinstance(lot, _Lot)], source)
    number = 0
    for lot in lots:
        if isinstance(lot, ReadFailure):
            yield lot
            continue
        for wafer in lot.wafers:
            try:
                yield _wafer(source, options, lot, wafer, names[number], number + 1, count)
            except WaferError as error:
                yield ReadFailure(source.name, str(error))
            number += 1


@dataclass(frozen=True, eq=False)
class _Lot:
    """What a file says of all wafers of a lot."""

    information: Row
    finish_times: list[object]
    configuration: Row
    hard_bins: list[Row]
    soft_bins: list[Row]
    parts: Parts
    wafers: list[SortedWafer]
    remarks: tuple[str, ...]

    @classmethod
    def of(cls, records: LotRecords, where: str) -> "_Lot":
        table = records.part_columns()
        if table is None:
            raise FormatError(where, "the file holds no part results (PRR)", "Export the results of the parts too.")
        config = next(reversed(records.rows("WCR")), {})
        remarks = []
        if records.rows("FAR")[0]["CPU_TYPE"] == _VAX and config:
            config = {name: value for name, value in config.items() if name not in _SIZES.values()}
            remarks.append("The file has sizes in the numbers of a VAX (CPU_TYPE 0), which are not read.")
        if not records.ended:
            remarks.append(_RUNNING)
        return cls(
            information=records.rows("MIR")[0],
            finish_times=[row["FINISH_T"] for row in records.rows("MRR")],
            configuration=config,
            hard_bins=list(records.rows("HBR")),
            soft_bins=list(records.rows("SBR")),
            parts=Parts.of(table),
            wafers=wafers_of(records, table, where),
            remarks=tuple(remarks),
        )


def _names_of(lots: Sequence[_Lot], source: Source) -> list[tuple[str, list[str]]]:
    """Name the wafers that the file leaves without a name by their order, past names that are taken, with remarks."""
    lot_names = [clean(lot.information["LOT_ID"]) for lot in lots for _ in lot.wafers]
    wafers = [wafer.name for lot in lots for wafer in lot.wafers]
    taken = {pair for pair in zip(lot_names, wafers, strict=True) if pair[1]}
    seen: set[tuple[str, str]] = set()
    found = []
    for number, (lot, name) in enumerate(zip(lot_names, wafers, strict=True), 1):
        remarks = []
        if not name and len(wafers) > 1:
            place = number
            while (lot, name := source.names(place, len(wafers))[1]) in taken:
                place += len(wafers)
            taken.add((lot, name))
            remarks.append("The file gives the wafer no name: it is numbered in the order of test.")
        elif name and (lot, name) in seen:
            remarks.append(f"The file holds lot '{lot}' more than once, each time with a wafer '{name}'.")
        seen.add((lot, name))
        found.append((name, remarks))
    return found


def _wafer(
    source: Source,
    options: ReadOptions,
    lot: _Lot,
    sorted_wafer: SortedWafer,
    named: tuple[str, list[str]],
    number: int,
    count: int,
) -> WaferMap:
    name, remarks = named
    parts, kept = lot.parts.chosen(sorted_wafer.parts).settled()
    placed = kept & parts.placed
    if not placed.any():
        where = f"{source.name} wafer '{name}'" if name else source.name
        problem = f"no part has coordinates ({len(parts)} with X_COORD and Y_COORD {NO_COORDINATE})"
        raise FormatError(where, problem, "Only results of wafer sort make a map.")
    verdicts = judged(parts, lot.soft_bins, lot.hard_bins, options)
    shown = parts.chosen(placed)
    declared = _axes(lot.configuration)
    axes = declared or Axes()
    grid, bin_grid, said = to_grid(shown.x, shown.y, verdicts.dies[placed], verdicts.bins[placed], axes, source.name)
    times = _Times.of(lot, sorted_wafer, count)
    pairs = _pairs(lot, sorted_wafer, name, times) | _center(lot.configuration, axes, axes.first(shown.x, shown.y))
    attributes = counts_of(parts, verdicts.dies, kept) | _bins_said(lot, shown, options.overlay or _MAPS[0])
    attributes |= {DIE_AXES: said}
    pairs |= {ATTRIBUTE + key: text for key, text in attributes.items() if text}
    results = [row for visit in sorted_wafer.visits for row in visit.results]
    remarks = [*lot.remarks, *remarks, *_visit_remarks(sorted_wafer), *times.remarks, *_verdict_remarks(verdicts)]
    if not (options.off_values or options.pass_values or options.fail_values):
        remarks += declared_remarks(results, parts, verdicts.dies, kept)
    return build_wafer(
        source,
        options,
        grid,
        bins=bin_grid,
        pairs=pairs,
        number=number,
        count=count,
        axes_declared=declared is not None,
        remarks=remarks,
    )


def _visit_remarks(wafer: SortedWafer) -> list[str]:
    remarks = [text for visit in wafer.visits for text in visit.remarks]
    if wafer.outside:
        remarks.append(
            f"{wafer.outside} part results lie outside of the wafer's WIR and WRR, or are of another head, and were "
            "taken as its own."
        )
    return remarks


def _verdict_remarks(verdicts: Verdicts) -> list[str]:
    remarks = []
    if verdicts.unsaid:
        remarks.append(
            f"{verdicts.unsaid} part results have no pass/fail indication and no bin record judges them: "
            "hard bin 1 was taken as passing, every other as failing."
        )
    if verdicts.contradicted:
        remarks.append(
            f"{verdicts.contradicted} part results say pass or fail otherwise than their bin's record: "
            "the bin's record counts."
        )
    return remarks


@dataclass(frozen=True)
class _Times:
    """When a wafer was tested, and what of it is not its own."""

    started: datetime | None
    finished: datetime | None
    remarks: tuple[str, ...] = ()

    @classmethod
    def of(cls, lot: _Lot, wafer: SortedWafer, count: int) -> "_Times":
        starts = [visit.started for visit in wafer.visits]
        started = _first_time([*starts, lot.information["START_T"]])
        own = _first_time([row["FINISH_T"] for visit in reversed(wafer.visits) for row in reversed(visit.results)])
        if own:
            return cls(started, own)
        if end := _first_time(lot.finish_times[::-1]):
            said = "The wafer's own end of test is not known: the lot's end stands for it."
            return cls(started, end, (said,) if count > 1 else ())
        said = "The end of test is not known: its start stands for it."
        return cls(started, started, (said,) if started else ())


def _axes(config: Row) -> Axes | None:
    """Return the directions that the wafer configuration declares; None when it leaves either open."""
    x, y = str(config.get("POS_X", "")).upper(), str(config.get("POS_Y", "")).upper()
    return Axes(_DIRECTIONS[x], _DIRECTIONS[y]) if x in ("L", "R") and y in ("U", "D") else None


def _center(config: Row, axes: Axes, first: tuple[int, int]) -> dict[str, str]:
    """Return where on the grid the middle of the wafer's centre die lies, if the wafer configuration names that die."""
    x, y = (config.get(name, NO_COORDINATE) for name in ("CENTER_X", "CENTER_Y"))
    return {} if NO_COORDINATE in (x, y) else center_pairs(*axes.place(first, float(x), float(y)))


def _pairs(lot: _Lot, wafer: SortedWafer, name: str, times: _Times) -> dict[str, str]:
    """Everything that is said about a wafer beside its dies."""
    said, config = lot.information, lot.configuration
    pairs = {
        "lot": clean(said["LOT_ID"]),
        "wafer": name,
        "product": clean(said["PART_TYP"]),
        "test_program": clean(said["JOB_NAM"]),
        "tested_at": times.finished.isoformat() if times.finished else "",
        "step": next(filter(None, (clean(said[field]) for field in _STEPS)), ""),
        "started_at": times.started.isoformat() if times.started else "",
        "notch": _FLATS.get(str(config.get("WF_FLAT", "")).upper(), ""),
    }
    unit = _UNITS_MM.get(config.get("WF_UNITS", 0))
    for key, field in _SIZES.items():
        length = float(config.get(field, 0.0))
        if unit and np.isfinite(length) and length > 0:
            pairs[key] = f"{length * unit:.7g}"  # as exact as STDF's 4-byte numbers are
    attributes = {title: clean(said[field]) for field, title in _LOT_ATTRIBUTES.items()}
    for row in (row for visit in wafer.visits for row in visit.results):
        attributes |= {title: text for field, title in _WAFER_ATTRIBUTES.items() if (text := clean(row[field]))}
    if start := _first_time([said["START_T"]]):
        attributes["started_at"] = start.isoformat()
    return pairs | {ATTRIBUTE + title: text for title, text in attributes.items() if text}


def _bins_said(lot: _Lot, parts: Parts, shown: str) -> dict[str, str]:
    """Name both kinds of bins, and say which of them the map shows where the file has both."""
    named = {"hard": _bin_names(lot.hard_bins, "HBIN"), "soft": _bin_names(lot.soft_bins, "SBIN")}
    both = bool(((parts.soft != parts.hard) & (parts.soft != _NO_SOFT_BIN)).any())
    said = {f"{kind}_bins": text for kind, text in named.items() if kind != shown}
    return said | {MAP: shown, MAPS: ", ".join(_MAPS) if both else "", BINS: named[shown]}


def _bin_names(rows: list[Row], kind: str) -> str:
    verdicts = {"P": "pass", "F": "fail"}
    return bins_text(
        {
            row[f"{kind}_NUM"]: (verdicts.get(row[f"{kind}_PF"], ""), clean(row[f"{kind}_NAM"]))
            for row in rows
            if row[f"{kind}_CNT"]
        }
    )


def _first_time(seconds: Sequence[object]) -> datetime | None:
    """Return the first of several times that is known."""
    known = (one for one in seconds if isinstance(one, int) and one not in _UNKNOWN_TIMES)
    return next((datetime.fromtimestamp(one, UTC) for one in known), None)
