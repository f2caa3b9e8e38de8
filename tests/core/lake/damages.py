"""What happens to a part of the lake: a full disk, a power cut, a bad sector, somebody's hand."""

import random
from collections.abc import Callable
from pathlib import Path

END = 8  # bytes: the length of the footer, and the magic word


def _cut(part: Path) -> None:
    content = part.read_bytes()
    part.write_bytes(content[: len(content) // 2])


def _bad_rows(part: Path) -> None:
    """Noise in place of the rows, behind a footer that is whole."""
    content = part.read_bytes()
    footer = int.from_bytes(content[-END:-4], "little") + END
    noise = random.Random(1).randbytes(max(0, len(content) - footer - 4))
    part.write_bytes(content[:4] + noise + content[-footer:])


def _bad_footer(part: Path) -> None:
    content = part.read_bytes()
    footer = int.from_bytes(content[-END:-4], "little")
    part.write_bytes(content[: -END - footer] + random.Random(2).randbytes(footer) + content[-END:])


DAMAGES: dict[str, Callable[[Path], object]] = {
    "bad-footer": _bad_footer,
    "bad-rows": _bad_rows,
    "cut": _cut,
    "empty": lambda part: part.write_bytes(b""),
    "missing": Path.unlink,
    "noise": lambda part: part.write_bytes(random.Random(3).randbytes(part.stat().st_size)),
}
"""By name: what is done to the file of a part."""
