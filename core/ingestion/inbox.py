"""A folder that files arrive in: which are whole, whose turn it is, and where they go after.

Everything is a rename within the folder, so a kill at any moment leaves each file in one place: arriving (in the
folder), taken (below `.working`), `done` or `failed`. What was taken when a watcher was killed is taken again, alone
and at most three times in all, so that a file that kills its reader neither does so for ever nor takes others with it.
"""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from data.errors import SettingError

WORKING, DONE, FAILED, LOCK = ".working", "done", "failed", ".watch.lock"
REASON = ".reason.txt"
MOST_ATTEMPTS = 3
UNFINISHED = (
    ".tmp",
    ".temp",
    ".part",
    ".partial",
    ".filepart",
    ".crdownload",
    ".download",
    ".incomplete",
    ".inprogress",
    ".writing",
    ".lock",
    ".swp",
    "~",
)
"""Endings that writers give to files they have not finished."""

_Signature = tuple[int, int, int]


@dataclass(frozen=True)
class Taken:
    """A file whose turn it is.

    Args:
        path: where it lies meanwhile.
        name: its path within the folder, as it arrived.
        attempt: how often it was taken, this time included.
    """

    path: Path
    name: Path
    attempt: int


class Inbox:
    """One folder, watched by one process.

    A file is whole once its size, time and identity have not changed for a while between two looks. Hidden files, and
    names that writers give to unfinished ones, are never touched.

    Args:
        folder: an existing folder.
        settle_seconds: how long a file must stay as it is.
        growing: says of a settled file whether its writer has yet to finish it, so that it stays where it is.
        growing_seconds: how long such a file must stay as it is until it counts as whole.

    Raises:
        SettingError: there is no such folder, it cannot be written to, or another watcher has it.
    """

    def __init__(
        self,
        folder: Path,
        settle_seconds: float,
        growing: Callable[[Path], bool] = lambda _: False,
        growing_seconds: float = 0.0,
    ) -> None:
        self._folder, self._settle_seconds = folder, settle_seconds
        self._growing, self._growing_seconds = growing, growing_seconds
        self._seen: dict[Path, tuple[_Signature, float]] = {}
        self._held: dict[Path, _Signature] = {}  # found to be growing, looked into once for each state they are in
        if not folder.is_dir():
            raise SettingError(str(folder), "there is no such folder to watch", "Make it, or name another.")
        self._lock = FileLock(folder / LOCK)
        try:
            self._lock.acquire(timeout=0)
            for name in (WORKING, DONE, FAILED):
                (folder / name).mkdir(exist_ok=True)
        except Timeout as error:
            raise SettingError(str(folder), "another process watches this folder", "End it first.") from error
        except OSError as error:
            problem = f"the folder cannot be written to ({error.strerror})"
            raise SettingError(str(folder), problem, "Give this account the right to.") from error

    def __enter__(self) -> "Inbox":
        """Return the folder."""
        return self

    def __exit__(self, *_: object) -> None:
        """Let another process watch it."""
        self._lock.release()

    def left_over(self) -> list[Taken]:
        """Return the files that were taken and not finished, as they lie."""
        working = self._folder / WORKING
        return [
            Taken(path, path.relative_to(working / str(attempt)), attempt)
            for attempt in range(1, MOST_ATTEMPTS + 1)
            for path in _files(working / str(attempt), lambda _: True)
        ]

    def whole(self, now: float) -> list[Path]:
        """Look, and give the files that have settled, the oldest first.

        Args:
            now: seconds of a clock that only goes forward.
        """
        seen: dict[Path, tuple[_Signature, float]] = {}
        for path in _files(self._folder, self._arriving):
            try:
                stat = path.lstat()
            except FileNotFoundError:
                continue
            signature = (stat.st_size, stat.st_mtime_ns, stat.st_ino)
            before = self._seen.get(path)
            seen[path] = before if before and before[0] == signature else (signature, now)
        self._seen = seen
        self._held = {path: told for path, told in self._held.items() if seen.get(path, ((), 0))[0] == told}
        settled = [
            (path, told)
            for path, (told, since) in seen.items()
            if now - since >= self._settle_seconds and not self._is_held(path, told, now - since)
        ]
        return [path for path, told in sorted(settled, key=lambda one: (one[1][1], one[0]))]

    @property
    def arriving(self) -> bool:
        """Whether the last look found any file but those that are held back."""
        return not self._seen.keys() <= self._held.keys()

    @property
    def held_back(self) -> list[Path]:
        """Files that were settled at the last look and that their writers have yet to finish, by name."""
        return sorted(self._held)

    def take(self, path: Path) -> Taken:
        """Take a file that has arrived.

        Raises:
            OSError: it cannot be moved.
        """
        name = path.relative_to(self._folder)
        return Taken(self._move(path, Path(WORKING) / "1" / name), name, 1)

    def take_again(self, taken: Taken) -> Taken | None:
        """Take a left-over file once more; None when it had its last chance and lies in `failed` now."""
        if taken.attempt == MOST_ATTEMPTS:
            self.fail(taken, f"{taken.name}: reading it ended the watcher {MOST_ATTEMPTS} times. Look at the file.")
            return None
        attempt = taken.attempt + 1
        return Taken(self._move(taken.path, Path(WORKING) / str(attempt) / taken.name), taken.name, attempt)

    def finish(self, taken: Taken) -> None:
        """Put a file away that was dealt with."""
        self._move(taken.path, Path(DONE) / taken.name)

    def fail(self, taken: Taken, reason: str) -> None:
        """Put a file away that could not be dealt with; the reason stands beside it before it does."""
        place = self._free(Path(FAILED) / taken.name)
        place.parent.mkdir(parents=True, exist_ok=True)
        unfinished = self._folder / WORKING / "reason.tmp"
        unfinished.write_text(reason + "\n", encoding="utf-8", errors="backslashreplace")
        unfinished.replace(place.with_name(place.name + REASON))
        taken.path.rename(place)

    def give_back(self, taken: Taken) -> None:
        """Let a file arrive again, as when the work was ended or the lake could not be written."""
        self._seen.pop(self._move(taken.path, taken.name), None)

    def _is_held(self, path: Path, signature: _Signature, still_seconds: float) -> bool:
        """Whether a settled file is growing and has not been still for long enough to be taken as it is."""
        if still_seconds >= self._growing_seconds:
            self._held.pop(path, None)
        elif path not in self._held and self._growing(path):
            self._held[path] = signature
        return path in self._held

    def _arriving(self, path: Path) -> bool:
        first = path.relative_to(self._folder).parts[0]
        return first not in (DONE, FAILED) and not path.name.startswith((".", "~")) and not _unfinished(path.name)

    def _move(self, path: Path, name: Path) -> Path:
        place = self._free(name)
        place.parent.mkdir(parents=True, exist_ok=True)
        path.rename(place)
        return place

    def _free(self, name: Path) -> Path:
        """The place of a name, or of its first free variant: nothing is overwritten."""
        place, number = self._folder / name, 1
        while os.path.lexists(place) or os.path.lexists(place.with_name(place.name + REASON)):
            number += 1
            place = self._folder / name.with_name(f"{name.stem}~{number}{name.suffix}")
        return place


def _unfinished(name: str) -> bool:
    return name.lower().endswith(UNFINISHED)


def _files(folder: Path, wanted: Callable[[Path], bool]) -> Iterator[Path]:
    """Files and links below a folder, by name, in sub-folders that are not hidden."""
    for where, folders, names in os.walk(folder):
        folders[:] = sorted(
            name for name in folders if wanted(Path(where) / name) and not (Path(where) / name).is_symlink()
        )
        yield from (path for name in sorted(names) if wanted(path := Path(where) / name))
