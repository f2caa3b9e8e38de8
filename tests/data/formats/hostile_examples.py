"""What tests of hostile files share: reading within bounds, and bytes that writers would not write."""

import io
import struct
import time
import tracemalloc
import zipfile

from data.formats import ReadFailure, ReadOptions, read_bytes
from data.wafer import WaferMap

MIB = 2**20
HARDLY_ANY = 64 * MIB
"""Memory that no small file's reading exceeds."""


def read_within(name: str, content: bytes, most: int = HARDLY_ANY, **options) -> list[WaferMap | ReadFailure]:
    """Read a file, and hold what it took against a bound."""
    tracemalloc.start()
    try:
        results = list(read_bytes(name, content, options=ReadOptions(**options)))
        assert tracemalloc.get_traced_memory()[1] < most
    finally:
        tracemalloc.stop()
    return results


def refusal(name: str, content: bytes, most: int = HARDLY_ANY, **options) -> str:
    [failure] = read_within(name, content, most, **options)
    assert isinstance(failure, ReadFailure)
    return failure.reason


def seconds(name: str, content: bytes) -> float:
    begin = time.thread_time()
    list(read_bytes(name, content))
    return time.thread_time() - begin


def grows_with_its_size(name: str, make, size: int) -> bool:
    """Return whether eight times the file takes about eight times as long, and not sixty-four times."""
    seconds(name, make(8))  # what is imported and kept
    large, small = (min(seconds(name, content) for _ in range(3)) for content in (make(8 * size), make(size)))
    return large < 30 * max(small, 1e-3)


def npy(shape: str, descr: str, content: bytes = b"") -> bytes:
    header = f"{{'descr': {descr!r}, 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + content


def zipped(entries: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return stream.getvalue()
