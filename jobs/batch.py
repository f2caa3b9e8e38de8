"""Work through thousands of wafers in the background: goes on where it stopped, lists failures, gives one archive."""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from core.batches.asking import lake_keys
from core.batches.folder import Batch, new_batch
from core.batches.notes import BatchRequest
from core.batches.reading import read_again, read_parts
from core.batches.results import results_of, write_archive
from core.batches.segmenting import segment_part, unfinished, waiting_in
from core.batches.spreading import segment_parts_on_ray
from core.batches.telling import channels_named, tell_done
from core.database import AppDatabase
from core.identity import local_person
from core.ingestion.orientation_rules import with_rules
from core.ingestion.sources import keeping_originals
from core.lake import Lake, WaferFilter
from core.segmentation import Segmenter
from core.settings import Settings, settings
from core.storage.blobs import Blobs
from data.errors import AppDatabaseError, BatchError
from data.formats import ReadOptions
from jobs.arrivals import pipeline_of, take_in_and_tell
from jobs.command import command
from jobs.progress import ProgressLine
from jobs.segment import load_segmenter
from jobs.sources import sources_of


@dataclass(frozen=True)
class BatchConfig:
    """Segment thousands of wafers of files or of the lake into one archive; a batch that stopped goes on."""

    paths: tuple[Path, ...]  # files, folders or zips
    out: Path | None = None  # the batch's folder; one that is there goes on; empty: a new one in the workspace
    lake: bool = False  # wafers of the lake instead of files: all, or those that the next flags let through
    product: tuple[str, ...] = ()  # of the lake: only these products
    lot: tuple[str, ...] = ()  # of the lake: only these lots
    wafers: Path | None = None  # of the lake: only those that this file names, LOT:WAFER, one a line
    title: str = ""  # for people; empty: the names of the files
    tta: bool = False  # average over eight turns and flips: up to eight times the work, steadier answers
    save: bool = False  # keep wafers and results in the lake when all is done; a challenger segments its share anew
    tell: tuple[str, ...] = ()  # channels of the page Alarms that are told when it is done, by name
    retry: bool = False  # of a batch that is there, also try again what failed
    model: str = ""  # ONNX file; empty: as WAFERSCOPE_MODEL says, else the shipped one
    home: Path | None = None  # workspace folder; empty: as WAFERSCOPE_HOME says


@command(BatchConfig)
def main(config: BatchConfig) -> int:
    """Run the job.

    Returns:
        0 when all was worked through, whatever single wafers failed; they are listed. 1 when there was nothing to read,
        no wafer gave a result, or the job could not run.
    """
    return _run(config, settings().at(config.home))


def _run(config: BatchConfig, at: Settings) -> int:
    lake = Lake(at.lake_url)
    batch = new_batch(at.home) if config.out is None else Batch(config.out)
    if config.paths or config.lake:
        _accept(batch, config, at, lake)
    request = batch.request
    with batch.claimed() as mine:
        if not mine:
            raise BatchError(str(batch.path), "another process is working on it", "Let it end, or cancel it.")
        batch.go_on()
        if config.retry:
            batch.reopen()
        if batch.results is None:
            _work(batch, at, lake, retry=config.retry)
        _tell(batch, at)
    print(f"{request.title}: {batch.results}", file=sys.stderr)
    summary = batch.summary
    return 0 if summary and summary.wafers else 1


def _accept(batch: Batch, config: BatchConfig, at: Settings, lake: Lake) -> None:
    if bool(config.paths) == config.lake:
        raise BatchError("command line", "expected files or --lake, found both", "Say which of both to segment.")
    channels: tuple[int, ...] = ()
    if config.tell:
        channels = channels_named(AppDatabase(at.database_place), config.tell)
    keys = lake_keys(lake, WaferFilter(product=config.product, lot=config.lot), config.wafers) if config.lake else ()
    request = BatchRequest(
        title=config.title or ", ".join(path.name for path in config.paths) or f"{len(keys):,} wafers of the lake",
        asked_by=local_person().name,
        paths=tuple(str(path.absolute()) for path in config.paths),
        model=config.model and str(Path(config.model).absolute()),
        tta=config.tta,
        save=config.save,
        channels=channels,
    )
    batch.accept(request, keys)


def _work(batch: Batch, at: Settings, lake: Lake, *, retry: bool) -> None:
    segmenter = load_segmenter(at, batch.request.model)  # a missing model shows before the work
    if batch.read is None or retry:
        read = read_parts if batch.read is None else read_again
        with ProgressLine("read") as progress:
            for wafers in read(batch, lake, with_rules(ReadOptions(), at)):
                progress.update(wafers)
    total = batch.read.wafers if batch.read else 0
    waiting = unfinished(batch, segmenter.name, retry=retry)
    already = total - sum(waiting_in(batch, number, segmenter.name) for number in waiting)
    with ProgressLine("segmented", total, already=already) as progress:
        done = already
        for few in _segmented(batch, waiting, segmenter, at):
            done += few
            progress.update(done)
    if batch.request.save:
        _save(batch, at, lake, segmenter, total)
    with ProgressLine("wrote", total) as progress:
        write_archive(batch, progress.update)


def _save(batch: Batch, at: Settings, lake: Lake, segmenter: Segmenter, total: int) -> None:
    """Keep original files, wafers and results in the lake; again after a kill, which changes nothing.

    A retest that the lake merges with an earlier test makes another wafer of both: that one is segmented here.
    """
    reading = sources_of(batch.paths, with_rules(ReadOptions(), at))
    take_in_and_tell(
        pipeline_of(at, lake, segmenter, model=batch.request.model, tta=batch.request.tta),
        keeping_originals(reading, Blobs(at.blobs_url)),
        (result for result, _ in results_of(batch)),
        share=lambda: reading.share,
        total=total,
    )


def _segmented(batch: Batch, parts: Sequence[int], segmenter: Segmenter, at: Settings) -> Iterator[int]:
    if at.ray_address and parts:
        yield from segment_parts_on_ray(batch, parts, segmenter, at.threads or None, at.ray_address)
    else:
        for number in parts:
            yield from segment_part(batch, number, segmenter)


def _tell(batch: Batch, at: Settings) -> None:
    """Notify who asked for it; the batch is done however this goes."""
    if not batch.request.channels:
        return
    try:
        told = tell_done(batch, AppDatabase(at.database_place))
    except AppDatabaseError as error:
        print(error, file=sys.stderr)
        return
    for name, problem in told.items():
        print(f"{name} could not be told: {problem}." if problem else f"{name} was told.", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
