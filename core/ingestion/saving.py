"""From an upload on its way into the lake: the original files, and what was found on their wafers."""

import io
import zipfile
from collections.abc import Iterator

from core.analysis.result import WaferResult
from core.ingestion.upload_session import UploadSession
from core.ingestion.uploaded_file import UploadedFile
from core.storage.blobs import Blobs


def results_to_keep(upload: UploadSession, blobs: Blobs) -> Iterator[WaferResult]:
    """Keep the original files of an upload, then yield the results of all its segmented wafers, in its order.

    Args:
        upload: its names count.
        blobs: for the original files, which are kept before the first result is given.

    Raises:
        LakeError: a blob cannot be written.
    """
    for file in upload.files:
        _keep_originals(file, blobs)
    for entry in upload.ready:
        if entry.result:
            yield entry.result


def _keep_originals(file: UploadedFile, blobs: Blobs) -> None:
    """Keep the file, or those entries of a zip that gave a wafer."""
    names = {e.wafer.source_sha256: e.wafer.source_name for e in file.entries if e.result}
    if names.pop(file.sha256, None) is not None:
        blobs.add(file.content)
    if not names:
        return
    with zipfile.ZipFile(io.BytesIO(file.content)) as archive:
        for sha256, name in names.items():
            with archive.open(name.partition("/")[2]) as stream:
                blobs.add_stream(stream, sha256)
