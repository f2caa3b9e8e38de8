"""Reading files in other processes, within limits: whoever reads what a person hands in calls this."""

from core.reading.file_reading import FileReading
from core.reading.files import entry_count, grey_picture, in_turn, is_growing, prepare, read_bytes, read_wafers
from core.reading.limits import ReadLimits, limits_now

__all__ = [
    "FileReading",
    "ReadLimits",
    "entry_count",
    "grey_picture",
    "in_turn",
    "is_growing",
    "limits_now",
    "prepare",
    "read_bytes",
    "read_wafers",
]
