"""Reading processes, kept warm: a bounded number of them, lent to whoever has a file to read."""

import atexit
import os
import threading
import time
from dataclasses import dataclass, field

from core.reading.limits import ReadLimits
from core.reading.process import ReadingProcess

IDLE_SECONDS = 10.0
"""After which a process whose borrower asks for nothing is taken away, if others wait for one."""
_LOOK_SECONDS = 0.5


@dataclass(eq=False)
class Loan:
    """A process that is lent.

    Args:
        process: it.
        asked: when its borrower last asked it, in seconds of a clock that only goes forward.
        in_use: its borrower waits for it right now.
    """

    process: ReadingProcess
    asked: float = field(default_factory=time.monotonic)
    in_use: bool = False


class ReadingPool:
    """The reading processes of this process."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._idle: list[ReadingProcess] = []
        self._loans: list[Loan] = []

    def prepare(self, limits: ReadLimits) -> None:
        """Start a process for the next file, unless there is one already."""
        with self._changed:
            if not self._loans and not any(process.can_read(limits) for process in self._idle):
                self._idle.append(ReadingProcess(limits))

    def borrow(self, limits: ReadLimits, seconds: float) -> Loan | None:
        """Return a process that is held to these limits, None when all are busy for this time."""
        until = time.monotonic() + seconds
        with self._changed:
            while (loan := self._free(limits)) is None:
                left = until - time.monotonic()
                if left <= 0:
                    return None
                self._changed.wait(min(left, _LOOK_SECONDS))
            self._loans.append(loan)
            return loan

    def hold(self, loan: Loan) -> bool:
        """Begin to wait for a process; False when it was taken away meanwhile."""
        with self._changed:
            loan.in_use = loan in self._loans
            return loan.in_use

    def let_go(self, loan: Loan) -> None:
        """End to wait for a process."""
        with self._changed:
            loan.in_use, loan.asked = False, time.monotonic()

    def give_back(self, loan: Loan, limits: ReadLimits, *, sound: bool) -> None:
        """Take a process back from whoever borrowed it.

        Args:
            loan: of it.
            limits: that the next one is held to.
            sound: it may read other files; if not it is ended, and another one starts in its place.
        """
        with self._changed:
            if loan not in self._loans:  # taken away
                return
            self._loans.remove(loan)
            if not sound or not loan.process.can_read(limits):
                loan.process.end()
                loan.process = ReadingProcess(limits)
            self._idle.append(loan.process)
            self._changed.notify()

    def process_ids(self) -> list[int]:
        """Return the numbers of all processes."""
        with self._changed:
            return [process.process_id for process in self._all()]

    def close(self) -> None:
        """End all processes."""
        with self._changed:
            for process in self._all():
                process.end()
            self._idle, self._loans = [], []

    def forget(self) -> None:
        """Let go of all processes in a copy of this process made by fork, which holds locks as they stood."""
        for process in self._all():
            process.forget()
        self.__init__()  # type: ignore[misc]

    def _all(self) -> list[ReadingProcess]:
        return [*self._idle, *(loan.process for loan in self._loans)]

    def _free(self, limits: ReadLimits) -> Loan | None:
        while self._idle:
            process = self._idle.pop()
            if process.can_read(limits):
                return Loan(process)
            process.end()
        if len(self._loans) >= limits.processes:
            asleep = [loan for loan in self._loans if not loan.in_use and time.monotonic() - loan.asked > IDLE_SECONDS]
            if not asleep:
                return None
            longest = min(asleep, key=lambda loan: loan.asked)
            self._loans.remove(longest)
            longest.process.end()
        return Loan(ReadingProcess(limits))


POOL = ReadingPool()
atexit.register(POOL.close)
os.register_at_fork(after_in_child=POOL.forget)
