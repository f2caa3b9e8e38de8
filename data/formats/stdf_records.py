"""The records of an STDF V4 file that say where parts lie and how they were judged, as tables.

The file's chain of record headers is walked here, so that a cut or damaged file is told with the byte at which it
breaks; the few kinds of record that matter are passed on to stdf-convert, which takes their fields apart. Everything
else, commonly nine tenths of a file, is skipped unread.
"""

import struct
import tempfile
from collections.abc import Mapping
from io import BytesIO
from typing import Any

import pyarrow as pa
import stdf_convert

from data.errors import FormatError
from data.formats.options import MIB
from data.formats.source import Source

Rows = list[dict[str, Any]]
_KINDS = {
    (0, 10): "FAR", (1, 10): "MIR", (1, 20): "MRR", (1, 40): "HBR", (1, 50): "SBR", (2, 10): "WIR", (2, 20): "WRR",
    (2, 30): "WCR", (5, 20): "PRR",
}  # fmt: skip
_COLUMNS = ("sequence_number", "HEAD_NUM", "PART_FLG", "HARD_BIN", "SOFT_BIN", "X_COORD", "Y_COORD")
_FAR_LITTLE, _FAR_BIG = b"\x02\x00\x00\x0a", b"\x00\x02\x00\x0a"
_MAX_KEPT_BYTES = 128 * MIB
_IN_MEMORY = 256 * MIB
COPY_AGAIN = "The file is cut or damaged; copy or export it again."


def recognises(source: Source) -> bool:
    """Tell whether a file begins with STDF's file attributes record, in either byte order."""
    return source.head.startswith((_FAR_LITTLE, _FAR_BIG))


def read_records(source: Source) -> Mapping[str, pa.Table]:
    """Give the tables MIR, MRR, WIR, WRR, WCR, HBR, SBR and PRR, as far as the file has them.

    Raises:
        FormatError: it is no STDF V4, breaks off, is damaged, or has no end.
    """
    kept = _chosen_records(source)
    with tempfile.NamedTemporaryFile(suffix=".stdf") as file:
        file.write(kept)
        file.flush()
        try:
            tables: Mapping[str, pa.Table] = stdf_convert.tables(file.name, [*_KINDS.values()])
        except stdf_convert.StdfError as error:
            said = str(error).removeprefix(f"{file.name}: ")
            raise FormatError(source.name, f"a record of the STDF cannot be read ({said})", COPY_AGAIN) from error
    if "MIR" not in tables:
        raise FormatError(source.name, "expected a master information record (MIR), found none", COPY_AGAIN)
    return tables


def rows_of(tables: Mapping[str, pa.Table], kind: str) -> Rows:
    """Give the few records of a kind, one dict each."""
    rows: Rows = tables[kind].to_pylist() if kind in tables else []
    return rows


def part_columns(tables: Mapping[str, pa.Table]) -> pa.Table | None:
    """Give what matters of the part results, None when the file has none."""
    return tables["PRR"].select(_COLUMNS) if "PRR" in tables else None


def _chosen_records(source: Source) -> bytes:
    """Walk the chain of headers and copy the records that matter."""
    header = struct.Struct("<HBB" if source.head.startswith(_FAR_LITTLE) else ">HBB")
    stream, place = source.stream, 0
    stream.seek(0)
    kept, ended = BytesIO(), False
    kinds = {code[0] << 8 | code[1]: name for code, name in _KINDS.items()}
    content = source.content() if source.size <= _IN_MEMORY else None
    while place < source.size:
        head = content[place : place + 4] if content is not None else _at(source, place, 4)
        if len(head) < 4:
            raise FormatError(f"{source.name} byte {place}", "the last record is cut off", COPY_AGAIN)
        length, first, second = header.unpack(head)
        end = place + 4 + length
        if end > source.size:
            problem = f"the record needs {length} bytes, {source.size - place - 4} are left"
            raise FormatError(f"{source.name} byte {place}", problem, COPY_AGAIN)
        name = kinds.get(first << 8 | second)
        if name:
            kept.write(content[place:end] if content is not None else _at(source, place, 4 + length))
            ended = ended or name == "MRR"
            if kept.tell() > _MAX_KEPT_BYTES:
                raise FormatError(source.name, "the file holds more parts than any lot does", "Split it by wafer.")
        place = end
    if not ended:
        raise FormatError(source.name, "expected a master results record (MRR) at the end, found none", COPY_AGAIN)
    return kept.getvalue()


def _at(source: Source, place: int, length: int) -> bytes:
    source.stream.seek(place)
    return source.stream.read(length)
