"""Files that a person hands in, and what becomes of each: read, segmented, named, kept until it is saved.

The work goes in short steps and its state is always whole, so it can be stopped after any step and taken up again.
"""

import hashlib
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest

from core.analysis.result import analyse
from core.ingestion.uploaded_file import Entry, Names, UploadedFile
from core.reading import read_bytes
from core.segmentation import Segmenter
from data.errors import WaferError
from data.formats import ReadFailure, ReadOptions
from data.wafer import WaferMap

MAX_WAFERS = 2000
MAX_DIES = 20_000_000
STEP_SECONDS = 0.3
MAX_STEP_WAFERS = 64


@dataclass(frozen=True)
class ReadingPlan:
    """How files are read and wafers segmented.

    Args:
        options: what to assume where a file does not say.
        tta: average over eight turns and flips.
    """

    options: ReadOptions = field(default_factory=ReadOptions)
    tta: bool = False


@dataclass(frozen=True)
class UploadProgress:
    """How far the work is since files were last handed in.

    Args:
        reading: true while files are read, false while wafers are segmented.
        done: files read, or wafers segmented.
        total: of how many.
        seconds: since the reading or the segmenting began.
        share: part of the next file that is read, 0 to 1; 0 where that is not known.
        overdue: the next file takes longer than those before it did, so that they say nothing of the time left.
    """

    reading: bool
    done: int
    total: int
    seconds: float
    share: float = 0.0
    overdue: bool = False

    @property
    def part(self) -> float:
        """What is done of all, 0 to 1."""
        return (self.done + self.share) / self.total if self.total else 1.0

    @property
    def rate(self) -> float:
        """Files or wafers a second, 0 at the start."""
        return (self.done + self.share) / self.seconds if self.seconds > 0 else 0.0

    @property
    def seconds_left(self) -> float:
        """At the rate so far; infinite where that says nothing."""
        left = self.total - self.done - self.share
        return left / self.rate if self.rate and not self.overdue else float("inf")


class UploadSession:
    """The files one person handed in, in their order.

    Args:
        plan: how they are read.
        max_wafers: how many are kept at once; what goes beyond is left out and said so.

    Example:
        >>> upload = UploadSession()
        >>> upload.add("a.png", b""), upload.add("copy of a.png", b"")
        (True, False)
    """

    def __init__(self, plan: ReadingPlan | None = None, *, max_wafers: int = MAX_WAFERS) -> None:
        self.plan = plan or ReadingPlan()
        self._max_wafers = max_wafers
        self._files: dict[str, UploadedFile] = {}
        self._read_from = self._last_read = self._segmented_from = 0.0
        self._read = self._segmented = 0

    @property
    def files(self) -> list[UploadedFile]:
        """All files, first handed in first."""
        return list(self._files.values())

    @property
    def entries(self) -> list[Entry]:
        """All wafers that were read."""
        return [entry for file in self._files.values() for entry in file.entries]

    @property
    def ready(self) -> list[Entry]:
        """All wafers that were segmented."""
        return [entry for entry in self.entries if entry.result]

    @property
    def failures(self) -> list[ReadFailure]:
        """Why files, or parts of them, gave nothing."""
        return [failure for file in self._files.values() for failure in file.failures]

    @property
    def waiting(self) -> bool:
        """Whether there is work left."""
        return bool(self._unread) or any(not entry.result for entry in self.entries)

    @property
    def progress(self) -> UploadProgress:
        """How far the work is."""
        now = time.perf_counter()
        unread = self._unread
        if unread:
            reading = unread[0].reading
            share = (reading.share if reading else None) or 0.0
            usual = (self._last_read - self._read_from) / max(self._read, 1)
            overdue = not share and now - self._last_read > usual
            return UploadProgress(True, self._read, self._read + len(unread), now - self._read_from, share, overdue)
        waiting = sum(entry.result is None for entry in self.entries)
        seconds = now - self._segmented_from if self._segmented_from else 0.0
        return UploadProgress(False, self._segmented, self._segmented + waiting, seconds)

    def add(self, name: str, content: bytes) -> bool:
        """Hand in a file.

        Returns:
            False when a file of this very content was handed in before, and not cancelled; then nothing changes.
        """
        sha256 = hashlib.sha256(content).hexdigest()
        if sha256 in self._files and not self._files[sha256].cancelled:
            return False
        if not self.waiting:
            self._begin_round()
        self._files[sha256] = self._to_read(UploadedFile(name, content, sha256))
        return True

    def follow(self, plan: ReadingPlan) -> bool:
        """Read everything anew if the plan is another one than before; names that a person gave stay.

        Returns:
            Whether there is anything to read anew.
        """
        if plan == self.plan:
            return False
        self.plan = plan
        self._begin_round()
        for sha256, file in self._files.items():
            if file.reading:
                file.reading.close()
            self._files[sha256] = self._to_read(UploadedFile(file.name, file.content, sha256, file.names))
        return bool(self._files)

    def cancel(self) -> None:
        """End the reading, or once all is read the segmenting; each file says what was left out."""
        unread = self._unread
        for file in unread:
            failure = file.reading.cancel() if file.reading else None
            file.failures += [failure] if failure else []
            file.cancelled = True
            self._end_of(file)
        for file in () if unread else self._files.values():
            left = [entry for entry in file.entries if not entry.result]
            if left:
                file.entries = [entry for entry in file.entries if entry.result]
                file.failures.append(ReadFailure(file.name, _CANCELLED.format(name=file.name, wafers=len(left))))
                file.cancelled = True

    def rename(self, entry: Entry, names: Names) -> None:
        """Rename a wafer.

        Raises:
            WaferValueError: lot or wafer is empty; nothing changes.
        """
        file = next(file for file in self._files.values() if entry in file.entries)
        entry.rename(names)
        file.names[entry.number] = names

    def work(self, segmenter: Segmenter, seconds: float = float("inf")) -> Iterator[UploadProgress]:
        """Do what is left, and tell after each step how far it is.

        Args:
            segmenter: the model.
            seconds: after which to stop at the end of a step.
        """
        until = time.perf_counter() + seconds
        while time.perf_counter() < until and self._unread:
            self._read_a_while(min(until, time.perf_counter() + STEP_SECONDS))
            yield self.progress
        if self._unread:
            return
        yield from self._segment(segmenter, until)

    @property
    def _unread(self) -> list[UploadedFile]:
        return [file for file in self._files.values() if file.reading]

    def _begin_round(self) -> None:
        self._read = self._segmented = 0
        self._read_from = self._last_read = time.perf_counter()
        self._segmented_from = 0.0

    def _to_read(self, file: UploadedFile) -> UploadedFile:
        file.reading = read_bytes(file.name, file.content, options=self.plan.options)
        return file

    def _end_of(self, file: UploadedFile) -> None:
        if file.reading:
            file.reading.close()
        file.reading = None
        self._read += 1
        self._last_read = time.perf_counter()

    def _read_a_while(self, until: float) -> None:
        unread = self._unread
        for file, following in zip_longest(unread, unread[1:]):
            if following and following.reading:
                following.reading.start()
            while file.reading:
                began = time.perf_counter()
                item = file.reading.poll(max(until - began, 0.0))
                file.reading_ms += (time.perf_counter() - began) * 1000
                if isinstance(item, WaferMap):
                    self._take(file, item)
                elif item is not None:
                    file.failures.append(item)
                elif file.reading.done:
                    self._end_of(file)
                if time.perf_counter() > until:
                    return

    def _take(self, file: UploadedFile, wafer: WaferMap) -> None:
        held = self.entries
        if len(held) >= self._max_wafers or sum(entry.wafer.dies.size for entry in held) + wafer.dies.size > MAX_DIES:
            file.failures.append(ReadFailure(file.name, _TOO_MUCH.format(name=file.name, wafers=self._max_wafers)))
            self._end_of(file)
            return
        file.take(wafer)

    def _segment(self, segmenter: Segmenter, until: float) -> Iterator[UploadProgress]:
        waiting = [(file, entry) for file in self._files.values() for entry in file.entries if not entry.result]
        self._segmented_from = self._segmented_from or time.perf_counter()
        done, step = 0, 1
        while done < len(waiting) and time.perf_counter() < until:
            began = time.perf_counter()
            batch = waiting[done : done + step]
            self._analyse(batch, segmenter)
            done += len(batch)
            self._segmented += len(batch)
            # As many wafers a step as its time allows: a bar that moves, and batches for small wafers.
            step = max(1, min(MAX_STEP_WAFERS, int(step * STEP_SECONDS / max(time.perf_counter() - began, 1e-3))))
            yield self.progress

    def _analyse(self, batch: Sequence[tuple[UploadedFile, Entry]], segmenter: Segmenter) -> None:
        began = time.perf_counter()
        try:
            results = analyse([entry.wafer for _, entry in batch], segmenter, tta=self.plan.tta)
        except WaferError as error:
            self._analyse_apart(batch, segmenter, error)
            return
        share = (time.perf_counter() - began) * 1000 / len(batch)
        for (_, entry), result in zip(batch, results, strict=True):
            entry.result, entry.milliseconds = result, entry.milliseconds + share

    def _analyse_apart(
        self, batch: Sequence[tuple[UploadedFile, Entry]], segmenter: Segmenter, error: WaferError
    ) -> None:
        """Let the wafers of a batch that failed go through one by one, and give up those that fail alone."""
        if len(batch) > 1:
            for item in batch:
                self._analyse([item], segmenter)
            return
        file, entry = batch[0]
        file.entries.remove(entry)
        file.failures.append(ReadFailure(entry.wafer.source_name or file.name, str(error)))


_TOO_MUCH = (
    "{name}: this page keeps at most {wafers:,} wafers "
    f"or {MAX_DIES // 1_000_000} million dies at once; what goes beyond was left out. "
    "Segment large sets with python -m jobs.segment, or take them in with python -m jobs.ingest."
)
_CANCELLED = "{name}: {wafers:,} of its wafers were left out, since segmenting was cancelled. Hand it in again."
