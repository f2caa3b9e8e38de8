"""Which wafer each part of an STDF lot belongs to, by the records that begin and end wafers (WIR, WRR).

A visit is a wafer on the prober from its WIR to its WRR; the parts that a head tests in between are its own. Head 255
stands for all heads. Wafers that one head tests at once are told apart by site groups, whose sites the site description
records (SDR) list. A WRR belongs to the visit that is open on its head, whatever name it gives or leaves out; its name
goes before that of the WIR, as the standard says. A wafer of one name that comes back is the same wafer, tested again;
each visit without a name is a wafer of its own.
"""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from data.errors import FormatError
from data.formats.stdf_records import LotRecords, Rows

ALL = 255
_ANY_HEAD = (-1, -1)
_MOST_AT_ONCE = 64
_NEVER = 2**63
Key = tuple[int, int]


@dataclass(eq=False)
class Visit:
    """A wafer on the prober.

    Args:
        name: of the wafer, "" when neither record gives one.
        head: test head, 255 for all.
        group: site group as written, 255 for all.
        begun: place of its WIR in the file, None when it has none.
        ended: place of its WRR in the file, None when it has none.
        started: START_T of its WIR.
        results: its WRR, or several where each head writes one.
        remarks: what its records contradict each other in.
    """

    name: str
    head: int
    group: int
    begun: int | None = None
    ended: int | None = None
    started: object = None
    results: Rows = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    def open_at(self, place: int) -> bool:
        """Return whether the wafer is on the prober at a place of the file."""
        return self.begun is not None and self.begun < place and (self.ended is None or place < self.ended)


@dataclass(frozen=True, eq=False)
class SortedWafer:
    """A wafer of a lot and what belongs to it.

    Args:
        name: "" when the file gives none.
        parts: positions of its part results in the lot's table of parts, in the order of test.
        visits: in the order of the file.
        outside: how many of its parts lie outside of its WIR and WRR, or are of a head that has no wafer.
    """

    name: str
    parts: NDArray[np.int64]
    visits: tuple[Visit, ...]
    outside: int


def wafers_of(records: LotRecords, parts: pa.Table, where: str) -> list[SortedWafer]:
    """Part a lot's results by wafer, in the order of test.

    Args:
        records: of the lot.
        parts: its part results.
        where: what to call the lot in errors.

    Raises:
        FormatError: wafers are tested at once in site groups whose sites nothing tells.
    """
    places = parts["sequence_number"].to_numpy().astype(np.int64)
    visits = _Visits(records, places, where)
    numbers, outside = visits.of_parts(parts, places)
    present, first = np.unique(numbers, return_index=True)
    wafer_of_visit = np.zeros(len(visits.all) + 1, dtype=np.int64)  # the last place is that of no visit, -1
    named: dict[str, int] = {}
    found: list[list[Visit]] = []
    for number in present[np.argsort(first)].tolist():
        visit = visits.all[number] if number >= 0 else Visit("", ALL, ALL)
        wafer = named.setdefault(visit.name, len(found)) if visit.name else len(found)
        if wafer == len(found):
            found.append([])
        found[wafer].append(visit)
        wafer_of_visit[number] = wafer
    wafer_of_part = wafer_of_visit[numbers]
    order = np.argsort(wafer_of_part, kind="stable")
    ends = np.searchsorted(wafer_of_part[order], np.arange(1, len(found)))
    return [
        SortedWafer(own[0].name, chosen, tuple(own), int(np.count_nonzero(outside[chosen])))
        for own, chosen in zip(found, np.split(order, ends), strict=True)
    ]


class _Visits:
    """The visits of a lot, and where in the file each begins and ends."""

    def __init__(self, records: LotRecords, part_places: NDArray[np.int64], where: str) -> None:
        self.all: list[Visit] = []
        self._part_places, self._where = part_places, where
        begins, ends = records.rows("WIR"), records.rows("WRR")
        self._groups = _SiteGroups(records.rows("SDR"), [*begins, *ends])
        self._begins: dict[Key, tuple[list[int], list[int]]] = {}
        self._alone: dict[Key, tuple[list[int], list[int]]] = {}
        self._open: dict[Key, int] = {}
        self._replaced: dict[str, Visit] = {}
        self._last_ended: Visit | None = None
        events = [(row["sequence_number"], True, row) for row in begins]
        events += [(row["sequence_number"], False, row) for row in ends]
        for place, is_begin, row in sorted(events, key=lambda event: event[0]):
            if is_begin:
                self._begin(place, row)
            else:
                self._end(place, row)

    def _begin(self, place: int, row: dict[str, Any]) -> None:
        visit = Visit(clean(row["WAFER_ID"]), row["HEAD_NUM"], row["SITE_GRP"], begun=place, started=row["START_T"])
        key = self._groups.key(visit.head, visit.group)
        before = self._open.pop(key, None)
        if before is not None:
            self._replace(self.all[before], visit)
        self._open[key] = len(self.all)
        for one in (key, _ANY_HEAD):
            _note(self._begins, one, place, len(self.all))
        self.all.append(visit)

    def _replace(self, before: Visit, visit: Visit) -> None:
        """End a visit at the next one's WIR where it has no WRR; two site groups of unknown sites cannot be told."""
        if before.group != visit.group and ALL not in (before.group, visit.group):
            problem = (
                f"wafers '{before.name}' and '{visit.name}' are tested at once in site groups {before.group} and "
                f"{visit.group} of head {visit.head}, and no site description record (SDR) lists their sites"
            )
            raise FormatError(self._where, problem, "Export the file with its SDR, or one wafer a file.")
        before.ended = visit.begun
        self._replaced[before.name] = before

    def _end(self, place: int, row: dict[str, Any]) -> None:
        name = clean(row["WAFER_ID"])
        key = self._groups.key(row["HEAD_NUM"], row["SITE_GRP"])
        ending = self._ending(key, name)
        if ending is not None:
            visit = self.all[self._open.pop(ending)]
            if name and visit.name and name != visit.name:
                visit.remarks.append(f"Its WIR calls the wafer '{visit.name}', its WRR '{name}': the WRR counts.")
            visit.name = name or visit.name
            visit.ended = place
        elif name and name in self._replaced:  # its WRR comes late, the next wafer has begun
            visit = self._replaced.pop(name)
        elif (last := self._last_ended) and self._repeats(last, name, place):
            visit = last
        else:
            visit = Visit(name, row["HEAD_NUM"], row["SITE_GRP"], ended=place)
            for one in (key, _ANY_HEAD):
                _note(self._alone, one, place, len(self.all))
            self.all.append(visit)
        visit.results.append(row)
        self._last_ended = visit

    def _ending(self, key: Key, name: str) -> Key | None:
        """Find the open visit that a WRR ends: the one of its name, else one without a name, else the only one."""
        recent = islice(reversed(self._open), _MOST_AT_ONCE)
        fitting = [one for one in recent if all(a == b or ALL in (a, b) for a, b in zip(one, key, strict=True))]
        if key in self._open and key not in fitting:
            fitting.append(key)
        names = {one: self.all[self._open[one]].name for one in fitting}
        same = [one for one in fitting if names[one] == name]
        nameless = [one for one in fitting if not name or not names[one]]
        if not same and name and name in self._replaced:
            return None
        only = fitting if len(fitting) == 1 else []
        return next(iter([*same, *([key] if key in nameless else nameless), *only]), None)

    def _repeats(self, last: Visit, name: str, place: int) -> bool:
        """Return whether a WRR that ends nothing says again how the last wafer ended: no part lies in between."""
        ends = np.searchsorted(self._part_places, [int(last.ended or 0), place])
        return bool(ends[0] == ends[1] and (not name or name == last.name))

    def of_parts(self, parts: pa.Table, places: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Return the number of each part's visit, -1 where the file has none, and whether it lies outside of it."""
        borders = np.array(sorted({place for one in self.all for place in (one.begun, one.ended) if place is not None}))
        between = np.searchsorted(borders, places) if borders.size else np.zeros(places.size, dtype=np.int64)
        head, site = (parts[name].to_numpy().astype(np.int64) for name in ("HEAD_NUM", "SITE_NUM"))
        codes = between << 16 | head << 8 | site
        _, first, inverse = np.unique(codes, return_index=True, return_inverse=True)
        visits, outside = [], []
        for at in first.tolist():
            place, own_head, keys = (
                int(places[at]),
                int(head[at]),
                list(self._groups.keys(int(head[at]), int(site[at]))),
            )
            number = self._of_part(place, keys)
            if number < 0:
                number = self._of_part(place, [_ANY_HEAD])
            visits.append(number)
            outside.append(number >= 0 and self._strays(self.all[number], place, own_head))
        return np.array(visits, dtype=np.int64)[inverse], np.array(outside, dtype=np.bool_)[inverse]

    def _strays(self, visit: Visit, place: int, head: int) -> bool:
        """Return whether a part was taken as a visit's though its place or its head say otherwise."""
        return visit.head not in (ALL, head) or (visit.begun is not None and not visit.open_at(place))

    def _of_part(self, place: int, keys: list[Key]) -> int:
        """Find the visit of a part: the one begun last that is open; where none is, the next WRR's if that has no WIR.

        Failing that it is the visit that ended last, or the one that begins next.
        """
        before = [number for key in keys for number in _before(self._begins, key, place)]
        still_open = [number for number in before if self.all[number].open_at(place)]
        if still_open:
            return max(still_open, key=lambda number: self.all[number].begun or 0)
        next_alone = min((_after(self._alone, key, place) for key in keys), default=(_NEVER, -1))
        next_begun = min((_after(self._begins, key, place) for key in keys), default=(_NEVER, -1))
        if next_alone[0] < next_begun[0]:
            return next_alone[1]
        past = [*before, *(number for key in keys for number in _before(self._alone, key, place))]
        if past:
            return max(past, key=lambda number: self.all[number].ended or 0)
        return next_begun[1]


class _SiteGroups:
    """Which sites a site group has; groups matter only where wafers of one head are told apart by them."""

    def __init__(self, descriptions: Rows, uses: Rows) -> None:
        self._groups: dict[Key, set[int]] = {}
        described: set[Key] = set()
        for row in descriptions:
            described.add((row["HEAD_NUM"], row["SITE_GRP"]))
            for site in row["SITE_NUM"] or ():
                self._groups.setdefault((row["HEAD_NUM"], site), set()).add(row["SITE_GRP"])
        used: dict[int, set[int]] = {}
        for row in uses:
            used.setdefault(row["HEAD_NUM"], set()).add(row["SITE_GRP"])
        names = {group for _, group in described}
        self._told = {
            head: {
                group for group in groups if {(head, group), (ALL, group)} & described or head == ALL & group in names
            }
            for head, groups in used.items()
            if len(groups - {ALL}) > 1
        }

    def key(self, head: int, group: int) -> Key:
        """Return what a wafer is known by while it is tested: its head and, where that matters, its site group."""
        return head, group if group in self._told.get(head, ()) else ALL

    def keys(self, head: int, site: int) -> Iterator[Key]:
        """Go through what the wafers may be known by whose parts a site of a head tests."""
        yield from ((head, ALL), (ALL, ALL))
        own = self._groups.get((head, site), set()) | self._groups.get((ALL, site), set())
        for one in (head, ALL):
            told = self._told.get(one, set())
            yield from ((one, group) for group in (own & told or told))


def _note(places: dict[Key, tuple[list[int], list[int]]], key: Key, place: int, number: int) -> None:
    at, numbers = places.setdefault(key, ([], []))
    at.append(place)
    numbers.append(number)


def _before(places: dict[Key, tuple[list[int], list[int]]], key: Key, place: int) -> list[int]:
    """Return the last visit noted before a place, as a list of one or none."""
    at, numbers = places.get(key, ([], []))
    return numbers[:0] if not (end := bisect_left(at, place)) else [numbers[end - 1]]


def _after(places: dict[Key, tuple[list[int], list[int]]], key: Key, place: int) -> tuple[int, int]:
    """Return place and number of the first visit noted after a place; far off and -1 where there is none."""
    at, numbers = places.get(key, ([], []))
    start = bisect_left(at, place)
    return (at[start], numbers[start]) if start < len(at) else (_NEVER, -1)


def clean(text: object) -> str:
    """Return a text without the blanks and zeros that fill fields of fixed length."""
    return str(text or "").replace("\0", "").strip()
