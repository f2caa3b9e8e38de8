"""All results of one run on disk or in one archive: masks, tables, coordinates, summary."""

import csv
import json
import shutil
import tempfile
import time
import zipfile
from array import array
from collections.abc import Iterable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, TextIO

import numpy as np

from core.analysis.result import WaferResult
from core.drawing.palette import Palette, Theme
from core.exports.archive import files_below, zip_folder
from core.exports.cells import plain_row
from core.exports.images import mask_png, overlay_png
from core.exports.names import UniqueNames, member_name, safe_part
from core.exports.records import CoordinatesFile, number
from core.exports.result_csv import INSTANCE_COLUMNS, WAFER_COLUMNS, instance_rows, wafer_row
from data.errors import SettingError

FILE_COLUMNS = ("mask_file", "masks_key")


@dataclass(frozen=True)
class OverlayStyle:
    """How the pictures in `overlays/` look."""

    palette: Palette | str = Palette.STANDARD
    theme: Theme | str = Theme.LIGHT


class ResultWriter:
    """Writes a run's results into a folder, one wafer at a time and all or nothing.

    Files: `masks/<lot>_<wafer>.png`, `masks.npz` (key -> bool (8, H, W)), `instances.csv`, `wafers.csv`,
    `coordinates.json`, `summary.json`, and `overlays/<lot>_<wafer>.png` when a style is given. They grow in a hidden
    folder beside their place and are renamed into it by `close`, `summary.json` last: where it lies, all the rest lies
    too. Leaving the context by an exception leaves the folder as it was. Files of an earlier run that this run does not
    write again stay. Memory does not grow with the wafers, but for their names.

    A key that comes twice, or that a zip archive cannot hold, gets another name in `masks.npz`; the columns `masks_key`
    and `mask_file` of `wafers.csv` say which.

    Args:
        out_dir: folder, made when missing.
        overlays: how to draw the overlays, None for none.

    Raises:
        SettingError: the folder cannot be made or written to.
    """

    def __init__(self, out_dir: str | Path, overlays: OverlayStyle | None = None) -> None:
        self.out_dir = Path(out_dir)
        self._overlays = overlays
        try:
            self.out_dir.mkdir(parents=True, exist_ok=True)
            self._staging = Path(tempfile.mkdtemp(prefix=".waferscope-", dir=self.out_dir))
        except OSError as error:
            problem = f"the results cannot be written there ({error.strerror})"
            raise SettingError(str(out_dir), problem, "Name a folder you may write to.") from error
        (self._staging / "masks").mkdir()
        if overlays:
            (self._staging / "overlays").mkdir()
        self._stems, self._members = UniqueNames(), UniqueNames()
        self._failures: list[dict[str, str]] = []
        self._milliseconds = array("d")
        self._model: str | None = None
        self._started = time.perf_counter()
        self._open_files()

    def __enter__(self) -> "ResultWriter":
        """Return the writer."""
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Publish the results, or forget them after an exception."""
        if kind is None:
            self.close()
        else:
            self.discard()

    def add(self, result: WaferResult, milliseconds: float) -> None:
        """Write one wafer.

        Args:
            result: the analysed wafer; it is not kept.
            milliseconds: how long it took; in a batch, its share of the batch.
        """
        stem = self._stems.take(f"{safe_part(result.wafer.lot_id)}_{safe_part(result.wafer.wafer_id)}")
        member = self._members.take(member_name(result.wafer.key))
        mask_file = f"masks/{stem}.png"
        (self._staging / mask_file).write_bytes(mask_png(result))
        if self._overlays:
            picture = overlay_png(result, self._overlays.palette, self._overlays.theme)
            (self._staging / f"overlays/{stem}.png").write_bytes(picture)
        with self._npz.open(f"{member}.npy", "w", force_zip64=True) as file:
            np.lib.format.write_array(file, result.segmentation.masks, allow_pickle=False)
        self._wafers.writerow(plain_row({**wafer_row(result), "mask_file": mask_file, "masks_key": member}))
        self._instances.writerows(plain_row(row) for row in instance_rows(result))
        self._coordinates.add(result)
        self._milliseconds.append(milliseconds)
        self._model = result.segmentation.model

    def fail(self, source_name: str, reason: str) -> None:
        """Note that a file gave no wafer, and why."""
        self._failures.append({"source_name": source_name, "reason": reason})

    def close(self, seconds: float | None = None) -> None:
        """Finish all files and put them in their place.

        Args:
            seconds: how long the run took, None for the time since the writer was made.
        """
        try:
            self._files.close()
            spread = np.percentile(self._milliseconds, (50, 95)) if self._milliseconds else (np.nan, np.nan)
            summary = {
                "wafers": len(self._milliseconds),
                "failures": self._failures,
                "seconds": number(time.perf_counter() - self._started if seconds is None else seconds),
                "p50_ms": number(spread[0]),
                "p95_ms": number(spread[1]),
                "model": self._model,
            }
            (self._staging / "summary.json").write_text(
                json.dumps(summary, indent=1, allow_nan=False), encoding="utf-8"
            )
            self._publish()
        finally:
            shutil.rmtree(self._staging, ignore_errors=True)

    def discard(self) -> None:
        """Forget everything that was added."""
        with suppress(OSError):
            self._files.close()
        shutil.rmtree(self._staging, ignore_errors=True)

    def _open_files(self) -> None:
        self._files = ExitStack()
        self._npz = self._files.enter_context(zipfile.ZipFile(self._staging / "masks.npz", "w", zipfile.ZIP_DEFLATED))
        self._coordinates = self._files.enter_context(CoordinatesFile(self._text("coordinates.json")))
        self._wafers = csv.DictWriter(self._text("wafers.csv"), (*WAFER_COLUMNS, *FILE_COLUMNS), lineterminator="\n")
        self._instances = csv.DictWriter(self._text("instances.csv"), INSTANCE_COLUMNS, lineterminator="\n")
        self._wafers.writeheader()
        self._instances.writeheader()

    def _text(self, name: str) -> TextIO:
        path = self._staging / name
        return self._files.enter_context(path.open("w", encoding="utf-8", errors="backslashreplace", newline=""))

    def _publish(self) -> None:
        (self.out_dir / "summary.json").unlink(missing_ok=True)
        for path in sorted(files_below(self._staging), key=lambda path: path.name == "summary.json"):
            place = self.out_dir / path.relative_to(self._staging)
            place.parent.mkdir(exist_ok=True)
            path.replace(place)


def results_zip(
    results: Iterable[tuple[WaferResult, float]],
    file: BinaryIO,
    failures: Iterable[tuple[str, str]] = (),
    overlays: OverlayStyle | None = None,
    scratch: Path | None = None,
) -> None:
    """Write what `ResultWriter` writes as one archive, with bounded memory.

    Args:
        results: analysed wafers, each with the milliseconds it took.
        file: where to write; it need not be seekable.
        failures: (source name, reason) of every file that gave no wafer.
        overlays: how to draw the overlays, None for none.
        scratch: where the files grow that go into it, None for the system's place of temporary files.
    """
    with tempfile.TemporaryDirectory(prefix="waferscope-", dir=scratch) as folder:
        writer = ResultWriter(folder, overlays)
        total_ms = 0.0
        for result, milliseconds in results:
            writer.add(result, milliseconds)
            total_ms += milliseconds
        for source_name, reason in failures:
            writer.fail(source_name, reason)
        writer.close(total_ms / 1000)
        zip_folder(Path(folder), file)
