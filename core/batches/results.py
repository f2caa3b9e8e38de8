"""What a batch gives when it is done: one archive on disk, written wafer by wafer, and the lake when asked for."""

import csv
import io
import shutil
import zipfile
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime

from core.analysis.result import WaferResult
from core.batches.folder import RESULTS, Batch
from core.batches.notes import BatchSummary
from core.batches.parquet_files import result_of_row
from core.exports import results_zip
from core.exports.cells import plain
from core.identity import Person
from core.reports.batch_report import Tally, batch_pdf
from data.formats import ReadFailure

REPORT, FAILURES = "report.pdf", "failures.csv"
_SCRATCH = "scratch"

Told = Callable[[int], None]


def write_archive(batch: Batch, told: Told) -> None:
    """Write `results.zip`: what `core.exports.results_zip` writes, the report, and the failures as a table.

    It grows under another name and takes its own when it is whole; a piece at a time is in memory.

    Args:
        batch: whose pieces are all finished.
        told: is told now and then how many wafers are written.
    """
    request, failures, tally = batch.request, batch.failures(), Tally()
    scratch = batch.path / _SCRATCH
    shutil.rmtree(scratch, ignore_errors=True)  # what a killed run left
    scratch.mkdir()

    def timed() -> Iterator[tuple[WaferResult, float]]:
        for result, seconds in results_of(batch):
            tally.add(result)
            told(tally.wafers)
            yield result, seconds * 1000

    with batch.folder.new_file(RESULTS) as path:
        with path.open("wb") as file:
            results_zip(timed(), file, [(one.source_name, one.reason) for one in failures], scratch=scratch)
        report = batch_pdf(request.title, tally, failures, Person(request.asked_by), datetime.now(UTC))
        with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(REPORT, report)
            archive.writestr(FAILURES, failures_csv(failures))
        batch.sum_up(BatchSummary(tally.wafers, tally.with_pattern, len(failures)))
    shutil.rmtree(scratch, ignore_errors=True)


def results_of(batch: Batch) -> Iterator[tuple[WaferResult, float]]:
    """Return all results in order, each with the seconds that it took."""
    for number in sorted(batch.finished()):
        for row in batch.piece(number):
            yield result_of_row(row), row["seconds"]


def failures_csv(failures: Sequence[ReadFailure]) -> str:
    """Write failures as a table: source and reason."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("source_name", "reason"))
    writer.writerows((plain(one.source_name), plain(one.reason)) for one in failures)
    return text.getvalue()
