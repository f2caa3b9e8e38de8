"""Read wafers from files into the lake and keep the originals; what is there already is left as it is."""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from core.analysis.result import bounded_batches
from core.ingestion.held_records import sifted
from core.ingestion.orientation_rules import with_rules
from core.lake import Lake
from core.registry.traffic import load_challenger
from core.settings import Settings, settings
from core.storage.blobs import Blobs
from data.errors import SettingError
from data.formats import ReadOptions
from data.wafer import WaferMap
from jobs.check_alarms import check_after_work
from jobs.command import command
from jobs.progress import ProgressLine
from jobs.segment import load_segmenter, segment_lake
from jobs.sources import Reading

WAFERS_PER_PART = 1000


@dataclass(frozen=True)
class IngestConfig:
    """Read wafers from files into the lake; the same file twice changes nothing."""

    paths: tuple[Path, ...]  # files, folders or zips
    home: Path | None = None  # workspace folder; empty: as WAFERSCOPE_HOME says
    segment: bool = False  # then segment what the model has not segmented yet
    model: str = ""  # ONNX file for that; empty: as WAFERSCOPE_MODEL says, else the shipped one


@dataclass(frozen=True)
class Ingested:
    """A part of wafers that is in the lake now.

    Args:
        keys: of its wafers.
        new: how many of them were new or changed.
        already: how many were there just like that.
    """

    keys: tuple[str, ...]
    new: int
    already: int


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
    lake = Lake(at.lake_url)
    status = ingest_files(config.paths, lake, Blobs(at.blobs_url), with_rules(ReadOptions(), at))
    if segmenter:
        segment_lake(lake, segmenter, None if config.model else load_challenger(at))
        check_after_work(at, lake)
    return status


def ingest_files(paths: Sequence[Path], lake: Lake, blobs: Blobs, options: ReadOptions | None = None) -> int:
    """Put every wafer of some files into the lake; a file's bytes are kept before its wafers are.

    Args:
        paths: files, folders or zips.
        lake: appended to.
        blobs: where the originals are kept.
        options: how to read the files.

    Returns:
        0 when every file was read, else 1; the reasons stand on standard error.

    Raises:
        LakeError: the lake or a blob cannot be written.
    """
    reading = Reading(paths, options)
    new = already = 0
    with ProgressLine("ingested") as progress:
        for part in ingest_reading(reading, lake, blobs):
            new, already = new + part.new, already + part.already
            progress.update(new + already, reading.share)
    print(
        f"{new:,} new or changed wafers, {already:,} there already, {len(reading.failures):,} failures.",
        file=sys.stderr,
    )
    return reading.verdict()


def ingest_reading(reading: Reading, lake: Lake, blobs: Blobs) -> Iterator[Ingested]:
    """Put wafers into the lake as they are read, a part at a time.

    One that was read from an export of Waferscope's own never takes the place of a record that says as much or more;
    that is said on standard error.

    Args:
        reading: where they come from; failures stay there.
        lake: appended to.
        blobs: where the originals are kept.

    Raises:
        LakeError: the lake or a blob cannot be written, or a file changed while it was read.
    """
    kept: set[str] = set()

    def keeping_originals(wafer: WaferMap) -> WaferMap:
        if wafer.source_sha256 not in kept:
            with reading.original(wafer.source_name) as stream:
                blobs.add_stream(stream, wafer.source_sha256)
            kept.add(wafer.source_sha256)
        return wafer

    for wafers in bounded_batches(map(keeping_originals, reading), WAFERS_PER_PART):
        read = sifted(lake, wafers)
        for remark in read.remarks:
            print(f"\r{remark}", file=sys.stderr)
        new, already = lake.append_wafers(read.kept)
        lake.tidy()
        yield Ingested(tuple(wafer.key for wafer in wafers), new, already + len(read.held_back))


if __name__ == "__main__":
    sys.exit(main())
