"""Segment wafers: from files into a folder of results, or those of the lake that the model has not seen."""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from core.analysis.result import WaferResult, analyse, bounded_batches
from core.batches.backlog import segment_backlog
from core.exports import ResultWriter
from core.ingestion.orientation_rules import with_rules
from core.lake import Lake
from core.registry.traffic import Challenger, load_challenger
from core.segmentation import Segmenter
from core.segmentation.serving import model_in_use
from core.settings import Settings, settings
from data.errors import SettingError
from data.formats import ReadOptions
from jobs.check_alarms import check_after_work
from jobs.command import command
from jobs.progress import ProgressLine
from jobs.sources import Reading


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
        lake = Lake(at.lake_url)
        segment_lake(lake, segmenter, None if config.model else load_challenger(at))
        check_after_work(at, lake)
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
    reading = Reading(paths, options)
    with ResultWriter(out) as writer, ProgressLine("segmented") as progress:
        for done, (result, milliseconds) in enumerate(_timed(reading, segmenter, tta), 1):
            writer.add(result, milliseconds)
            progress.update(done, reading.share)
        for failure in reading.failures:
            writer.fail(failure.source_name, failure.reason)
    return reading.verdict()


def segment_lake(
    lake: Lake,
    segmenter: Segmenter,
    challenger: Challenger | None = None,
    takes: Callable[[str], bool] = lambda key: True,
) -> int:
    """Segment what the model has not segmented yet in the lake, its share by the challenger.

    What the model segmented before the trial stays its own, so both are compared on wafers of the same days.

    Args:
        lake: read from and appended to.
        segmenter: the model in use.
        challenger: the model that takes a share of the wafers; None for none.
        takes: says of a wafer's key whether it is to be segmented at all.

    Returns:
        0

    Raises:
        LakeError: the lake cannot be read.
        ModelError: the network fails; what was done before is kept.
    """
    if challenger is not None:
        waiting = set(lake.keys_not_segmented_by(segmenter.name))
        _segment(lake, challenger.segmenter, lambda key: takes(key) and key in waiting and challenger.takes(key))
        _segment(lake, segmenter, lambda key: takes(key) and not challenger.takes(key))
    else:
        _segment(lake, segmenter, takes)
    return 0


def _segment(lake: Lake, segmenter: Segmenter, takes: Callable[[str], bool] = lambda key: True) -> None:
    steps = segment_backlog(lake, segmenter, takes)
    _, total = next(steps)
    if total == 0:
        print(f"Every wafer of the lake is segmented by {segmenter.name}.", file=sys.stderr)
        return
    with ProgressLine("segmented", total) as progress:
        for done, _ in steps:
            progress.update(done)


def _timed(reading: Reading, segmenter: Segmenter, tta: bool) -> Iterator[tuple[WaferResult, float]]:
    """Results, each with its share in milliseconds of the time that reading and analysing its batch took."""
    started = time.perf_counter()
    for wafers in bounded_batches(reading):
        results = analyse(wafers, segmenter, tta=tta)
        milliseconds = (time.perf_counter() - started) * 1000 / len(wafers)
        yield from ((result, milliseconds) for result in results)
        started = time.perf_counter()


if __name__ == "__main__":
    sys.exit(main())
