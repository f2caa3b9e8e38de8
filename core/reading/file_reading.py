"""One file read in another process: what it holds can end or mislead that one, and nothing else."""

import logging
import os
import time
from collections.abc import Callable, Iterator
from typing import BinaryIO, cast

from core.reading import refusals
from core.reading.limits import MIB, ReadLimits, added_seconds, limits_now
from core.reading.messages import GarbageError, Hearing, Item, Kind, log_of
from core.reading.pool import POOL, Loan
from core.reading.process import Message, ProcessEndedError
from core.reading.request import Request, Task
from data.errors import ReadingError
from data.formats import ReadFailure, ReadOptions
from data.formats.options import OutOfMemory
from data.wafer import WaferMap

STARTS = 3
"""Processes that are tried for a file while none of them has begun to read."""
_ITEM_SECONDS = 1.0
_LAST_SECONDS = 0.2
_log = logging.getLogger(__name__)


class FileReading(Iterator[Item]):
    """The wafers and failures of one file, as a process reads them.

    Iterate, or ask with `poll`, which never waits for longer than it is told. A limit that is met, and a process that
    ends, become one failure, the last.

    Args:
        name: what wafers and failures call the file.
        opened: opens it, when its turn comes.
        options: how to read; None for the defaults.
        limits: that it is held to; None for those that are set.
        task: what is wanted of it.
    """

    def __init__(
        self,
        name: str,
        opened: Callable[[], BinaryIO],
        options: ReadOptions | None = None,
        *,
        limits: ReadLimits | None = None,
        task: Task = Task.READ,
    ) -> None:
        self._loan: Loan | None = None  # first, since it is asked for even where a limit is nonsense
        self._stream: BinaryIO | None = None
        self.name = name
        self.answer: bytes | None = None
        self._opened, self._options, self._task = opened, options or ReadOptions(), task
        self._limits = limits or limits_now()
        self._sound, self._starts, self._ready = True, 0, False
        self._wafers = self._failures = 0
        self._hearing = Hearing(name)
        self._finished = False
        self._early: Item | None = None
        self._queued_seconds = self._waited_seconds = 0.0

    def __enter__(self) -> "FileReading":
        """Return it."""
        return self

    def __exit__(self, *_: object) -> None:
        """End it."""
        self.close()

    def __del__(self) -> None:
        """Return the process that nobody waits for any more to the others."""
        if self._loan is not None:
            self.close()

    def __next__(self) -> Item:
        """Return the next wafer or failure, however long it takes."""
        while not self.done:
            item = self.poll(_ITEM_SECONDS)
            if item is not None:
                return item
        raise StopIteration

    @property
    def done(self) -> bool:
        """Whether nothing more comes."""
        return self._finished and self._early is None

    @property
    def given(self) -> int:
        """Wafers and failures that came so far."""
        return self._wafers + self._failures

    @property
    def share(self) -> float | None:
        """Part of the file that lies before the place where it is being read, 0 to 1; None where that says nothing."""
        if self._stream is None:
            return None
        size = os.fstat(self._stream.fileno()).st_size
        place = os.lseek(self._stream.fileno(), 0, os.SEEK_CUR)  # both processes have the place in common
        return place / size if 0 < place < size else None

    def start(self) -> None:
        """Let a process begin to read it, if one is free; nothing is waited for."""
        loan = None if self._loan or self.done else POOL.borrow(self._limits, 0.0)
        if loan is not None:
            self._early = self._ask(loan)

    def poll(self, seconds: float) -> Item | None:
        """Return the next wafer or failure, None if none came in this time or it is `done`.

        Args:
            seconds: to wait.
        """
        until = time.monotonic() + seconds
        item, self._early = self._early, None
        while item is None and not self.done:
            item = self._receive(until) if self._loan else self._begin(until)
            if time.monotonic() >= until:
                break
        return item

    def cancel(self) -> ReadFailure | None:
        """End it at once; return a failure that says so, None where all was read."""
        return None if self.done else self._refuse(refusals.cancelled(self.name, self.given))

    def close(self) -> None:
        """End it. A process that is about to be done, or done, is kept for other files."""
        if self._loan is not None and POOL.hold(self._loan):
            self._wind_up(self._loan, time.monotonic() + _LAST_SECONDS)
        self._finish()

    def _wind_up(self, loan: Loan, until: float) -> None:
        self._sound = False
        try:
            while (said := loan.process.receive(until - time.monotonic())) is not None:
                if said.kind == Kind.END:
                    self._sound = True
                    return
        except (ProcessEndedError, GarbageError):
            return

    def _begin(self, until: float) -> Item | None:
        """Borrow a process and ask it; None, or why that does not go."""
        began = time.monotonic()
        wait = min(until - began, self._limits.wait_seconds - self._queued_seconds)
        loan = POOL.borrow(self._limits, max(wait, 0.0))
        self._queued_seconds += time.monotonic() - began
        if loan is not None:
            return self._ask(loan)
        if self._queued_seconds < self._limits.wait_seconds:
            return None
        return self._refuse(refusals.all_busy(self.name, self._limits))

    def _ask(self, loan: Loan) -> ReadFailure | None:
        self._loan, self._ready = loan, loan.process.files > 0
        self._hearing = Hearing(self.name)
        self._starts += 1
        try:
            self._stream = self._stream or self._opened()
        except OSError as error:
            return self._refuse(refusals.not_handed_over(self.name, error))
        try:
            loan.process.ask(Request(self._task, self.name, self._options, self.given), self._stream)
        except OSError:
            return self._lost(loan)
        return None

    def _receive(self, until: float) -> Item | None:
        """Wait for what the process says next; None if that is no wafer and no failure."""
        loan = cast(Loan, self._loan)
        if not POOL.hold(loan):  # others had to wait while nobody asked: it begins anew behind what it gave
            self._loan = None
            return None
        began = time.monotonic()
        left = self._limits.seconds + self._added_seconds - self._waited_seconds
        try:
            said = loan.process.receive(max(min(until - began, left), 0.0))
            self._waited_seconds += time.monotonic() - began
            return self._heard(said, loan) if said else self._refuse_if_slow()
        except ProcessEndedError:
            return self._lost(loan)
        except GarbageError as error:
            _log.warning("what came while %s was read is no wafer: %s", self.name, str(error)[:500])
            return self._refuse(refusals.misled(self.name))
        finally:
            POOL.let_go(loan)

    @property
    def _added_seconds(self) -> float:
        size = os.fstat(self._stream.fileno()).st_size if self._stream else 0
        return added_seconds(size, self.given)

    def _refuse_if_slow(self) -> ReadFailure | None:
        seconds = self._limits.seconds + self._added_seconds
        return (
            self._refuse(refusals.too_slow(self.name, seconds, self.given)) if self._waited_seconds >= seconds else None
        )

    def _heard(self, said: Message, loan: Loan) -> Item | None:
        self._ready = True
        if loan.process.received_bytes > self._limits.output_mb * MIB:
            return self._refuse(refusals.too_much_output(self.name, self._limits))
        if said.kind == Kind.END:
            self._finish()
        elif said.kind == Kind.LOG:
            _log.info("%s: %s", self.name, log_of(said.text))
        elif said.kind == Kind.ANSWER:
            self.answer = said.grids
        elif said.kind in (Kind.WAFER, Kind.FAILURE, Kind.OUT_OF_MEMORY):
            return self._counted(self._hearing.item(said.kind, said.text, said.grids))
        elif said.kind != Kind.READY:
            raise GarbageError(f"a message of kind {said.kind}")
        return None

    def _counted(self, item: Item) -> Item:
        if isinstance(item, WaferMap):
            if self._wafers >= self._limits.wafers:
                return self._refuse(refusals.too_many_wafers(self.name, self._limits))
            self._wafers += 1
            return item
        if self._failures >= self._limits.failures:
            return self._refuse(refusals.too_many_failures(self.name, self._limits))
        self._failures += 1
        if isinstance(item, OutOfMemory):
            self._sound = False  # what is left of its memory lies in pieces
            return _failure(refusals.too_much_memory(item.source_name, self._limits))
        return item

    def _lost(self, loan: Loan) -> ReadFailure | None:
        """Return why a process ended; None to try another one, where it had not begun to read."""
        status = loan.process.ended()
        if self._ready:
            seconds = self._limits.cpu_seconds + self._added_seconds
            return self._refuse(refusals.ended(self.name, status, seconds, self.given))
        if self._starts >= STARTS:
            return self._refuse(refusals.not_started(self.name))
        POOL.give_back(loan, self._limits, sound=False)
        self._loan = None
        return None

    def _refuse(self, error: ReadingError) -> ReadFailure:
        self._sound = False
        self._finish()
        return _failure(error)

    def _finish(self) -> None:
        self._finished = True
        if self._loan is not None:
            POOL.give_back(self._loan, self._limits, sound=self._sound)
            self._loan = None
        if self._stream is not None:
            self._stream.close()
            self._stream = None


def _failure(error: ReadingError) -> ReadFailure:
    return ReadFailure(error.where, str(error))
