"""Files into wafers and wafers into files.

`read_wafers` and `read_bytes` take anything a person has (see `READERS`), decide by content what it is, and give one
`WaferMap` after the other; a file that cannot be read becomes one `ReadFailure` whose reason is a sentence.
`data.formats.write` writes what the readers read.
"""

from data.formats.options import ReadFailure, ReadOptions
from data.formats.reading import read_bytes, read_wafers
from data.formats.registry import READERS, Reader, known_suffixes

__all__ = ["READERS", "ReadFailure", "ReadOptions", "Reader", "known_suffixes", "read_bytes", "read_wafers"]
