"""Segment wafers: from files into a folder of results, or those of the lake that the model has not seen."""

import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from core.analysis.result import WaferResult, analyse, bounded_batches
from core.exports import ResultWriter
from core.ingestion.orientation_rules import with_rules
from core.ingestion.sources import Sources
from core.lake import Lake
from core.pipeline import Pipeline
from core.segmentation import Segmenter
from core.segmentation.serving import model_in_use
from core.settings import Settings, settings
from data.errors import SettingError
from data.formats import ReadOptions
from jobs.arrivals import pipeline_of, take_in_and_tell
from jobs.command import command
from jobs.progress import ProgressLine
from jobs.sources import sources_of, verdict


@dataclass(frozen=True)
class SegmentConfig:
    """Segment wafers from files into a folder of results, or those of the lake that the model has not segmented."""

    paths: tuple[Path, ...]  # files, folders or zips
    out: Path | None = None  # folder for masks, tables and summary.json
    lake: bool = False  # segment what is in the lake instead of files
    model: str = ""  # ONNX file; empty: as WAFERSCOPE_MODEL says, else the shipped one
    tta: bool = False  # average over eight turns and flips: up to eight times the work, steadier answers
    home: Path | None = None  # workspace folder; empty: as WAFERSCOPE_HOME says


@command(SegmentConfig)
def main(config: SegmentConfig) -> int:
    """Run the job.

    Returns:
        0, or 1 when a file could not be read, nothing was read, or the job could not run.
    """
    return _run(config, settings().at(config.home))


def _run(config: SegmentConfig, at: Settings) -> int:
    if config.lake == bool(config.paths) or config.lake == (config.out is not None):
        raise SettingError("command line", "expected PATH... with --out, or --lake", "Say which of both to segment.")
    segmenter = load_segmenter(at, config.model)
    if config.out is None:
        segment_lake(pipeline_of(at, Lake(at.lake_url), segmenter, model=config.model))
        return 0
    options = with_rules(ReadOptions(), at)
    return segment_files(config.paths, config.out, segmenter, tta=config.tta, options=options)


def load_segmenter(at: Settings, model: str = "") -> Segmenter:
    """Load the model that a flag names, else the settings', else the champion, else the shipped one.

    Raises:
        ModelError: it is missing, damaged or does not fit.
    """
    return Segmenter.load(model or str(model_in_use(at)), threads=at.threads or None)


def segment_files(
    paths: Sequence[Path], out: Path, segmenter: Segmenter, *, tta: bool = False, options: ReadOptions | None = None
) -> int:
    """Segment every wafer of some files and write the results.

    Args:
        paths: files, folders or zips.
        out: folder for the results.
        segmenter: the model.
        tta: average over eight turns and flips.
        options: how to read the files.

    Returns:
        0 when every file was read, else 1; the reasons stand in summary.json and on standard error.

    Raises:
        SettingError: the folder cannot be written to.
        ModelError: the network fails; nothing is written.
    """
    reading = sources_of(paths, options)
    with ResultWriter(out) as writer, ProgressLine("segmented") as progress:
        for done, (result, milliseconds) in enumerate(_timed(reading, segmenter, tta), 1):
            writer.add(result, milliseconds)
            progress.update(done, reading.share)
        for failure in reading.failures:
            writer.fail(failure.source_name, failure.reason)
    return verdict(reading)


def segment_lake(pipeline: Pipeline) -> None:
    """Segment what the models in use have not segmented yet in the lake.

    Raises:
        LakeError: the lake cannot be read.
        ModelError: a network fails; what was done before is kept.
    """
    if not take_in_and_tell(pipeline, also=None).segmented and pipeline.segmenter:
        print(f"Every wafer of the lake is segmented by {pipeline.segmenter.name}.", file=sys.stderr)


def _timed(reading: Sources, segmenter: Segmenter, tta: bool) -> Iterator[tuple[WaferResult, float]]:
    """Results, each with its share in milliseconds of the time that reading and analysing its batch took."""
    started = time.perf_counter()
    for wafers in bounded_batches(reading):
        results = analyse(wafers, segmenter, tta=tta)
        milliseconds = (time.perf_counter() - started) * 1000 / len(wafers)
        yield from ((result, milliseconds) for result in results)
        started = time.perf_counter()


if __name__ == "__main__":
    sys.exit(main())
