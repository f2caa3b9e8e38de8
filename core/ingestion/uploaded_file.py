"""A file that a person handed in, the wafers it gave, and what the person calls them."""

from dataclasses import dataclass, field, replace

from core.analysis.result import WaferResult
from core.reading import FileReading
from data.formats import ReadFailure
from data.wafer import WaferMap


@dataclass(frozen=True)
class Names:
    """What a person calls a wafer."""

    lot_id: str
    wafer_id: str
    product: str


@dataclass(eq=False)
class Entry:
    """One wafer of a file.

    Args:
        id: unique and the same whenever this file is handed in.
        number: its place in the file, from 0.
        wafer: as read, under the names the person gave it.
        result: as analysed, None until its turn comes.
        milliseconds: its share of the time that reading and analysis took.
    """

    id: str
    number: int
    wafer: WaferMap
    result: WaferResult | None = None
    milliseconds: float = 0.0

    def rename(self, names: Names) -> None:
        """Call the wafer otherwise, in its result too.

        Raises:
            WaferValueError: lot or wafer is empty; nothing changes.
        """
        wafer = replace(self.wafer, lot_id=names.lot_id, wafer_id=names.wafer_id, product=names.product)
        self.wafer = wafer
        if self.result:
            segmentation = replace(self.result.segmentation, key=wafer.key)
            self.result = replace(self.result, wafer=wafer, segmentation=segmentation)


@dataclass(eq=False)
class UploadedFile:
    """One file and what it gave so far.

    Args:
        name: as the person knows it.
        content: its bytes.
        sha256: their hash.
        names: wafers that the person named, by their number.
        entries: its wafers.
        failures: why it, or parts of it, gave nothing.
        reading: what is left to read of it, None when nothing is.
        reading_ms: since its last wafer was read.
        cancelled: a person ended its reading.
    """

    name: str
    content: bytes
    sha256: str
    names: dict[int, Names] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)
    failures: list[ReadFailure] = field(default_factory=list)
    reading: FileReading | None = None
    reading_ms: float = 0.0
    cancelled: bool = False

    @property
    def short_id(self) -> str:
        """What the ids of its wafers begin with."""
        return self.sha256[:16]

    def take(self, wafer: WaferMap) -> None:
        """Add a wafer that was read, under the name that a person gave it if one did."""
        number = len(self.entries)
        entry = Entry(f"{self.short_id}-{number}", number, wafer, milliseconds=self.reading_ms)
        self.reading_ms = 0.0
        if number in self.names:
            entry.rename(self.names[number])
        self.entries.append(entry)
