"""Watch a folder: ingest and segment what arrives, then put it away as done, or as failed with the reason beside it."""

import signal
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from core.ingestion.inbox import Inbox, Taken
from core.ingestion.orientation_rules import with_rules
from core.ingestion.sources import keeping_originals
from core.lake import Lake
from core.reading import is_growing
from core.settings import Settings, settings
from core.storage.blobs import Blobs
from data.errors import SettingError, WaferError
from data.formats import ReadOptions
from data.wafer import WaferMap
from jobs.arrivals import pipeline_of, take_in_and_tell
from jobs.command import command
from jobs.segment import load_segmenter
from jobs.sources import sources_of

FILES_AT_ONCE = 100


@dataclass(frozen=True)
class WatchConfig:
    """Watch a folder: what arrives is ingested and segmented, then moved to its sub-folder done or failed."""

    folder: tuple[Path, ...]  # the folder
    once: bool = False  # end when nothing more arrives
    every: float = 2.0  # seconds between looks
    settle: float = 5.0  # seconds that a file's size and time must stay as they are before it is taken
    model: str = ""  # ONNX file; empty: as WAFERSCOPE_MODEL says, else the champion, else the shipped one
    home: Path | None = None  # workspace folder; empty: as WAFERSCOPE_HOME says


@dataclass
class Outcome:
    """What reading a file came to.

    Args:
        file: that was read.
        wafers: how many it gave.
        reason: why it goes to failed; "" when it does not.
    """

    file: Taken
    wafers: int = 0
    reason: str = ""


@command(WatchConfig)
def main(config: WatchConfig) -> int:
    """Run the job.

    Returns:
        0, or 1 when the job could not run, or ended `once` with work left.
    """
    at = settings().at(config.home)
    load_segmenter(at, config.model)  # a missing model shows before the first file
    if len(config.folder) != 1:
        raise SettingError("command line", f"expected one folder, found {len(config.folder)}", "Name one.")
    with Inbox(config.folder[0], config.settle, is_growing, at.unfinished_minutes * 60) as inbox:
        return _watch(config, at, inbox)


def _watch(config: WatchConfig, at: Settings, inbox: Inbox) -> int:
    for left in inbox.left_over():
        again = inbox.take_again(left)
        if again is not None:
            _work([again], config, at, inbox)
    while True:
        whole = inbox.whole(time.monotonic())
        for start in range(0, len(whole), FILES_AT_ONCE):
            done = _work(_taken(whole[start : start + FILES_AT_ONCE], inbox), config, at, inbox)
            if config.once and not done:
                return 1
        if config.once and not inbox.arriving:
            for path in inbox.held_back:
                print(f"{path}: has no last record (MRR), so it may still be growing, and stays.", file=sys.stderr)
            return 0
        if not whole:
            time.sleep(config.every)


def _taken(paths: Sequence[Path], inbox: Inbox) -> list[Taken]:
    taken = []
    for path in paths:
        try:
            taken.append(inbox.take(path))
        except OSError as error:  # gone again, or not ours to move
            print(f"{path}: cannot be taken ({error.strerror}).", file=sys.stderr, flush=True)
    return taken


def _work(taken: Sequence[Taken], config: WatchConfig, at: Settings, inbox: Inbox) -> bool:
    """Ingest and segment some files and put them away; give them back where that is not their fault."""
    waiting = list(taken)
    try:
        for outcome in process(taken, at, config.model):
            if outcome.reason:
                inbox.fail(outcome.file, outcome.reason)
            else:
                inbox.finish(outcome.file)
            waiting.remove(outcome.file)
            print(
                f"{outcome.file.name}: {f'{outcome.wafers:,} wafers' if not outcome.reason else 'failed'}", flush=True
            )
    except (WaferError, OSError) as error:
        print(f"{error} The files are taken again.", file=sys.stderr, flush=True)
        return False
    finally:
        for file in waiting:
            inbox.give_back(file)
    return True


def process(taken: Sequence[Taken], at: Settings, model: str = "") -> list[Outcome]:
    """Put the wafers of some files into the lake, with what the model finds on them.

    Doing it again changes nothing: wafers that the lake holds just like that are left as they are, and only what the
    model has not segmented is segmented.

    Args:
        taken: the files.
        at: where the lake is.
        model: ONNX file, empty for the one in use.

    Returns:
        What became of each file.

    Raises:
        LakeError: the lake or a blob cannot be written, or a file changed meanwhile.
        ModelError: the network fails.
    """
    outcomes = [Outcome(file) for file in taken]
    pipeline = pipeline_of(at, Lake(at.lake_url), load_segmenter(at, model), model=model)
    take_in_and_tell(pipeline, _arriving(outcomes, at))
    return outcomes


def _arriving(outcomes: Sequence[Outcome], at: Settings) -> Iterator[WaferMap]:
    """Yield the wafers of all files, and note what reading each came to."""
    blobs, options = Blobs(at.blobs_url), with_rules(ReadOptions(), at)
    for outcome in outcomes:
        name = outcome.file.name
        if outcome.file.path.is_symlink():
            outcome.reason = f"{name}: is a link. Copy the file itself."
            continue
        reading = sources_of([outcome.file.path], options)
        yield from keeping_originals(reading, blobs)
        outcome.wafers = reading.wafers
        reasons = [failure.reason for failure in reading.failures]
        if not outcome.wafers and not reasons:
            reasons = [f"{name}: there is no wafer in it. Check the file."]
        elif reasons and outcome.wafers:
            reasons.insert(0, f"{name}: {outcome.wafers:,} wafers are in the lake; of the rest:")
        outcome.reason = "\n".join(reasons)


def _end(*_: object) -> None:
    raise SystemExit(143)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _end)  # what is under way is given back before the process ends
    sys.exit(main())
