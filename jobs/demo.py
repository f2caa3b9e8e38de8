"""Fill an empty lake with the demo fab: drawn wafers with a process history, segmented by the model in use."""

import json
import sys
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.lake import Lake
from core.lake.batches import batches
from core.lake.copies import multiply
from core.lake.parts import Parts
from core.pipeline import Pipeline
from core.segmentation import Segmenter
from core.settings import Settings, settings
from core.storage.folder import Folder
from data.errors import WaferError
from data.synthesis.fab import demo_fab
from jobs.build_index import build
from jobs.check_alarms import check_alarms
from jobs.command import command
from jobs.demo_labels import label_demo
from jobs.demo_run import RECORDER, keep_demo_run
from jobs.progress import ProgressLine
from jobs.segment import load_segmenter, segment_lake

SEED = 20261123
MARK = "demo.json"
WAFERS_PER_PART = 200
DRAWN_AT_MOST = 5000


@dataclass(frozen=True)
class DemoConfig:
    """Fill an empty lake with a demo fab; run again after an interruption it goes on where it was."""

    wafers: int | None = None  # how many, those beyond 5,000 as copies; empty: as WAFERSCOPE_DEMO_WAFERS says
    seed: int = SEED  # of the fab
    home: Path | None = None  # workspace folder; empty: as WAFERSCOPE_HOME says
    model: str = ""  # ONNX file; empty: as WAFERSCOPE_MODEL says, else the shipped one


@dataclass(frozen=True)
class Mark:
    """What stands in the workspace once a demo was begun, so that it can be ended as it was begun."""

    wafers: int
    seed: int
    complete: bool = False


@command(DemoConfig)
def main(config: DemoConfig) -> int:
    """Run the job.

    Returns:
        0, or 1 when the job could not run.
    """
    fill(config)
    return 0


def fill(config: DemoConfig, *, wafers_per_part: int = WAFERS_PER_PART) -> None:
    """Make the demo fab, or go on with one that was begun; a lake that holds anything else stays as it is.

    Args:
        config: which.
        wafers_per_part: wafers that are kept at once, of which an interruption loses the last ones.

    Raises:
        LakeError: the lake cannot be used.
        ModelError: the model is missing or fails.
    """
    at = settings().at(config.home)
    home, lake = Folder(at.home), Lake(at.lake_url)
    mark = _read_mark(home)
    count = lake.count()
    if count and (mark is None or mark.complete):
        print(f"The lake in {at.lake_url} holds {count:,} wafers; it stays as it is.", file=sys.stderr)
        return
    if mark is None or not count:
        mark = Mark(config.wafers or at.demo_wafers, config.seed)
    _make(lake, load_segmenter(at, config.model), home, mark, at, config.model, wafers_per_part)
    try:
        check_alarms(at, lake, deliver=False)
    except (WaferError, OSError) as error:  # the demo is there however this goes
        print(error, file=sys.stderr)


def _make(
    lake: Lake, segmenter: Segmenter, home: Folder, mark: Mark, at: Settings, model: str, wafers_per_part: int
) -> None:
    """Draw, keep, segment, embed, index and label; what is there already is not made twice."""
    _write_mark(home, mark)
    drawn_count = min(mark.wafers, DRAWN_AT_MOST)
    truths: dict[str, NDArray[np.uint8]] = {}
    with ProgressLine("drew", drawn_count) as progress:
        done = 0
        for drawn in batches(demo_fab(seed=mark.seed, wafers=drawn_count), wafers_per_part):
            lake.append_wafers(one.wafer for one in drawn)
            truths |= {one.wafer.key: np.packbits(one.masks) for one in drawn}
            done += len(drawn)
            progress.update(done)
    segment_lake(Pipeline(lake, segmenter))
    if segmenter.embeds:
        build(lake, segmenter, at.home)
        label_demo(at, lake, truths, mark.seed, model)
        keep_demo_run(at, RECORDER)
    lake.compact()
    if mark.wafers > drawn_count:
        with ProgressLine("copied", mark.wafers) as progress:
            for done in multiply(Parts(lake.root), mark.wafers):
                progress.update(done)
    _write_mark(home, replace(mark, complete=True))


def _read_mark(home: Folder) -> Mark | None:
    return Mark(**json.loads(home.read(MARK))) if home.exists(MARK) else None


def _write_mark(home: Folder, mark: Mark) -> None:
    home.write_text(MARK, json.dumps(asdict(mark)))


if __name__ == "__main__":
    sys.exit(main())
