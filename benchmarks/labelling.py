"""Many annotators at once submit labels through the store, while its processes are killed: nothing lost or double."""

import multiprocessing
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sqlalchemy import func, select

from benchmarks.timing import Row
from core.annotation.items import Candidate, LabelItem, Status
from core.annotation.queue import fill, go_on
from core.annotation.submissions import submit
from core.database import AppDatabase
from core.database.audit import AuditEntry
from core.identity import Person
from core.labels.annotations import Annotation
from core.labels.label import Label, LabelInstance
from data.wafer import WaferMap

SIDE = 40
PROCESSES = 4
POLL_SECONDS = 0.01
SUBMISSION_MS = 300.0


@dataclass(frozen=True)
class Load:
    """What came of it.

    Args:
        acknowledged: labels whose submission returned.
        kept: annotations in the database.
        distinct: wafers that they are of.
        done: items of the queue that are done, each with its own annotation.
        audited: entries of the audit trail that say an annotation was written.
        lost: acknowledged labels that are not there.
        p50_ms: median milliseconds of one submission, all of its transaction.
        p95_ms: the same at 95 %.
        seconds: in all.
    """

    acknowledged: int
    kept: int
    distinct: int
    done: int
    audited: int
    lost: int
    p50_ms: float
    p95_ms: float
    seconds: float


def labelling(place: str, annotators: int = 20, labels: int = 50, kills: int = 0) -> Load:
    """Let annotators submit labels all at once, each as many, from several processes with several threads.

    Args:
        place: of an empty app database, as `AppDatabase` takes it.
        annotators: how many people.
        labels: that each submits.
        kills: how often one of the processes is killed on its way and started again.
    """
    database = AppDatabase(place)
    names = [f"annotator {n:02d}" for n in range(annotators)]
    with database.writing() as session:
        for name in names:
            wished = [Candidate(wafer_named(name, n).key) for n in range(labels)]
            fill(session, wished, Person("benchmark"), assignee=name)
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["benchmarks.labelling"])
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        told = [Path(folder) / str(n) for n in range(min(PROCESSES, annotators))]

        def start(n: int) -> multiprocessing.process.BaseProcess:
            """Start a process with its share of the annotators."""
            worker = context.Process(target=annotate_all, args=(place, names[n :: len(told)], labels, told[n]))
            worker.start()
            return worker

        workers = [start(n) for n in range(len(told))]
        for kill in range(kills):
            _wait_until_told(told, annotators * labels * (kill + 1) // (kills + 1))
            victim = kill % len(workers)
            workers[victim].kill()
            workers[victim].join()
            workers[victim] = start(victim)
        for worker in workers:
            worker.join()
        seconds = time.perf_counter() - started
        lines = [line.split("\t") for path in told for line in path.read_text().splitlines()]
    found = _counted(database, [key for key, _ in lines], [float(ms) for _, ms in lines], seconds)
    database.close()
    return found


def annotate_all(place: str, names: list[str], labels: int, told: Path) -> None:
    """Submit what waits for some annotators, a thread each, and tell each label once it is acknowledged."""
    database = AppDatabase(place)
    with told.open("a") as file:
        threads = [
            threading.Thread(target=_annotate, args=(database, Person(name), labels, file.write, file.flush))
            for name in names
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


def wafer_named(annotator: str, number: int) -> WaferMap:
    """A wafer of its own for every label: a scratch-sized row fails."""
    dies = np.ones((SIDE, SIDE), dtype=np.uint8)
    dies[number % SIDE] = 2
    return WaferMap(dies=dies, lot_id=annotator, wafer_id=f"W{number:03d}")


def _annotate(
    database: AppDatabase, person: Person, labels: int, write: Callable[[str], object], flush: Callable[[], object]
) -> None:
    wafers = {wafer.key: wafer for wafer in (wafer_named(person.name, n) for n in range(labels))}
    while True:
        with database.writing() as session:
            item = go_on(session, person)
        if item is None:
            return
        wafer = wafers[item.wafer_key]
        label = Label(wafer.key, wafer.dies.shape, (LabelInstance(1, "scratch", np.argwhere(wafer.failing)),))
        started = time.perf_counter()
        with database.writing() as session:
            submit(session, wafer, label, person, 60.0)
        write(f"{wafer.key}\t{(time.perf_counter() - started) * 1000:.2f}\n")
        flush()


def _counted(database: AppDatabase, keys: list[str], milliseconds: list[float], seconds: float) -> Load:
    with database.reading() as session:
        held = list(session.scalars(select(Annotation.wafer_key)))
        done = select(func.count(LabelItem.annotation_id.distinct())).where(LabelItem.status == Status.DONE)
        written = select(func.count()).select_from(AuditEntry).where(AuditEntry.action == "annotation.write")
        counts = session.scalar(done) or 0, session.scalar(written) or 0
    p50, p95 = np.percentile(milliseconds, (50, 95))
    return Load(
        acknowledged=len(keys),
        kept=len(held),
        distinct=len(set(held)),
        done=counts[0],
        audited=counts[1],
        lost=len(set(keys) - set(held)),
        p50_ms=float(p50),
        p95_ms=float(p95),
        seconds=seconds,
    )


def _wait_until_told(paths: list[Path], count: int) -> None:
    while sum(path.read_bytes().count(b"\n") for path in paths if path.exists()) < count:
        time.sleep(POLL_SECONDS)


def many_annotators(annotators: int, labels: int, place: str = "") -> list[Row]:
    """Return the rows of the table: undisturbed, and with a process killed twice.

    Args:
        annotators: how many people.
        labels: that each submits.
        place: URL of an empty PostgreSQL database to be measured too, "" for none.
    """
    runs = [("", 0), ("", 2), *([(place, 0)] if place else [])]
    return [_row(annotators, labels, *run) for run in runs]


def _row(annotators: int, labels: int, place: str, kills: int) -> Row:
    with tempfile.TemporaryDirectory() as folder:
        found = labelling(place or f"{folder}/decisions.db", annotators, labels, kills)
    store = "PostgreSQL" if place else "SQLite"
    what = f"{annotators} annotators at once, {labels} labels each, {store}" + (", killed twice" if kills else "")
    total = annotators * labels
    whole = f"{found.kept:,} of {total:,} there, {found.kept - found.distinct} double, {found.lost} lost"
    intact = found.kept == found.distinct == total and not found.lost
    return Row(
        what,
        f"p95 {found.p95_ms:.0f} ms, p50 {found.p50_ms:.0f} ms a submission; {whole}",
        f"p95 {SUBMISSION_MS:.0f} ms or less, none lost or double",
        SUBMISSION_MS / found.p95_ms if intact else 0.0,
    )
