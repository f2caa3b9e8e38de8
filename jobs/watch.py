"""Watch a folder: ingest and segment what arrives, then put it away as done, or as failed with the reason beside it."""

import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from core.ingestion.inbox import Inbox, Taken
from core.ingestion.orientation_rules import with_rules
from core.lake import Lake
from core.registry.traffic import load_challenger
from core.settings import Settings, settings
from core.storage.blobs import Blobs
from data.errors import SettingError, WaferError
from data.formats import ReadOptions
from jobs.check_alarms import check_after_work
from jobs.command import command
from jobs.ingest import ingest_reading
from jobs.segment import load_segmenter, segment_lake
from jobs.sources import Reading

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


@dataclass(frozen=True)
class Outcome:
    """What reading a file came to.

    Args:
        keys: of its wafers, which are in the lake now.
        reason: why it goes to failed; "" when it does not.
    """

    keys: tuple[str, ...]
    reason: str


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
    with Inbox(config.folder[0], config.settle) as inbox:
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
        outcomes = process(taken, at, config.model)
        for file, outcome in zip(taken, outcomes, strict=True):
            if outcome.reason:
                inbox.fail(file, outcome.reason)
            else:
                inbox.finish(file)
            waiting.remove(file)
            print(f"{file.name}: {f'{len(outcome.keys):,} wafers' if not outcome.reason else 'failed'}", flush=True)
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
    lake, blobs, options = Lake(at.lake_url), Blobs(at.blobs_url), with_rules(ReadOptions(), at)
    outcomes = [_ingest(file, lake, blobs, options) for file in taken]
    keys = {key for outcome in outcomes for key in outcome.keys}
    if keys:
        challenger = None if model else load_challenger(at)
        segment_lake(lake, load_segmenter(at, model), challenger, keys.__contains__)
        check_after_work(at, lake)
    return outcomes


def _ingest(file: Taken, lake: Lake, blobs: Blobs, options: ReadOptions) -> Outcome:
    if file.path.is_symlink():
        return Outcome((), f"{file.name}: is a link. Copy the file itself.")
    reading = Reading([file.path], options)
    keys = tuple(key for part in ingest_reading(reading, lake, blobs) for key in part.keys)
    reasons = [failure.reason for failure in reading.failures]
    if not keys and not reasons:
        reasons = [f"{file.name}: there is no wafer in it. Check the file."]
    elif reasons and keys:
        reasons.insert(0, f"{file.name}: {len(keys):,} wafers are in the lake; of the rest:")
    return Outcome(keys, "\n".join(reasons))


def _end(*_: object) -> None:
    raise SystemExit(143)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _end)  # what is under way is given back before the process ends
    sys.exit(main())
