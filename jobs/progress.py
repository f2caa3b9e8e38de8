"""How far a job is: one line with count, rate and time left, or lines with the time of day."""

import sys
import time
from types import TracebackType
from typing import TextIO

from core.jobs.folder import tell_progress

BAR_CELLS = 24
REDRAW_SECONDS = 0.1
LOG_SECONDS = 15.0
TELL_SECONDS = 0.5


class ProgressLine:
    """Progress on one line of a terminal that is drawn anew, or as a line now and then in a log.

    Args:
        verb: what is being done, "segmented".
        total: wafers in all, None when only a share of the work is known.
        stream: where to write, None for standard error.
        already: wafers that an earlier run did; they count as done, and not into the rate.
        noun: what is counted, where it is not wafers.

    Example:
        >>> with ProgressLine("read", total=4, stream=sys.stdout) as progress:
        ...     progress.update(4)
        read 4 of 4 wafers [########################] ...
    """

    def __init__(
        self,
        verb: str,
        total: int | None = None,
        stream: TextIO | None = None,
        *,
        already: int = 0,
        noun: str = "wafers",
    ) -> None:
        self._verb, self._noun = verb, noun
        self._total = total
        self._stream = stream or sys.stderr
        self._started = time.monotonic()
        self._drawn = self._told = float("-inf")
        self._line = ""
        self._done = self._already = already
        self._share: float | None = None
        self._shown: tuple[int, float | None] | None = None

    def __enter__(self) -> "ProgressLine":
        """Start the clock."""
        self._started = time.monotonic()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Draw the last state, if it is not drawn yet, and end the line."""
        if self._shown != (self._done, self._share):
            self._draw()
        self._tell()
        if self._stream.isatty():
            self._stream.write("\n")

    def update(self, done: int, share: float | None = None) -> None:
        """Show how far it is; drawn at most ten times a second.

        Args:
            done: wafers done so far.
            share: part of the work that is done, 0 to 1, where the number of wafers is not known.
        """
        self._done = done
        self._share = done / self._total if self._total else share
        if time.monotonic() - self._drawn > (REDRAW_SECONDS if self._stream.isatty() else LOG_SECONDS):
            self._draw()
        if time.monotonic() - self._told > TELL_SECONDS:
            self._tell()

    def _tell(self) -> None:
        """Report to the supervisor of a started job, which reads once a second."""
        self._told = time.monotonic()
        seconds = self._told - self._started
        rate = (self._done - self._already) / seconds if seconds > 0 else None
        tell_progress(self._done, self._total, self._share, rate)

    def _draw(self) -> None:
        self._drawn = time.monotonic()
        seconds = self._drawn - self._started
        line = describe(self._verb, self._done, self._total, self._share, seconds, self._already, self._noun)
        if self._stream.isatty():
            self._stream.write(f"\r{line:<{len(self._line)}}")
        else:
            self._stream.write(f"{line}\n")
        self._stream.flush()
        self._line = line
        self._shown = (self._done, self._share)


def describe(
    verb: str,
    done: int,
    total: int | None,
    share: float | None,
    seconds: float,
    already: int = 0,
    noun: str = "wafers",
) -> str:
    """Put progress into words.

    Args:
        verb: what is being done.
        done: wafers so far.
        total: wafers in all, None when not known.
        share: part of the work that is done, None when not known.
        seconds: since the start.
        already: wafers of `done` that were done before the start.
        noun: what is counted.

    Example:
        >>> describe("segmented", 1250, 5000, 0.25, 25)
        'segmented 1,250 of 5,000 wafers [######..................] 50/s, 1:15 left'
        >>> describe("read", 30, None, None, 60)
        'read 30 wafers, 0.5/s'
        >>> describe("segmented", 900, 1000, 0.9, 10, already=400)
        'segmented 900 of 1,000 wafers [######################..] 50/s, 0:02 left'
    """
    count = f"{done:,} of {total:,}" if total is not None else f"{done:,}"
    rate = (done - already) / seconds if seconds > 0 else 0.0
    pace = f"{rate:.0f}/s" if rate >= 10 else f"{rate:.1f}/s"
    if share is None:
        return f"{verb} {count} {noun}, {pace}"
    cells = round(BAR_CELLS * share)
    left = f"{_clock(seconds)} in all"
    if 0 < share < 1:
        gained = share * (1 - already / done) if done else share
        left = f"{_clock(seconds * (1 - share) / gained)} left" if gained else "just begun"
    return f"{verb} {count} {noun} [{'#' * cells}{'.' * (BAR_CELLS - cells)}] {pace}, {left}"


def say(line: str) -> None:
    """Print one line at once."""
    print(time.strftime("%H:%M:%S "), line, flush=True)


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
