"""How jobs take wafers in: `core.pipeline.take_in`, with lines that say how far it is and what came of it."""

import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack

from core.alarms.sending import deliver_due
from core.analysis.result import WaferResult
from core.database import AppDatabase
from core.lake import Lake
from core.pipeline import Pipeline, take_in
from core.pipeline.taking_in import Stage, TakenIn
from core.registry.traffic import load_challenger
from core.segmentation import Segmenter
from core.settings import Settings
from data.wafer import WaferMap
from jobs.check_alarms import tell
from jobs.progress import ProgressLine

MOST_SAID = 50


def pipeline_of(
    at: Settings, lake: Lake, segmenter: Segmenter | None, *, model: str = "", tta: bool = False
) -> Pipeline:
    """Return what wafers go through where a job takes them in.

    Args:
        at: where things are kept.
        lake: appended to.
        segmenter: the model in use; None to keep wafers only.
        model: that a flag names; with one nobody challenges.
        tta: average over eight turns and flips.

    Raises:
        ModelError: the challenger's file is missing or damaged.
    """
    return Pipeline(
        lake,
        segmenter,
        challenger=None if model else load_challenger(at),
        tta=tta,
        database=lambda: AppDatabase(at.database_place),
        send=deliver_due,
    )


def take_in_and_tell(
    pipeline: Pipeline,
    wafers: Iterable[WaferMap] = (),
    results: Iterable[WaferResult] = (),
    *,
    also: Sequence[str] | None = (),
    share: Callable[[], float | None] = lambda: None,
    total: int | None = None,
) -> TakenIn:
    """Take wafers in, with a line on standard error for each stage and for the alarms.

    Args:
        pipeline: what they go through.
        wafers: to segment.
        results: of wafers that were segmented.
        also: keys of wafers that the lake holds already; None for all.
        share: part of the reading that is done, 0 to 1, None when not known.
        total: how many results there are.

    Raises:
        LakeError: the lake or a blob cannot be written.
        ModelError: a network fails.
    """
    lines = dict[Stage, ProgressLine]()
    with ExitStack() as stack:

        def told(stage: Stage, done: int, all_of_it: int | None) -> None:
            if stage not in lines:
                stack.close()  # the stage before is done
                known = total if stage is Stage.SAVING else all_of_it
                lines[stage] = stack.enter_context(ProgressLine(stage, known))
            lines[stage].update(done, share() if stage is Stage.KEEPING else None)

        taken = take_in(pipeline, wafers, results, also=also, told=told)
    for sentence in taken.said[:MOST_SAID]:
        print(sentence, file=sys.stderr)
    if len(taken.said) > MOST_SAID:
        print(f"and {len(taken.said) - MOST_SAID:,} more wafers that met an earlier test.", file=sys.stderr)
    if taken.alarms:
        tell(taken.alarms)
    if taken.problem:
        print(taken.problem, file=sys.stderr)
    return taken
