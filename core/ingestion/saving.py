"""From an upload on its way into the lake: the original files, and what was found on their wafers."""

import io
import zipfile
from collections import Counter
from collections.abc import Collection, Iterable, Iterator

from core.analysis.result import WaferResult
from core.ingestion.upload_session import UploadSession
from core.ingestion.uploaded_file import Entry, UploadedFile
from core.storage.blobs import Blobs


def results_to_keep(upload: UploadSession, blobs: Blobs) -> Iterator[WaferResult]:
    """Keep the original files of an upload, then yield the results of the wafers that have a name of their own.

    Args:
        upload: its names count, and its order; wafers that share a name are left out with their files.
        blobs: for the original files, which are kept before the first result is given.

    Raises:
        LakeError: a blob cannot be written.
    """
    shared = shared_names(upload.ready)
    for file in upload.files:
        _keep_originals(file, blobs, shared)
    for entry in upload.ready:
        if entry.result and entry.wafer.key not in shared:
            yield entry.result


def shared_names(entries: Iterable[Entry]) -> list[str]:
    """Return the keys that more than one wafer has, in the order they come."""
    return [name for name, count in Counter(entry.wafer.key for entry in entries).items() if count > 1]


def _keep_originals(file: UploadedFile, blobs: Blobs, shared: Collection[str]) -> None:
    """Keep the file, or those entries of a zip that gave a wafer that is kept."""
    kept = [e.wafer for e in file.entries if e.result and e.wafer.key not in shared]
    names = {wafer.source_sha256: wafer.source_name for wafer in kept}
    if names.pop(file.sha256, None) is not None:
        blobs.add(file.content)
    if not names:
        return
    with zipfile.ZipFile(io.BytesIO(file.content)) as archive:
        for sha256, name in names.items():
            with archive.open(name.partition("/")[2]) as stream:
                blobs.add_stream(stream, sha256)
