"""placeholder."""

from collections.abc import Iterator
from data.formats.options import ReadFailure, ReadOptions
from data.formats.source import Source
from data.wafer import WaferMap
from data.errors import FormatError


def read(source: Source, options: ReadOptions) -> Iterator[WaferMap | ReadFailure]:
    raise FormatError(source.name, "pickles are not read yet", "Convert it.")
    yield
