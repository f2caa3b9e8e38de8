"""What jobs meet that no test should have to wait for: a disk that fills up."""

import errno
from pathlib import Path

import pytest


@pytest.fixture
def full_disk(monkeypatch):
    """Every text that is written from now on breaks off half way, as on a disk that has no room left."""
    whole = Path.write_text

    def half(self: Path, text: str, *options, **named) -> int:
        whole(self, text[: len(text) // 2], *options, **named)
        raise OSError(errno.ENOSPC, "No space left on device", str(self))

    monkeypatch.setattr(Path, "write_text", half)
