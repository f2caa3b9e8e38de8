"""Build the indexes in which similar wafers are found anew, embedding first what was not embedded yet."""

import sys
from dataclasses import dataclass
from pathlib import Path

from core.lake import Lake
from core.segmentation import Segmenter
from core.settings import settings
from core.similarity import SimilarityIndex
from core.similarity.index import IndexKind
from core.similarity.upkeep import EMBEDDING, bring_up_to_date
from jobs.command import command
from jobs.progress import ProgressLine
from jobs.segment import load_segmenter


@dataclass(frozen=True)
class IndexConfig:
    """Build the indexes in which similar wafers are found anew, embedding first what was not embedded yet."""

    model: str = ""  # ONNX file; empty: as WAFERSCOPE_MODEL says, else the shipped one
    home: Path | None = None  # workspace folder; empty: as WAFERSCOPE_HOME says


@command(IndexConfig)
def main(config: IndexConfig) -> int:
    """Run the job.

    Returns:
        0, or 1 when the job could not run.
    """
    at = settings().at(config.home)
    build(Lake(at.lake_url), load_segmenter(at, config.model), at.home)
    return 0


def build(lake: Lake, segmenter: Segmenter, home: Path) -> None:
    """Embed and index, with a line that says how far it is.

    Raises:
        LakeError: the lake cannot be read.
        ModelError: the model gives no embeddings, or fails.
        OSError: an index cannot be saved.
    """
    with ProgressLine("embedded") as progress:
        for step in bring_up_to_date(lake, segmenter, home, anew=True):
            if step.what == EMBEDDING:
                progress.update(step.done, step.done / step.total if step.total else 1.0)
    sizes = [f"{len(SimilarityIndex.load(home, segmenter.name, kind)):,} {kind}" for kind in IndexKind]
    print(f"The indexes hold {' and '.join(sizes)}.", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
