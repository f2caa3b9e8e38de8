"""The records of an STDF V4 file that say where parts lie and how they were judged, as tables.

The file's chain of record headers is walked here, so that a cut or damaged file is told with the byte at which it
breaks; the few kinds of record that matter are passed on to stdf-convert, which takes their fields apart. Everything
else, commonly nine tenths of a file, is skipped unread. Files that were joined end to end come apart again: each file
attributes record (FAR) and each further master information record (MIR) begins a lot of its own.
"""

import struct
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

import pyarrow as pa
import stdf_convert

from data.errors import FormatError
from data.formats.options import MIB
from data.formats.source import Source

Rows = list[dict[str, Any]]
_KINDS = {
    (0, 10): "FAR",
    (1, 10): "MIR",
    (1, 20): "MRR",
    (1, 40): "HBR",
    (1, 50): "SBR",
    (1, 80): "SDR",
    (2, 10): "WIR",
    (2, 20): "WRR",
    (2, 30): "WCR",
    (5, 20): "PRR",
}
_BY_CODE = {kind << 8 | sub: name for (kind, sub), name in _KINDS.items()}
_COLUMNS = (
    "sequence_number",
    "HEAD_NUM",
    "SITE_NUM",
    "PART_FLG",
    "HARD_BIN",
    "SOFT_BIN",
    "X_COORD",
    "Y_COORD",
    "PART_ID",
)
_FAR_LITTLE, _FAR_BIG, _FAR = b"\x02\x00\x00\x0a", b"\x00\x02\x00\x0a", 0x000A
_LITTLE, _BIG = struct.Struct("<HBB"), struct.Struct(">HBB")
_VERSION = 4
_MAX_KEPT_BYTES = 128 * MIB
_IN_MEMORY = 256 * MIB
_MOST_LOTS = 1000
_MOST_OTHERS = 500_000
"""Records that matter and are no parts: each is looked at by itself."""
_LONGEST_MRR = 4 + 5 + 2 * 256
_MRR_CODE = b"\x01\x14"
_LONGEST_PADDING = 2**16  # tape blocks and copies by blocks leave zeros behind the last record
COPY_AGAIN = "The file is cut or damaged; copy or export it again."


@dataclass(frozen=True, eq=False)
class LotRecords:
    """The records of one lot.

    Args:
        tables: FAR, MIR, MRR, WIR, WRR, WCR, SDR, HBR, SBR and PRR, as far as the lot has them.
        ended: the lot has a master results record (MRR), which the tester writes last.
    """

    tables: Mapping[str, pa.Table]
    ended: bool

    def rows(self, kind: str) -> Rows:
        """Return the few records of a kind, one dict each."""
        rows: Rows = self.tables[kind].to_pylist() if kind in self.tables else []
        return rows

    def part_columns(self) -> pa.Table | None:
        """Return what matters of the part results, None when the lot has none."""
        return self.tables["PRR"].select(_COLUMNS) if "PRR" in self.tables else None


@dataclass(eq=False)
class _Kept:
    """The bytes of one lot's records that matter."""

    attributes: bytes
    content: BytesIO = field(default_factory=BytesIO)
    informed: bool = False
    ended: bool = False


def recognises(source: Source) -> bool:
    """Return whether a file begins with STDF's file attributes record, in either byte order."""
    return source.head.startswith((_FAR_LITTLE, _FAR_BIG))


def is_complete(source: Source) -> bool:
    """Return whether a file's last record is a master results record (MRR), by reading no more than its end.

    A tester writes the MRR when the lot is done, so a file without one may still be growing.
    """
    header = _LITTLE if source.head.startswith(_FAR_LITTLE) else _BIG
    start = max(0, source.size - _LONGEST_MRR - _LONGEST_PADDING)
    tail = _at(source, start, source.size - start)
    written = len(tail.rstrip(b"\0"))
    place = tail.rfind(_MRR_CODE)
    while place >= max(2, written - _LONGEST_MRR):
        length = header.unpack_from(tail, place - 2)[0]
        end = place + 2 + length
        if written <= end <= len(tail) and _is_results(tail[place + 2 : end]):
            return True
        place = tail.rfind(_MRR_CODE, 0, place + 1)
    return False


def _is_results(body: bytes) -> bool:
    """Return whether the body of an MRR adds up: time, disposition and texts; all but the time may be left out."""
    place = 5
    for _ in range(2):
        if place < len(body):
            place += 1 + body[place]
    return len(body) == place or len(body) == 4


def read_records(source: Source) -> list[LotRecords]:
    """Read the records of every lot of a file, commonly one.

    Raises:
        FormatError: it is no STDF V4, breaks off within a record, or is damaged.
    """
    kept = _chosen_records(source)
    return [
        _tables(one, source.name if len(kept) == 1 else f"{source.name} lot {number} of {len(kept)}")
        for number, one in enumerate(kept, 1)
    ]


def _tables(kept: _Kept, where: str) -> LotRecords:
    with tempfile.NamedTemporaryFile(suffix=".stdf") as file:
        file.write(kept.content.getbuffer())
        file.flush()
        try:
            tables: Mapping[str, pa.Table] = stdf_convert.tables(file.name, [*_KINDS.values()])
        except stdf_convert.StdfError as error:
            said = str(error).removeprefix(f"{file.name}: ")
            raise FormatError(where, f"a record of the STDF cannot be read ({said})", COPY_AGAIN) from error
    version = next((row["STDF_VER"] for row in tables["FAR"].to_pylist()), 0) if "FAR" in tables else 0
    if version != _VERSION:
        raise FormatError(where, f"expected STDF version 4, found {version}", "Convert the file to STDF V4.")
    if "MIR" not in tables:
        raise FormatError(where, "expected a master information record (MIR), found none", COPY_AGAIN)
    return LotRecords(tables, kept.ended)


def _chosen_records(source: Source) -> list[_Kept]:
    """Walk the chain of headers and copy the records that matter, lot by lot."""
    if not recognises(source):
        raise FormatError(source.name, "expected a file attributes record (FAR) at the start, found none", COPY_AGAIN)
    header = _LITTLE if source.head.startswith(_FAR_LITTLE) else _BIG
    size, place, kept_bytes, others = source.size, 0, 0, 0
    lots: list[_Kept] = []
    content = source.content() if size <= _IN_MEMORY else None
    while place < size:
        head = content[place : place + 4] if content is not None else _at(source, place, 4)
        if len(head) < 4:
            if not head.strip(b"\0"):
                break
            raise FormatError(f"{source.name} byte {place}", "the last record is cut off", COPY_AGAIN)
        length, first, second = header.unpack(head)
        code = first << 8 | second
        if code == _FAR and head in (_FAR_LITTLE, _FAR_BIG):  # a joined file may count its bytes the other way
            header, length = (_LITTLE if head == _FAR_LITTLE else _BIG), 2
        elif not code and not length and _only_zeros(source, place):
            break
        end = place + 4 + length
        if end > size:
            problem = f"the record needs {length} bytes, {size - place - 4} are left"
            raise FormatError(f"{source.name} byte {place}", problem, COPY_AGAIN)
        if name := _BY_CODE.get(code):
            record = content[place:end] if content is not None else _at(source, place, 4 + length)
            _keep(lots, name, record, source.name)
            kept_bytes += len(record)
            others += name != "PRR"
            if kept_bytes > _MAX_KEPT_BYTES or others > _MOST_OTHERS:
                raise FormatError(source.name, "the file holds more parts than any lot does", "Split it by wafer.")
        place = end
    return lots


def _keep(lots: list[_Kept], name: str, record: bytes, where: str) -> None:
    """Add a record to its lot: a FAR begins one, and so does an MIR where the lot has one."""
    if name == "FAR":
        lots.append(_Kept(record))
    elif name == "MIR" and lots[-1].informed:
        lots.append(_Kept(lots[-1].attributes))
        lots[-1].content.write(lots[-1].attributes)
    if len(lots) > _MOST_LOTS:
        raise FormatError(where, f"the file is joined of more than {_MOST_LOTS} lots", "Split it by lot.")
    lot = lots[-1]
    lot.content.write(record)
    lot.informed = lot.informed or name == "MIR"
    lot.ended = lot.ended or name == "MRR"


def _only_zeros(source: Source, place: int) -> bool:
    """Return whether nothing but padding is left; zeros that go on for long are no padding."""
    left = source.size - place
    return left <= _LONGEST_PADDING and not _at(source, place, left).strip(b"\0")


def _at(source: Source, place: int, length: int) -> bytes:
    source.stream.seek(place)
    return source.stream.read(length)
