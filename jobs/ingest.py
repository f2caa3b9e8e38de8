"""Read wafers from files into the lake and keep the originals; what is there already is left as it is."""

import sys
from dataclasses import dataclass
from pathlib import Path

from core.ingestion.orientation_rules import with_rules
from core.ingestion.sources import keeping_originals
from core.lake import Lake
from core.settings import Settings, settings
from core.storage.blobs import Blobs
from data.errors import SettingError
from data.formats import ReadOptions
from jobs.arrivals import pipeline_of, take_in_and_tell
from jobs.command import command
from jobs.segment import load_segmenter
from jobs.sources import sources_of, verdict


@dataclass(frozen=True)
class IngestConfig:
    """Read wafers from files into the lake; the same file twice changes nothing."""

    paths: tuple[Path, ...]  # files, folders or zips
    home: Path | None = None  # workspace folder; empty: as WAFERSCOPE_HOME says
    segment: bool = False  # then segment what the model has not segmented yet
    model: str = ""  # ONNX file for that; empty: as WAFERSCOPE_MODEL says, else the shipped one


@command(IngestConfig)
def main(config: IngestConfig) -> int:
    """Run the job.

    Returns:
        0, or 1 when a file could not be read, nothing was read, or the job could not run.
    """
    return _run(config, settings().at(config.home))


def _run(config: IngestConfig, at: Settings) -> int:
    if not config.paths:
        raise SettingError("command line", "expected files, folders or zips, found none", "Name what to ingest.")
    segmenter = load_segmenter(at, config.model) if config.segment else None  # a missing model shows before the work
    lake, reading = Lake(at.lake_url), sources_of(config.paths, with_rules(ReadOptions(), at))
    pipeline = pipeline_of(at, lake, segmenter, model=config.model)
    taken = take_in_and_tell(
        pipeline,
        keeping_originals(reading, Blobs(at.blobs_url)),
        also=None if segmenter else (),
        share=lambda: reading.share,
    )
    print(
        f"{taken.new:,} new or changed wafers, {taken.already:,} there already, {len(reading.failures):,} failures.",
        file=sys.stderr,
    )
    return verdict(reading)


if __name__ == "__main__":
    sys.exit(main())
