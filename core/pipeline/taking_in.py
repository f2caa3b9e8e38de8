"""Taking wafers in: whoever has wafers for the lake, a page or a job, calls `take_in` and nothing else."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from core.alarms import Outcome, check_and_send
from core.alarms.sending import Send
from core.analysis.result import BATCH_CELLS, WaferResult, bounded_batches
from core.database import AppDatabase
from core.identity import Person, local_person
from core.ingestion.held_records import sifted
from core.lake import Lake
from core.people.roles import Permission, permit
from core.pipeline.backlog import backlog, segment_kept
from core.registry.traffic import Challenger, shared_out
from core.segmentation import Segmenter
from data.errors import WaferError
from data.wafer import WaferMap

WAFERS_PER_PART = 1000


class Stage(StrEnum):
    """What is being done, as progress says it."""

    KEEPING = "ingested"
    SAVING = "saved"
    SEGMENTING = "segmented"


Told = Callable[[Stage, int, int | None], object]
"""Is told now and then what is done, of how many wafers, and of how many in all where that is known."""


def _untold(stage: Stage, done: int, total: int | None) -> None:
    """Do nothing."""


@dataclass(frozen=True)
class Pipeline:
    """What wafers go through on their way into the lake.

    Args:
        lake: keeps wafers and results.
        segmenter: the model in use; None where wafers without a result are only kept.
        challenger: the model that takes a share of the wafers, and whose results are kept of these; None for none.
        tta: average over eight turns and flips, as the results that are handed in did.
        database: opens the app database, in which alarms are raised; None where somebody looks for them later.
        send: sends the alarms that are due; None to raise alarms and send nothing.
        tidy: merge small parts of the lake where there are many, which takes a while; for jobs.
        cells_per_part: of the grids of wafers that are kept at once.
        person: who takes them in; jobs do so as whoever runs them.
    """

    lake: Lake
    segmenter: Segmenter | None = None
    challenger: Challenger | None = None
    tta: bool = False
    database: Callable[[], AppDatabase] | None = None
    send: Send | None = None
    tidy: bool = True
    cells_per_part: int = BATCH_CELLS
    person: Person = field(default_factory=local_person)


@dataclass(frozen=True)
class TakenIn:
    """What taking wafers in did.

    Args:
        new: wafers that the lake did not hold just like this.
        already: wafers that it did.
        segmented: wafers that the lake held, or holds now, and that were segmented.
        shared: how many of the results handed in the challenger's took the place of.
        alarms: what looking for alarms did; None where nobody looked.
        problem: why looking for alarms failed, "" where it did not. Wafers and results stand however that goes.
        said: a sentence for each wafer that met an earlier test: merged with it as a retest, or kept beside it.
    """

    new: int = 0
    already: int = 0
    segmented: int = 0
    shared: int = 0
    alarms: Outcome | None = None
    problem: str = ""
    said: tuple[str, ...] = ()


def take_in(
    pipeline: Pipeline,
    wafers: Iterable[WaferMap] = (),
    results: Iterable[WaferResult] = (),
    *,
    also: Sequence[str] | None = (),
    told: Told = _untold,
) -> TakenIn:
    """Keep wafers in the lake, segment those without a result, share them with the challenger, and look for alarms.

    Wafers that the lake holds just like this are left as they are, and so is what the models in use have segmented. So
    doing it again changes nothing, and work that was interrupted is taken up by doing it again. Alarms are looked for
    wherever there may be results: those handed in, or those of the segmenter.

    Args:
        pipeline: what they go through.
        wafers: to segment; who keeps original files does so as they are read here, before they are kept.
        results: of wafers that the model in use has segmented.
        also: keys of wafers that the lake holds already, to segment where the models in use have not; None for all.
        told: is told how far it is.

    Raises:
        NotAllowedError: the acting person may not.
        LakeError: the lake cannot be read or written.
        ModelError: a network fails; what was done before is kept.
    """
    permit(pipeline.person, Permission.WAFER_WRITE)
    said = list[str]()
    new, already, keys = _keep(pipeline, wafers, told, said)
    newer, older, shared, met = _keep_results(pipeline, results, told, said)
    had_results = bool(newer + older)
    segmented = _segment(pipeline, None if also is None else [*keys, *met, *also], told)
    looked: tuple[Outcome | None, str] = None, ""
    if pipeline.database is not None and (had_results or pipeline.segmenter is not None):
        looked = _look(pipeline, pipeline.database)
    return TakenIn(new + newer, already + older, segmented, shared, *looked, tuple(said))


def _keep(pipeline: Pipeline, wafers: Iterable[WaferMap], told: Told, said: list[str]) -> tuple[int, int, list[str]]:
    """Keep wafers; return how many were new, how many were there, and the keys of those to segment."""
    new = already = 0
    keys = list[str]()
    for part in bounded_batches(wafers, WAFERS_PER_PART, pipeline.cells_per_part):
        read = sifted(pipeline.lake, part)
        said.extend(read.remarks)
        more, there = pipeline.lake.append_wafers(read.kept, said.append)
        new, already = new + more, already + there + len(read.held_back)
        keys += (wafer.key for wafer in part) if pipeline.segmenter else ()
        _tidy(pipeline)
        told(Stage.KEEPING, new + already, None)
    return new, already, keys


def _keep_results(
    pipeline: Pipeline, results: Iterable[WaferResult], told: Told, said: list[str]
) -> tuple[int, int, int, list[str]]:
    """Keep results with their wafers; return how many wafers were new, were there, are shared, and which need another.

    A wafer that a retest was merged into has other dies than the retest, and no result of these yet.
    """
    new = already = shared = 0
    met = list[str]()
    for part in bounded_batches(results, WAFERS_PER_PART, pipeline.cells_per_part):
        kept = shared_out(part, pipeline.challenger, tta=pipeline.tta)
        read = sifted(pipeline.lake, [result.wafer for result in part])
        said.extend(read.remarks)
        more, there = pipeline.lake.append_wafers(read.kept, said.append)
        pipeline.lake.append_results(kept)
        new, already = new + more, already + there + len(read.held_back)
        shared += sum(one is not other for one, other in zip(kept, part, strict=True))
        met += pipeline.lake.keys_without_result([result.wafer.key for result in part])
        _tidy(pipeline)
        told(Stage.SAVING, new + already, None)
    return new, already, shared, met


def _segment(pipeline: Pipeline, among: Sequence[str] | None, told: Told) -> int:
    """Segment what the models in use have not; return how many wafers."""
    if pipeline.segmenter is None or (among is not None and not among):
        return 0
    waiting = backlog(pipeline.lake, pipeline.segmenter, pipeline.challenger, among)
    total = sum(len(keys) for _, keys in waiting)
    before = 0
    for model, keys in waiting:
        for done in segment_kept(pipeline.lake, model, keys, tta=pipeline.tta, tidy=pipeline.tidy):
            told(Stage.SEGMENTING, before + done, total)
        before += len(keys)
    return total


def _tidy(pipeline: Pipeline) -> None:
    if pipeline.tidy:
        pipeline.lake.tidy()


def _look(pipeline: Pipeline, database: Callable[[], AppDatabase]) -> tuple[Outcome | None, str]:
    """Look for alarms; return what that did, or why it failed."""
    try:
        return check_and_send(pipeline.lake, database(), pipeline.send), ""
    except (WaferError, OSError) as error:
        return None, str(error)
