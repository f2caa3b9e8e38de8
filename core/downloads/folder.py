"""Files of many wafers, written into a folder or one archive as results come, with what could not be written."""

import json
import logging
import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, BinaryIO

from core.analysis.result import WaferResult
from core.downloads.formats import (
    LOT_FORMATS,
    PERIOD_FORMATS,
    WAFER_FORMATS,
    ExportStyle,
    FormatKey,
    WaferFormat,
    chosen,
)
from core.exports.archive import zip_folder
from core.exports.names import UniqueNames, safe_part, stem_of_names
from core.lake import Lake, WaferFilter
from core.reports.levels import LevelsWorkbook
from data.errors import ExportError, LakeError, SettingError, inner_words
from data.formats.own_exports import KIND, MARK

SUMMARY = "export.json"
_log = logging.getLogger(__name__)


class ExportFolder:
    """Writes the chosen formats of wafers, lots and a period into a folder; every file is whole or not there.

    A wafer's files are `<format>/<lot>_<wafer><ending>`. Tables are one for all wafers: `wafers.csv`, `clusters.csv`,
    `dies.csv`, `results.xlsx`. `export.json`, written last, lists all files and says what was refused. Memory does not
    grow with the wafers, but for the workbook's rows and the files' names.

    Args:
        folder: made when missing.
        keys: of formats.
        style: what the files depend on.

    Raises:
        SettingError: the folder cannot be written to, or holds another export, which would be mixed with this one.
    """

    def __init__(self, folder: Path, keys: Sequence[FormatKey], style: ExportStyle) -> None:
        self._folder, self._keys, self._style = folder, tuple(keys), style
        self._formats = chosen(WAFER_FORMATS, keys)
        self._names = UniqueNames()
        self._levels = LevelsWorkbook()
        self._tables: dict[str, IO[bytes]] = {}
        self.written: dict[str, int] = dict.fromkeys(keys, 0)
        self._files: list[str] = []
        self.refused: list[dict[str, str]] = []
        self.wafers = 0
        if (folder / SUMMARY).exists():
            remedy = "Name another folder, or remove that one first."
            raise SettingError(str(folder), "it holds the files of an earlier export", remedy)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for one in self._formats:
                if one.one_table and one.key is not FormatKey.XLSX:
                    self._tables[one.key] = _unfinished(folder / f"{one.key}.csv").open("wb")
        except OSError as error:
            self.discard()
            problem = f"the files cannot be written there ({error.strerror})"
            raise SettingError(str(folder), problem, "Name a folder you may write to.") from error

    def __enter__(self) -> "ExportFolder":
        """Return the folder."""
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Finish tables and summary, or leave them out after an exception."""
        if kind is None:
            self.close()
        else:
            self.discard()

    def add(self, result: WaferResult) -> None:
        """Write one wafer in every format; one that cannot hold it is noted."""
        stem = self._names.take(stem_of_names(result.wafer.lot_id, result.wafer.wafer_id))
        self.wafers += 1
        for one in self._formats:
            with self._noted(result.wafer.key, one.key):
                self._add(one, result, stem)
                self.written[one.key] += 1

    def add_lot(self, lake: Lake, lot_id: str) -> None:
        """Write one lot in every format of lots."""
        for one in chosen(LOT_FORMATS, self._keys):
            name = self._names.take(f"{one.key}/{safe_part(lot_id)}")
            with self._noted(lot_id, one.key):
                self._write(self._folder / f"{name}{one.ending}", one.make(lake, lot_id, self._style))
                self.written[one.key] += 1

    def add_period(self, lake: Lake, where: WaferFilter) -> None:
        """Write the wafers of a filter in every format of periods."""
        for one in chosen(PERIOD_FORMATS, self._keys):
            with self._noted("period", one.key):
                self._write(self._folder / f"period{one.ending}", one.make(lake, where, self._style))
                self.written[one.key] += 1

    def leave_out(self, key: str) -> None:
        """Note a wafer that has no result."""
        self.refused.append({"of": key, "format": "", "reason": f"{key}: the wafer is not segmented yet. Segment it."})

    def close(self) -> None:
        """Finish tables, workbook and summary."""
        for name, file in self._tables.items():
            file.close()
            path = self._folder / f"{name}.csv"
            _unfinished(path).replace(path)
            self._files.append(path.name)
        if FormatKey.XLSX in self._keys:
            with self._noted("all wafers", FormatKey.XLSX):
                self._write(self._folder / "results.xlsx", self._levels.xlsx(self._style.made_at, "Results"))
        summary = {
            MARK: {KIND: "export"},
            "made_at": self._style.made_at.isoformat(),
            "made_by": self._style.person.name,
            "wafers": self.wafers,
            "written": self.written,
            "files": sorted(self._files),
            "refused": self.refused,
        }
        self._write(self._folder / SUMMARY, json.dumps(summary, indent=1).encode())

    def discard(self) -> None:
        """Drop the tables that are not finished."""
        for name, file in self._tables.items():
            file.close()
            _unfinished(self._folder / f"{name}.csv").unlink(missing_ok=True)

    @contextmanager
    def _noted(self, what: str, key: FormatKey) -> Iterator[None]:
        """Note why a file could not be made and go on; a folder that cannot be written ends the export."""
        try:
            yield
        except ExportError as error:
            self.refused.append({"of": what, "format": key, "reason": str(error)})
        except (OSError, LakeError):
            raise
        except Exception as error:
            _log.warning("%s could not be made of %s", key, what, exc_info=True)
            reason = f"{what}: its {key} file could not be made{inner_words(error)}. Take another format."
            self.refused.append({"of": what, "format": key, "reason": reason})

    def _add(self, one: WaferFormat, result: WaferResult, stem: str) -> None:
        if one.key is FormatKey.XLSX:
            self._levels.add(result)
            return
        content = one.make(result, self._style)
        if one.one_table:
            table = self._tables[one.key]
            table.write(content if table.tell() == 0 else content.partition(b"\n")[2])
        else:
            self._write(self._folder / one.key / f"{stem}{one.ending}", content)

    def _write(self, path: Path, content: bytes) -> None:
        path.parent.mkdir(exist_ok=True)
        _unfinished(path).write_bytes(content)
        _unfinished(path).replace(path)
        self._files.append(path.relative_to(self._folder).as_posix())


def export_zip(results: Iterable[WaferResult], keys: Sequence[FormatKey], style: ExportStyle, file: BinaryIO) -> None:
    """Write what `ExportFolder` writes of wafers as one archive.

    Args:
        results: analysed wafers.
        keys: of formats.
        style: what the files depend on.
        file: where to write.
    """
    with tempfile.TemporaryDirectory(prefix="waferscope-") as name:
        folder = Path(name)
        with ExportFolder(folder, keys, style) as export:
            for result in results:
                export.add(result)
        zip_folder(folder, file)


def _unfinished(path: Path) -> Path:
    return path.with_name(f".{path.stem[:20]}.{os.getpid()}.tmp")
