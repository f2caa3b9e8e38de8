"""Print the benchmark table: `python -m benchmarks`. Minutes; wants an idle machine."""

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from benchmarks.batches import one_batch
from benchmarks.editor import editing
from benchmarks.guard import guarding
from benchmarks.inference import one_lot, one_wafer, runtimes
from benchmarks.labelling import many_annotators
from benchmarks.lakes import asking, importing
from benchmarks.memory import staying_flat
from benchmarks.precision import int8_against_float32
from benchmarks.reading import reading_apart
from benchmarks.selection import coreset, dropout_passes
from benchmarks.sessions import browsing
from benchmarks.similarity import nearest
from benchmarks.timing import Row, markdown
from core.segmentation import Segmenter
from core.segmentation.network import SHIPPED_WEIGHTS
from data.errors import WaferError


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print.

    Returns:
        0, or 1 when the model cannot be used.
    """
    options = _parser().parse_args(argv)
    rows: list[Row] = []
    try:
        for name, measure in _works(options):
            if options.only and name not in options.only:
                continue
            print(f"measuring: {name}", file=sys.stderr)
            rows += measure()
    except WaferError as error:
        print(error, file=sys.stderr)
        return 1
    print(markdown(rows))
    return 0


def _works(options: argparse.Namespace) -> Iterator[tuple[str, Callable[[], list[Row]]]]:
    rounds, model, float32 = options.rounds, options.model, options.float32
    yield "wafer", lambda: one_wafer(Segmenter.load(str(model)), rounds)
    yield "lot", lambda: one_lot(Segmenter.load(str(model)), rounds)
    yield "runtimes", lambda: runtimes(model, float32, rounds)
    yield "int8", lambda: int8_against_float32(model, float32, options.wafers)
    yield "reading", lambda: reading_apart(options.read, rounds)
    yield "import", lambda: importing(options.imported)
    yield "batch", lambda: one_batch(options.batch, model)
    yield "labelling", lambda: many_annotators(options.annotators, options.labels, options.postgres)
    yield "editor", editing
    yield "dropout", lambda: dropout_passes(str(model), rounds)
    yield "coreset", coreset
    yield "similarity", lambda: nearest(options.vectors, rounds)
    yield "queries", lambda: asking(options.lake, options.home, rounds)
    yield "guard", lambda: guarding(rounds)
    yield "sessions", lambda: browsing(options.lake, options.home, options.people, options.seconds)
    yield "memory", lambda: staying_flat(options.lake, options.home, options.people, options.minutes * 60)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Print the benchmark table.")
    parser.add_argument("--model", type=Path, default=SHIPPED_WEIGHTS, help="ONNX file (default: the shipped one)")
    parser.add_argument("--float32", type=Path, help="its float32 twin, to compare with")
    parser.add_argument("--rounds", type=int, default=30, help="times that each call is timed (default: 30)")
    parser.add_argument(
        "--wafers", type=int, default=300, help="synthetic wafers that compare precisions (default: 300)"
    )
    parser.add_argument("--read", type=int, default=2000, help="wafers of a file that is read (default: 2000)")
    parser.add_argument("--imported", type=int, default=10_000, help="wafers to import (default: 10000)")
    parser.add_argument("--batch", type=int, default=1000, help="wafers of a batch (default: 1000)")
    parser.add_argument(
        "--lake", type=int, default=1_000_000, help="wafers in the lake that is asked (default: 1000000)"
    )
    parser.add_argument(
        "--home", type=Path, help="workspace that holds such a lake, for use again (default: a new one)"
    )
    parser.add_argument("--people", type=int, default=20, help="sessions that browse at once (default: 20)")
    parser.add_argument("--seconds", type=float, default=60, help="how long they do (default: 60)")
    parser.add_argument(
        "--minutes", type=float, default=30, help="how long memory is watched while they come and go (default: 30)"
    )
    parser.add_argument("--annotators", type=int, default=20, help="people who label at once (default: 20)")
    parser.add_argument("--labels", type=int, default=50, help="labels that each of them submits (default: 50)")
    parser.add_argument("--postgres", default="", help="URL of an empty database for them, besides SQLite")
    parser.add_argument(
        "--vectors", type=int, default=1_000_000, help="vectors that similar wafers are found among (default: 1000000)"
    )
    parser.add_argument(
        "--only",
        nargs="*",
        metavar="WORK",
        help="wafer, lot, runtimes, int8, reading, import, batch, labelling, editor, dropout, coreset, similarity, "
        "queries, guard, sessions, memory",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
