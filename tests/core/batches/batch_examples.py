"""A batch of few wafers, and a model that fails on some of them."""

from collections.abc import Sequence
from pathlib import Path

from core.batches.folder import Batch
from core.batches.notes import WAFERS_PER_PART, BatchRequest
from core.batches.reading import read_parts
from core.batches.segmenting import segment_part, unfinished
from core.lake import Lake
from core.segmentation import Segmentation, Segmenter
from data.errors import ModelError
from data.formats import ReadOptions
from data.formats.write import write_npz, write_png
from data.wafer import WaferMap
from tests.core.wafers import disc, radius, wafer

SIZE = 27
BROKEN = b"\x89PNG\r\n\x1a\n and then nothing"


def shown(number: int) -> WaferMap:
    """A disc whose rim or middle fails, by turns."""
    rim = radius(SIZE) > 0.85 if number % 2 else radius(SIZE) < 0.3
    return wafer(rim, dies=disc(SIZE), name=f"W{number:02d}")


def mixed_folder(folder: Path, wafers: int = 6) -> Path:
    """Files of a batch: an npz of wafers, a picture, and a picture that is none."""
    folder.mkdir()
    write_npz([shown(number) for number in range(wafers)], folder / "lot.npz")
    write_png(shown(90), folder / "LOT9_W90.png")
    (folder / "broken.png").write_bytes(BROKEN)
    return folder


def accepted(folder: Path, *paths: Path, wafers_per_part: int = WAFERS_PER_PART, model: str = "") -> Batch:
    """A batch of files that nothing was done of yet."""
    batch = Batch(folder)
    names = tuple(str(path) for path in paths)
    batch.accept(BatchRequest("one", "ana", paths=names, wafers_per_part=wafers_per_part, model=model))
    return batch


def read_batch(home: Path, *paths: Path, wafers_per_part: int = WAFERS_PER_PART) -> Batch:
    """A batch of files that is read."""
    batch = accepted(home / "batches" / "one", *paths, wafers_per_part=wafers_per_part)
    for _ in read_parts(batch, Lake(home / "lake"), ReadOptions()):
        pass
    return batch


def segment_all(batch: Batch, segmenter: Segmenter, *, retry: bool = False) -> int:
    """Finish every piece; how many wafers were worked on."""
    return sum(sum(segment_part(batch, number, segmenter)) for number in unfinished(batch, segmenter.name, retry=retry))


class Choosy:
    """A model that fails on wafers of some names, and remembers what it was shown."""

    def __init__(self, segmenter: Segmenter, *refused: str) -> None:
        self._segmenter = segmenter
        self.name = segmenter.name
        self.refused = set(refused)
        self.seen: list[str] = []

    def segment(self, wafers: Sequence[WaferMap], *, tta: bool = False) -> list[Segmentation]:
        """Segment, or fail as a network does."""
        self.seen += [one.wafer_id for one in wafers]
        if self.refused & {one.wafer_id for one in wafers}:
            raise ModelError("choosy", "the network fails on this input", "Give it another.")
        return self._segmenter.segment(wafers, tta=tta)
