"""Which files a tester is still writing: an STDF file is whole once it has the record that ends a lot."""

from typing import BinaryIO

from data.errors import FormatError
from data.formats import stdf
from data.formats.compressed import decompressed, is_compressed
from data.formats.options import ReadOptions
from data.formats.source import Source


def is_growing(name: str, stream: BinaryIO) -> bool:
    """Return whether a file is an STDF file, packed or not, without the record that its tester writes at the end.

    A packed file that breaks off counts, too, whatever is in it. One that cannot be read does not: reading it says why.

    Args:
        name: of the file.
        stream: its bytes, in binary mode.
    """
    try:
        source = Source(name, stream)
        if not is_compressed(source):
            return _unfinished(source)
        with decompressed(source, ReadOptions()) as unpacked:
            return _unfinished(unpacked)
    except EOFError:
        return True
    except (FormatError, OSError):
        return False


def _unfinished(source: Source) -> bool:
    return stdf.recognises(source) and not stdf.is_complete(source)
