"""Which files a tester is still writing: an STDF file is whole once it has the record that ends a lot."""

from pathlib import Path

from data.errors import FormatError
from data.formats import ReadOptions, stdf
from data.formats.compressed import decompressed, is_compressed
from data.formats.source import Source


def is_growing(path: Path) -> bool:
    """Say whether a file is an STDF file, packed or not, without the record that its tester writes at the end.

    A packed file that breaks off counts, too, whatever is in it. One that cannot be opened does not: reading it says
    why.
    """
    try:
        with path.open("rb") as stream:
            source = Source(path.name, stream)
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
