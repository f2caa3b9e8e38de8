"""STDF V4 of wafer sort: one wafer a wafer id, the last result of each die, bins with their names, geometry.

A retest has a part result of its own, so a die may have several: the last one counts, as it does on the tester. A die
passes when the bin's record (HBR, else SBR) says so; where none says, the part's own flag does. Parts without
coordinates cannot be placed; they are counted in the attributes.
"""

from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from data.bin_names import BINS, MAP, MAPS, bins_text
from data.errors import FormatError, WaferError
from data.formats.bins import bin_table
from data.formats.grid import Axes, to_grid
from data.formats.metadata import ATTRIBUTE, center_pairs
from data.formats.options import ReadFailure, ReadOptions
from data.formats.source import Source, build_wafer
from data.formats.stdf_records import part_columns, read_records, recognises, rows_of
from data.orientation import DIE_AXES
from data.wafer import FAIL, PASS, WaferMap

__all__ = ["read", "recognises"]
NO_COORDINATE = -32768
_UNITS_MM = {1: 25.4, 2: 10.0, 3: 1.0, 4: 0.0254}
_FLATS = {"U": "up", "D": "down", "L": "left", "R": "right"}
_DIRECTIONS = {"R": "right", "L": "left", "U": "up", "D": "down"}
_FAILED, _NO_VERDICT = 0x08, 0x10
_MAPS, _NO_SOFT_BIN = ("hard", "soft"), 65535
_UNKNOWN_TIMES = (0, 2**32 - 1)
_LOT_ATTRIBUTES = {
    "NODE_NAM": "tester", "TSTR_TYP": "tester_type", "JOB_REV": "test_program_revision", "SBLOT_ID": "sublot",
    "OPER_NAM": "operator", "TST_TEMP": "temperature", "TEST_COD": "test_step", "PROC_ID": "process",
    "FACIL_ID": "facility",
}  # fmt: skip
_WAFER_ATTRIBUTES = {"FABWF_ID": "fab_wafer_id", "FRAME_ID": "frame", "MASK_ID": "mask"}
Row = Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class _Parts:
    """Part results of one wafer, in the order of test."""

    x: NDArray[np.int64]
    y: NDArray[np.int64]
    hard: NDArray[np.int64]
    soft: NDArray[np.int64]
    flags: NDArray[np.uint8]

    def chosen(self, which: NDArray[Any]) -> "_Parts":
        return _Parts(self.x[which], self.y[which], self.hard[which], self.soft[which], self.flags[which])


def read(source: Source, options: ReadOptions) -> Iterator[WaferMap | ReadFailure]:
    """Read the wafers of an STDF V4 file.

    Raises:
        FormatError: the file is cut or damaged, holds no part, or an overlay is asked for that STDF has not.
    """
    if options.overlay not in ("", *_MAPS):
        raise FormatError(
            source.name, f"STDF has hard and soft bins, no map '{options.overlay:.40}'", "Choose hard or soft."
        )
    tables = read_records(source)
    table = part_columns(tables)
    if table is None:
        raise FormatError(source.name, "the file holds no part results (PRR)", "Export the results of the parts too.")
    lot = _Lot.of(tables)
    parts, names = _columns(table), _wafers_of(table, tables)
    numbers = {name: number for number, name in enumerate(dict.fromkeys(names))}
    wafer_of_part = np.array([numbers[name] for name in names])
    order = np.argsort(wafer_of_part, kind="stable")
    ends = np.searchsorted(wafer_of_part[order], np.arange(1, len(numbers) + 1))
    for (name, number), own in zip(numbers.items(), np.split(order, ends[:-1]), strict=True):
        try:
            yield _wafer(source, options, lot, name, parts.chosen(own), number + 1, len(numbers))
        except WaferError as error:
            yield ReadFailure(source.name, str(error))


@dataclass(frozen=True, eq=False)
class _Lot:
    """What a file says of all its wafers."""

    information: Row
    finish_times: list[object]
    results: Mapping[str, list[Row]]
    configuration: Row
    hard_bins: list[Row]
    soft_bins: list[Row]

    @classmethod
    def of(cls, tables: Mapping[str, pa.Table]) -> "_Lot":
        results: dict[str, list[Row]] = {}
        for row in rows_of(tables, "WRR"):
            results.setdefault(str(row["WAFER_ID"]), []).append(row)
        return cls(
            information=rows_of(tables, "MIR")[0],
            finish_times=[row["FINISH_T"] for row in rows_of(tables, "MRR")],
            results=results,
            configuration=next(reversed(rows_of(tables, "WCR")), {}),
            hard_bins=list(rows_of(tables, "HBR")),
            soft_bins=list(rows_of(tables, "SBR")),
        )


def _columns(table: pa.Table) -> _Parts:
    flags = np.array([(flag or b"\0")[0] for flag in table["PART_FLG"].to_pylist()], dtype=np.uint8)
    x, y, hard, soft = (
        table[name].to_numpy().astype(np.int64) for name in ("X_COORD", "Y_COORD", "HARD_BIN", "SOFT_BIN")
    )
    return _Parts(x, y, hard, soft, flags)


def _wafers_of(table: pa.Table, tables: Mapping[str, pa.Table]) -> list[str]:
    """Name the wafer of every part: the one that its head began last; where none was begun, the one that ends next."""
    begun, ended = _by_head(rows_of(tables, "WIR")), _by_head(rows_of(tables, "WRR"))
    names = []
    for head, place in zip(table["HEAD_NUM"].to_pylist(), table["sequence_number"].to_pylist(), strict=True):
        places, wafers = begun.get(head, ([], []))
        before = bisect_left(places, place)
        if before:
            names.append(wafers[before - 1])
            continue
        places, wafers = ended.get(head, ([], []))
        after = bisect_left(places, place)
        names.append(wafers[after] if after < len(wafers) else "")
    return names


def _by_head(rows: list[dict[str, Any]]) -> dict[int, tuple[list[int], list[str]]]:
    """Places in the file and wafer ids, by test head."""
    found: dict[int, tuple[list[int], list[str]]] = {}
    for row in rows:
        places, wafers = found.setdefault(row["HEAD_NUM"], ([], []))
        places.append(row["sequence_number"])
        wafers.append(str(row["WAFER_ID"]))
    return found


def _wafer(
    source: Source, options: ReadOptions, lot: _Lot, name: str, parts: _Parts, number: int, count: int
) -> WaferMap:
    placed = parts.chosen((parts.x != NO_COORDINATE) & (parts.y != NO_COORDINATE))
    lost = len(parts.x) - len(placed.x)
    if not len(placed.x):
        where = f"{source.name} wafer '{name}'" if name else source.name
        problem = f"no part has coordinates ({lost} with X_COORD and Y_COORD {NO_COORDINATE})"
        raise FormatError(where, problem, "Only results of wafer sort make a map.")
    dies, bins = _judged(placed, lot, options)
    declared = _axes(lot.configuration)
    axes = declared or Axes()
    grid, bin_grid, said = to_grid(placed.x, placed.y, dies, bins, axes, source.name)
    pairs = _pairs(lot, name) | _center(lot.configuration, axes, axes.first(placed.x, placed.y))
    attributes = _counts(placed, lost) | _bins_said(lot, placed, options.overlay or _MAPS[0]) | {DIE_AXES: said}
    pairs |= {ATTRIBUTE + key: text for key, text in attributes.items() if text}
    return build_wafer(
        source,
        options,
        grid,
        bins=bin_grid,
        pairs=pairs,
        number=number,
        count=count,
        axes_declared=declared is not None,
    )


def _judged(parts: _Parts, lot: _Lot, options: ReadOptions) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Say which parts pass, and give the bins that were asked for."""
    bins = parts.soft if options.overlay == "soft" else parts.hard
    if options.off_values or options.pass_values or options.fail_values:
        return bin_table(options)[bins], bins
    dies = np.where(parts.flags & (_FAILED | _NO_VERDICT), FAIL, PASS).astype(np.uint8)
    for kind, numbers, rows in (("SBIN", parts.soft, lot.soft_bins), ("HBIN", parts.hard, lot.hard_bins)):
        verdicts = {row[f"{kind}_NUM"]: row[f"{kind}_PF"] for row in rows if row[f"{kind}_PF"] in ("P", "F")}
        for bin_number, verdict in verdicts.items():  # the hard bin's word is the last
            dies[numbers == bin_number] = PASS if verdict == "P" else FAIL
    return dies, bins


def _axes(config: Row) -> Axes | None:
    """Give the directions that the wafer configuration declares; None when it leaves either open."""
    x, y = str(config.get("POS_X", "")).upper(), str(config.get("POS_Y", "")).upper()
    return Axes(_DIRECTIONS[x], _DIRECTIONS[y]) if x in ("L", "R") and y in ("U", "D") else None


def _center(config: Row, axes: Axes, first: tuple[int, int]) -> dict[str, str]:
    """Say where on the grid the middle of the wafer's centre die lies, if the wafer configuration names that die."""
    x, y = (config.get(name, NO_COORDINATE) for name in ("CENTER_X", "CENTER_Y"))
    return {} if NO_COORDINATE in (x, y) else center_pairs(*axes.place(first, float(x), float(y)))


def _counts(parts: _Parts, lost: int) -> dict[str, str]:
    tests = np.unique(np.stack([parts.x, parts.y]), axis=1, return_counts=True)[1]
    counts = {
        "parts_tested": len(parts.x) + lost, "retested_dies": int((tests > 1).sum()), "parts_without_coordinates": lost,
        "parts_without_verdict": int(np.count_nonzero(parts.flags & _NO_VERDICT)),
    }  # fmt: skip
    return {key: str(number) for key, number in counts.items() if number}


def _pairs(lot: _Lot, name: str) -> dict[str, str]:
    """Everything that is said about a wafer beside its dies."""
    said, config, results = lot.information, lot.configuration, lot.results.get(name, [])
    times = [*(row["FINISH_T"] for row in reversed(results)), *lot.finish_times, said["START_T"]]
    pairs = {
        "lot": _clean(said["LOT_ID"]), "wafer": _clean(name), "product": _clean(said["PART_TYP"]),
        "test_program": _clean(said["JOB_NAM"]), "tested_at": next(filter(None, map(_time, times)), ""),
        "notch": _FLATS.get(str(config.get("WF_FLAT", "")).upper(), ""),
    }  # fmt: skip
    unit = _UNITS_MM.get(config.get("WF_UNITS", 0))
    for key, field in (("diameter_mm", "WAFR_SIZ"), ("pitch_row_mm", "DIE_HT"), ("pitch_column_mm", "DIE_WID")):
        length = float(config.get(field, 0.0))
        if unit and np.isfinite(length) and length > 0:
            pairs[key] = f"{length * unit:.7g}"  # as exact as STDF's 4-byte numbers are
    attributes = {title: _clean(said[field]) for field, title in _LOT_ATTRIBUTES.items()}
    for row in results:
        attributes |= {title: _clean(row[field]) for field, title in _WAFER_ATTRIBUTES.items()}
    attributes["started_at"] = _time(said["START_T"])
    return pairs | {ATTRIBUTE + title: text for title, text in attributes.items() if text}


def _bins_said(lot: _Lot, parts: _Parts, shown: str) -> dict[str, str]:
    """Name both kinds of bins, and say which of them the map shows where the file has both."""
    named = {"hard": _bin_names(lot.hard_bins, "HBIN"), "soft": _bin_names(lot.soft_bins, "SBIN")}
    both = bool(((parts.soft != parts.hard) & (parts.soft != _NO_SOFT_BIN)).any())
    said = {f"{kind}_bins": text for kind, text in named.items() if kind != shown}
    return said | {MAP: shown, MAPS: ", ".join(_MAPS) if both else "", BINS: named[shown]}


def _bin_names(rows: list[Row], kind: str) -> str:
    verdicts = {"P": "pass", "F": "fail"}
    return bins_text(
        {
            row[f"{kind}_NUM"]: (verdicts.get(row[f"{kind}_PF"], ""), _clean(row[f"{kind}_NAM"]))
            for row in rows
            if row[f"{kind}_CNT"]
        }
    )


def _clean(text: object) -> str:
    return str(text or "").replace("\0", "").strip()


def _time(seconds: object) -> str:
    known = isinstance(seconds, int) and seconds not in _UNKNOWN_TIMES
    return datetime.fromtimestamp(int(str(seconds)), UTC).isoformat() if known else ""
