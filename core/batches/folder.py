"""A batch on disk: what was asked for, what was read, what is finished. Each file is there whole or not at all."""

import json
import re
import secrets
import shutil
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from core.batches.notes import FORMER_FIELDS, BatchRequest, BatchSummary, Read
from core.batches.parquet_files import (
    count_of,
    failures_in,
    model_of,
    read_results,
    read_wafers_of,
    write_results,
    write_wafers,
)
from core.storage.folder import Folder
from data.errors import BatchError
from data.formats import ReadFailure
from data.wafer import WaferMap

BATCHES = "batches"
RESULTS = "results.zip"
_REQUEST, _KEYS, _READ, _HALT = "request.json", "keys.txt", "read.json", "halt.json"
_INPUT = "input"
_SUMMARY, _TOLD = "summary.json", "told.json"
_COPY_BYTES = 2**20
_LONGEST_NAME = 180
_UNNAMABLE = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")


class Batch:
    """A batch in its folder; any number of processes may look while one works.

    `request.json` is what was asked for, and `keys.txt` the wafers of the lake, if it is about those; `input/` holds
    uploads. `wafers/N.parquet` are the wafers in parts, counted in `read.json` when all are read; `pieces/N.parquet` is
    what was found on part N. `results.zip` lies there when all is done.

    Args:
        path: the folder.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self.folder = Folder(self.path)

    @property
    def name(self) -> str:
        """Name of the folder, which cannot be guessed."""
        return self.path.name

    @property
    def request(self) -> BatchRequest:
        """What was asked for.

        Raises:
            BatchError: there is no batch here, or its request is damaged.
        """
        found = self._json(_REQUEST)
        if found is None:
            raise BatchError(str(self.path), "there is no batch here", "Start one, or name the folder of one.")
        try:
            lists = {name: tuple(found[name]) for name in ("paths", "channels")}
            found = {FORMER_FIELDS.get(name, name): value for name, value in found.items()}
            return BatchRequest(**{**found, **lists})
        except (TypeError, KeyError) as error:
            raise BatchError(str(self.path), f"request.json is damaged ({error})", "Start the batch anew.") from error

    @property
    def keys(self) -> tuple[str, ...]:
        """Wafers of the lake that it is about, none where it is about files."""
        try:
            return tuple(self.folder.read(_KEYS).decode("utf-8", "surrogatepass").split("\n"))
        except FileNotFoundError:
            return ()

    @property
    def paths(self) -> list[Path]:
        """Files, folders and zips to read."""
        return [self.path / path for path in self.request.paths]

    @property
    def read(self) -> Read | None:
        """What reading gave, None as long as it is not done."""
        found = self._json(_READ)
        if found is None:
            return None
        return Read(tuple(found["counts"]), tuple(ReadFailure(*one) for one in found["failures"]))

    @property
    def results(self) -> Path | None:
        """The archive of results, None before it is finished."""
        path = self.path / RESULTS
        return path if path.exists() else None

    @property
    def summary(self) -> BatchSummary | None:
        """What came out, None before the archive is finished."""
        found = self._json(_SUMMARY) if self.results else None
        return None if found is None else BatchSummary(**found)

    @property
    def halted(self) -> str:
        """What a person did to stop it, "paused" or "cancelled"; "" when nobody did."""
        return str((self._json(_HALT) or {}).get("how", ""))

    @property
    def told(self) -> dict[str, str]:
        """Channels that were told of the end: why that failed by name, "" where it did not."""
        return dict(self._json(_TOLD) or {})

    def accept(self, request: BatchRequest, keys: Sequence[str] = ()) -> None:
        """Note what is to be done: from here on the batch exists, and survives whatever dies."""
        if keys:
            with self.folder.new_file(_KEYS) as path:
                path.write_bytes("\n".join(keys).encode("utf-8", "surrogatepass"))
        self._write(_REQUEST, asdict(request))

    def store(self, name: str, stream: IO[bytes]) -> str:
        """Keep an upload in the batch's folder, little by little; when this returns it survives a crash.

        It keeps its name, which may say lot and wafer, but for what leads elsewhere.

        Returns:
            Its path as the request takes it.
        """
        place = f"{_INPUT}/{len(list(self.path.glob(f'{_INPUT}/*'))) + 1}/{_file_name(name)}"
        with self.folder.new_file(place) as path, path.open("wb") as file:
            shutil.copyfileobj(stream, file, _COPY_BYTES)
        return place

    def write_wafers(self, number: int, wafers: Sequence[WaferMap]) -> None:
        """Keep a part of the wafers."""
        with self.folder.new_file(_part("wafers", number)) as path:
            write_wafers(path, wafers)

    def wafers(self, number: int) -> list[WaferMap]:
        """Return the wafers of a part."""
        return read_wafers_of(self.path / _part("wafers", number))

    def finish_reading(self, counts: Iterable[int], failures: Iterable[ReadFailure]) -> None:
        """Note that all is read."""
        said = [(failure.source_name, failure.reason) for failure in failures]
        self._write(_READ, {"counts": list(counts), "failures": said})

    def write_piece(self, number: int, rows: Sequence[dict[str, Any]], failures: dict[int, str], model: str) -> None:
        """Keep what was found on a part."""
        with self.folder.new_file(_part("pieces", number)) as path:
            write_results(path, rows, failures, model)

    def piece(self, number: int) -> list[dict[str, Any]]:
        """Return what was found on a part, as `core.batches.parquet_files` keeps it; nothing before it is finished."""
        path = self.path / _part("pieces", number)
        return read_results(path) if path.exists() else []

    def piece_rows(self, number: int) -> int:
        """Count the results of a finished piece, 0 where it is not finished."""
        path = self.path / _part("pieces", number)
        return count_of(path) if path.exists() else 0

    def piece_model(self, number: int) -> str | None:
        """Name the model that a finished piece is of, None where it is not finished."""
        path = self.path / _part("pieces", number)
        return model_of(path) if path.exists() else None

    def piece_failures(self, number: int) -> dict[int, str]:
        """Return which wafers of a finished part the model failed on, by place, and why."""
        path = self.path / _part("pieces", number)
        return failures_in(path) if path.exists() else {}

    def finished(self) -> frozenset[int]:
        """Numbers of the finished pieces."""
        return frozenset(int(Path(name).stem) for name in self.folder.names("pieces"))

    def failures(self) -> list[ReadFailure]:
        """List everything that gave no result, and why."""
        read = self.read
        if read is None:
            return []
        found = list(read.failures)
        for number in sorted(self.finished()):
            if failed := self.piece_failures(number):
                wafers = self.wafers(number)
                found += [ReadFailure(wafers[at].source_name or wafers[at].key, why) for at, why in failed.items()]
        return found

    def halt(self, how: str, by: str) -> None:
        """Note that a person paused or cancelled it."""
        self._write(_HALT, {"how": how, "by": by})

    def go_on(self) -> None:
        """Forget that it was halted."""
        self.folder.remove(_HALT)

    def sum_up(self, summary: BatchSummary) -> None:
        """Note what came out, before the archive takes its name."""
        self._write(_SUMMARY, asdict(summary))

    def note_told(self, told: dict[str, str]) -> None:
        """Note which channels were told."""
        self._write(_TOLD, told)

    def reopen(self) -> None:
        """Take the finished archive away, because more is to come."""
        self.folder.remove(RESULTS)
        self.folder.remove(_TOLD)

    def claimed(self) -> AbstractContextManager[bool]:
        """Try to be the only process that works on it."""
        return self.folder.claimed("working.lock")

    def _json(self, name: str) -> dict[str, Any] | None:
        try:
            found: dict[str, Any] = json.loads(self.folder.read(name))
        except FileNotFoundError:
            return None
        except ValueError as error:
            raise BatchError(str(self.path), f"{name} is damaged ({error})", "Start the batch anew.") from error
        return found

    def _write(self, name: str, content: dict[str, Any]) -> None:
        self.folder.write_text(name, json.dumps(content))


def new_batch(home: Path) -> Batch:
    """Return a batch of its own in the workspace; it exists once something is accepted."""
    name = f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(8)}"
    return Batch(home / BATCHES / name)


def all_batches(home: Path) -> list[Batch]:
    """List the accepted batches of the workspace, newest first."""
    folders = sorted((home / BATCHES).glob(f"*/{_REQUEST}"), reverse=True)
    return [Batch(path.parent) for path in folders]


def _part(kind: str, number: int) -> str:
    return f"{kind}/{number:06d}.parquet"


def _file_name(name: str) -> str:
    """The last part of a file's name, without what no file system takes."""
    last = _UNNAMABLE.sub("_", name.replace("\\", "/").rpartition("/")[2])
    return "upload" if last in ("", ".", "..") else last.encode()[-_LONGEST_NAME:].decode(errors="ignore")
