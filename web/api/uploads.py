"""Files that a request hands in, on disk under their own names."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from fastapi import UploadFile

from data.formats.reading import upload_name
from web.api.errors import RequestError

MOST_FILES = 1000
_CHUNK = 2**20


def on_disk(files: Sequence[UploadFile], folder: Path) -> list[Path]:
    """Write files that were handed in to a folder, each into one of its own, so that equal names do not meet.

    Args:
        files: from the request.
        folder: an empty one.

    Raises:
        RequestError: there are too many.
    """
    if len(files) > MOST_FILES:
        raise RequestError("files", f"{len(files):,} files are more than {MOST_FILES:,}", "Send a zip, or fewer.")
    paths = []
    for count, file in enumerate(files):
        place = folder / str(count) / upload_name(file.filename or "upload")
        place.parent.mkdir()
        with place.open("wb") as kept:
            shutil.copyfileobj(file.file, kept, _CHUNK)
        paths.append(place)
    return paths
