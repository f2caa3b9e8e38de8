"""From an upload into the lake: the original files, the wafers under their names, what was found on them."""

import io
import zipfile
from dataclasses import dataclass

from core.ingestion.held_records import sifted
from core.ingestion.upload_session import UploadSession
from core.ingestion.uploaded_file import UploadedFile
from core.lake import Lake
from core.registry.traffic import Challenger, shared_out
from core.storage.blobs import Blobs


@dataclass(frozen=True)
class Saved:
    """What saving did.

    Args:
        new: wafers that the lake did not hold just like this.
        already: wafers that it did.
        keys: of both, in the order of the upload.
        shared: how many of them keep the challenger's result.
        remarks: a sentence for each wafer whose record in the lake stayed, since it says as much or more.
    """

    new: int
    already: int
    keys: tuple[str, ...]
    shared: int = 0
    remarks: tuple[str, ...] = ()


def save(upload: UploadSession, lake: Lake, blobs: Blobs, challenger: Challenger | None = None) -> Saved:
    """Save all segmented wafers of an upload; saving them again changes nothing but which result is newest.

    Args:
        upload: its names count.
        lake: for wafers and results.
        blobs: for the original files, which are kept first.
        challenger: the model that takes a share of the wafers, and whose results are kept of these; None for none.

    Raises:
        LakeError: the lake or a blob cannot be written.
        ModelError: the challenger's network fails.
    """
    for file in upload.files:
        _keep_originals(file, blobs)
    results = [entry.result for entry in upload.ready if entry.result]
    kept = shared_out(results, challenger, tta=upload.recipe.tta)
    read = sifted(lake, [result.wafer for result in results])
    new, already = lake.append_wafers(read.kept)
    lake.append_results(kept)
    shared = sum(one is not other for one, other in zip(kept, results, strict=True))
    keys = tuple(result.wafer.key for result in results)
    return Saved(new, already + len(read.held_back), keys, shared, read.remarks)


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
