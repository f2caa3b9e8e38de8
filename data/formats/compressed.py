"""Single files packed with gzip or bzip2, unpacked within the bounds that zips keep."""

import bz2
import gzip
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, cast

from data.errors import FormatError
from data.formats.archive import check_growth, is_archive
from data.formats.options import MIB, ReadOptions
from data.formats.source import Source

_GZIP, _BZIP2 = b"\x1f\x8b\x08", b"BZh"
_CHUNK = MIB
_IN_MEMORY = 32 * MIB


def is_compressed(source: Source) -> bool:
    """Return whether a file is packed with gzip or bzip2."""
    return source.head.startswith((_GZIP, _BZIP2))


@contextmanager
def decompressed(source: Source, options: ReadOptions) -> Iterator[Source]:
    """Unpack a file to memory, or to a nameless temporary file when it is large.

    Raises:
        FormatError: it grows without measure, or what is in it is packed again.
        OSError, EOFError: it is damaged.
    """
    if source.packed:
        raise FormatError(source.name, "the file is packed twice", "Unpack it once.")
    source.stream.seek(0)
    opened = (
        gzip.GzipFile(fileobj=source.stream, mode="rb") if source.head.startswith(_GZIP) else bz2.BZ2File(source.stream)
    )
    with opened as packed, tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY) as stream:
        while chunk := packed.read(_CHUNK):
            stream.write(chunk)
            check_growth(stream.tell(), source.size, source.name, options)
        content = Source(source.name, cast(BinaryIO, stream), packed=source)
        if is_archive(content):
            raise FormatError(source.name, "a zip within a packed file is not read", "Send the zip itself.")
        yield content
