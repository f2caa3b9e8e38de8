"""Lay the wafers of the lake out on a map by how much they look alike, or bring that map up to date."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, groupby
from pathlib import Path

from core.lake import Lake
from core.projection.clusters import FEWEST_ASKED, MOST_ASKED
from core.projection.upkeep import bring_up_to_date
from core.settings import settings
from core.similarity.upkeep import Step
from data.errors import SettingError
from jobs.command import command
from jobs.progress import ProgressLine
from jobs.segment import load_segmenter


@dataclass(frozen=True)
class MapConfig:
    """Lay the wafers of the lake out on a map by how much they look alike, or bring that map up to date."""

    clusters: int | None = None  # clusters to part the wafers into, 2 to 60; empty: the silhouette chooses
    anew: bool = False  # fit the map anew, even where placing new wafers on it would do
    seed: int = 0  # of a new fit; the same seed and wafers give the same map
    model: str = ""  # ONNX file; empty: as WAFERSCOPE_MODEL says, else the shipped one
    home: Path | None = None  # workspace folder; empty: as WAFERSCOPE_HOME says


@command(MapConfig)
def main(config: MapConfig) -> int:
    """Run the job.

    Returns:
        0, or 1 when the job could not run.
    """
    if config.clusters is not None and not FEWEST_ASKED <= config.clusters <= MOST_ASKED:
        raise SettingError("--clusters", f"found {config.clusters}", f"Give {FEWEST_ASKED} to {MOST_ASKED}.")
    at = settings().at(config.home)
    steps = bring_up_to_date(
        Lake(at.lake_url),
        load_segmenter(at, config.model),
        at.home,
        clusters=config.clusters,
        anew=config.anew,
        seed=config.seed,
    )
    show(steps)
    return 0


def show(steps: Iterator[Step]) -> None:
    """Take the steps, with a line for each kind of work that says how far it is."""
    for what, some in groupby(steps, key=lambda step: step.what):
        first = next(some)
        if not first.total:
            print(f"There is nothing that is not {what} yet.", file=sys.stderr)
            continue
        with ProgressLine(what, first.total) as progress:
            for step in chain([first], some):
                progress.update(step.done)


if __name__ == "__main__":
    sys.exit(main())
