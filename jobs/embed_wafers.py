"""Embed the wafers of the lake, and their clusters, that the model has not embedded yet."""

import sys
from dataclasses import dataclass
from pathlib import Path

from core.lake import Lake
from core.settings import settings
from core.similarity.embeddings import embed_backlog
from jobs.command import command
from jobs.progress import ProgressLine
from jobs.segment import load_segmenter


@dataclass(frozen=True)
class EmbedConfig:
    """Embed the wafers of the lake, and their clusters, that the model has not embedded yet."""

    model: str = ""  # ONNX file; empty: as WAFERSCOPE_MODEL says, else the shipped one
    home: Path | None = None  # workspace folder; empty: as WAFERSCOPE_HOME says


@command(EmbedConfig)
def main(config: EmbedConfig) -> int:
    """Run the job.

    Returns:
        0, or 1 when the job could not run.
    """
    at = settings().at(config.home)
    segmenter = load_segmenter(at, config.model)
    steps = embed_backlog(Lake(at.lake_url), segmenter)
    _, total = next(steps)
    if not total:
        print(f"Every wafer of the lake is embedded by {segmenter.name}.", file=sys.stderr)
        return 0
    with ProgressLine("embedded", total) as progress:
        for done, _ in steps:
            progress.update(done)
    return 0


if __name__ == "__main__":
    sys.exit(main())
