"""Sending the audit trail on to another place as it grows, such as a SIEM: each row once, or again after a crash."""

import os
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Protocol
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from core.database import AppDatabase
from core.database.audit import BEGINNING
from core.database.chain import Seal, read_seal, write_seal
from core.database.schema import now
from core.database.trail_search import TrailFilter, TrailRow, follow, json_line
from core.identity import Person
from core.people.roles import Permission, permit
from core.storage.folder import Folder
from core.storage.home import make_private_file
from data.errors import SettingError, TrailError

AT_ONCE = 500
"""Rows in one piece."""
SECONDS = 30.0
"""For which an answer is waited for."""
BLOCK = 65_536
"""Bytes that are looked through at once for the end of a line."""
START = Seal(0, BEGINNING, "1970-01-01T00:00:00+00:00")


class Target(Protocol):
    """Where rows go."""

    def last(self) -> Seal | None:
        """Return the last row that is there already, None where that cannot be known."""

    def send(self, rows: Sequence[TrailRow]) -> None:
        """Keep rows; they are safe when this returns."""


class JsonLinesFile:
    """A file of JSON lines that rows are added to.

    Args:
        path: made with its folders when missing, for its owner alone.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def last(self) -> Seal | None:
        """Return the last whole row in the file; what a killed writer left half is taken off."""
        if not self.path.exists():
            return None
        with self.path.open("rb+") as file:
            end = _after_newline(file, self.path.stat().st_size)
            file.truncate(end)
            start = _after_newline(file, end - 1)
            file.seek(start)
            line = file.read(end - start)
        return read_seal(line.decode("utf-8", "replace"), str(self.path)) if line.strip() else None

    def send(self, rows: Sequence[TrailRow]) -> None:
        """Add rows, and wait until the disk holds them."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        make_private_file(self.path)
        with self.path.open("ab") as file:
            file.write(_lines(rows))
            file.flush()
            os.fsync(file.fileno())


class HttpCollector:
    """A collector that takes JSON lines by POST, as `application/x-ndjson`.

    After a crash the last piece may come again: a row's `hash` tells that it is the same.

    Args:
        url: of the collector, http or https. Redirects are not followed.
        authorization: what stands in the header of that name, "" for none.

    Raises:
        SettingError: it is no such address.
    """

    def __init__(self, url: str, authorization: str = "") -> None:
        if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
            raise SettingError("--to", "expected a file or an http(s):// address", "Correct it.")
        self._url, self._authorization = url, authorization
        self._name = urlsplit(url).hostname or ""

    def last(self) -> Seal | None:
        """A collector is not asked."""
        return None

    def send(self, rows: Sequence[TrailRow]) -> None:
        """Post rows.

        Raises:
            TrailError: the collector did not take them.
        """
        headers = {"Content-Type": "application/x-ndjson"}
        if self._authorization:
            headers["Authorization"] = self._authorization
        request = Request(self._url, data=_lines(rows), headers=headers, method="POST")
        try:
            with build_opener(_NoRedirects).open(request, timeout=SECONDS):
                pass
        except HTTPError as error:
            raise self._refused(f"it answered {error.code}") from error
        except OSError as error:
            raise self._refused(str(error)) from error

    def _refused(self, said: str) -> TrailError:
        return TrailError(
            self._name, f"the collector did not take the trail's rows ({said})", "They are sent again next time."
        )


class _NoRedirects(HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        """Follow none: a redirect could lead anywhere, with the trail."""


def target_of(to: str, authorization: str = "") -> Target:
    """Return where rows go, by the words of who says it.

    Args:
        to: path of a file, or an http(s):// address.
        authorization: header for a collector, "" for none.

    Raises:
        SettingError: it is neither.
    """
    if not to:
        raise SettingError("--to", "expected a file or an http(s):// address, found nothing", "Name one.")
    return HttpCollector(to, authorization) if "://" in to else JsonLinesFile(Path(to))


def send_new(database: AppDatabase, person: Person, target: Target, position: Path) -> int:
    """Send on what is new since the last time, and keep how far that went.

    Args:
        database: whose trail.
        person: who sends it.
        target: where to.
        position: file that holds how far was sent; it is a seal as well, for `chain.verify`.

    Returns:
        How many rows were sent.

    Raises:
        TrailError: the target did not take them, or the trail does not go on where it was left.
        NotAllowedError: the acting person may not.
    """
    permit(person, Permission.USER_READ)
    sent, reached = 0, _reached(target, position)
    folder = Folder(position.parent)
    while True:
        with database.reading() as session:
            rows = follow(session, TrailFilter(), max(reached.id - 1, 0))
            found = list(islice(rows, AT_ONCE))  # beginning with the last one sent, which must be there as it was
        if reached.id and (not found or (found[0].id, found[0].hash) != (reached.id, reached.hash)):
            raise _does_not_go_on(reached, position)
        new = found[1:] if reached.id else found
        if not new:
            return sent
        target.send(new)
        sent, reached = sent + len(new), Seal(new[-1].id, new[-1].hash, now().isoformat(timespec="seconds"))
        folder.write_text(position.name, write_seal(reached))


def _reached(target: Target, position: Path) -> Seal:
    kept = read_seal(position.read_text("utf-8"), str(position)) if position.exists() else START
    there = target.last()  # a crash between the rows and the position
    return there if there is not None and there.id > kept.id else kept


def _does_not_go_on(reached: Seal, position: Path) -> TrailError:
    return TrailError(
        f"row {reached.id}",
        "it was sent, and the trail does not hold it any more as it was",
        f"Run `python -m jobs.trail verify --seal {position}`; where an older database was restored, begin a new file "
        "with a new position.",
    )


def _after_newline(file: BinaryIO, end: int) -> int:
    """Return the place after the last end of a line before a place of a file, 0 where there is none."""
    while end > 0:
        start = max(end - BLOCK, 0)
        file.seek(start)
        found = file.read(end - start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        end = start
    return 0


def _lines(rows: Sequence[TrailRow]) -> bytes:
    return "".join(f"{json_line(row)}\n" for row in rows).encode("utf-8", "backslashreplace")
