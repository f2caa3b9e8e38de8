"""One file to read, wherever it lies: its name, bytes and hash, and the names its wafers take from it."""

import hashlib
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import PurePosixPath
from typing import BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

from data.errors import FormatError, WaferValueError
from data.formats.metadata import wafer_fields
from data.formats.options import ReadOptions
from data.formats.possible import with_possible_lengths
from data.geometry import holds_dies
from data.orientation import OrientationRule, oriented
from data.wafer import WaferMap

HEAD_BYTES = 4096
PACKED = (".gz", ".bz2")
_WAFER_AT_END = re.compile(r"[ _.\-](?P<wafer>(?:w|wf|wafer|slot)[ _\-]?\d{1,20})\Z", re.IGNORECASE)
_WAFER_ALONE = re.compile(r"(?:w|wf|wafer|slot)[ _\-]?\d{1,20}", re.IGNORECASE)
_CHUNK = 2**20


class Source:
    """An open file: readers seek and read `stream`, or take all of `content()`.

    Args:
        name: what people know it by, folders and zip in front, parted by "/".
        stream: seekable, in binary mode; whoever opened it closes it.
        packed: the gzip or bzip2 file that this is the content of; wafers carry its hash, since it is what is kept.
    """

    def __init__(self, name: str, stream: BinaryIO, packed: "Source | None" = None) -> None:
        self.name = name
        self.stream = stream
        self.packed = packed
        self.size = stream.seek(0, 2)
        stream.seek(0)
        self.head = stream.read(HEAD_BYTES)
        stream.seek(0)

    @cached_property
    def sha256(self) -> str:
        """Hash of the file's bytes, computed once a file."""
        if self.packed:
            return self.packed.sha256
        position = self.stream.tell()
        self.stream.seek(0)
        digest = hashlib.sha256()
        while chunk := self.stream.read(_CHUNK):
            digest.update(chunk)
        self.stream.seek(position)
        return digest.hexdigest()

    @property
    def suffix(self) -> str:
        """The name's last suffix in lower case, with its dot; of a packed file the one before .gz or .bz2."""
        return PurePosixPath(self._plain_name).suffix.lower()

    def content(self) -> bytes:
        """All bytes of the file."""
        self.stream.seek(0)
        return self.stream.read()

    def names(self, number: int = 1, count: int = 1) -> tuple[str, str]:
        """Return the lot and wafer that the file's name says.

        Args:
            number: position of the wafer in its file, from 1.
            count: how many wafers the file holds; with several, the wafers are numbered.

        Returns:
            "LOT123_W05.png" and "LOT123/W05.png" give ("LOT123", "W05"); any other name is the lot, its wafers are
            "W01", "W02", ...
        """
        stem, folder = self._stem_and_folder
        numbered = f"W{number:0{max(2, len(str(count)))}d}"
        match = _WAFER_AT_END.search(stem) if count == 1 else None
        if match and (lot := stem[: match.start()].rstrip(" _.-")):
            return lot, match["wafer"]
        if count == 1 and folder and names_wafer(stem):
            return folder, stem
        return stem.strip() or "unnamed", numbered

    @cached_property
    def _stem_and_folder(self) -> tuple[str, str]:
        path = PurePosixPath(self._plain_name)
        return path.stem, path.parent.name

    @property
    def _plain_name(self) -> str:
        return self.name.rpartition(".")[0] if self.packed and self.name.lower().endswith(PACKED) else self.name


def names_wafer(text: str) -> bool:
    """Return whether a text is the name of a wafer: "W05", "wafer 5", "slot_12".

    Example:
        >>> names_wafer("W05"), names_wafer("Sheet1")
        (True, False)
    """
    return _WAFER_ALONE.fullmatch(text.strip()) is not None


def build_wafer(
    source: Source,
    options: ReadOptions,
    dies: NDArray[np.uint8],
    *,
    bins: NDArray[np.uint16] | None = None,
    pairs: Mapping[str, str] | None = None,
    number: int = 1,
    count: int = 1,
    axes_declared: bool = False,
    remarks: Sequence[str] = (),
    dates: Collection[str] = (),
    exported_as: str = "",
) -> WaferMap:
    """Make a wafer: what the file says goes first, then the caller's options, then the file's name.

    It is turned so that its notch points down, and as the rule of its product says. A centre from which tested dies lie
    beyond the rim, as of a tool that never filled it in, is noted and not used. Lengths that no wafer has, and lengths
    that contradict each other wildly, are remarked upon and not used.

    Args:
        source: the file.
        options: the caller's.
        dies: uint8 (H, W), 0 off, 1 pass, 2 fail.
        bins: (H, W) or None.
        pairs: metadata as `data.formats.metadata` names it.
        number: position of the wafer in its file, from 1.
        count: how many wafers the file holds.
        axes_declared: the file says which way its rows and columns count, so no rule need tell.
        remarks: whole sentences about what the reader read with doubt.
        dates: other dates of the file, which tell whether it puts days or months first.
        exported_as: kind of Waferscope's own export that the file is; its wafer lies as its rule says already.

    Raises:
        FormatError: the metadata cannot be understood or the grid is no wafer; the place is named.
    """
    where = source.name if count == 1 else f"{source.name} wafer {number} of {count}"
    lot, name = source.names(number, count)
    fields: dict[str, object] = {
        "lot_id": options.lot or lot,
        "wafer_id": name,
        "product": options.product,
        "notch": options.notch,
        "test_program": options.test_program,
        "die_pitch_mm": options.die_pitch_mm,
        "diameter_mm": options.diameter_mm,
    }
    if pairs:
        fields |= wafer_fields(pairs, where, dates)
    fields["remarks"] = tuple(dict.fromkeys([*cast(tuple[str, ...], fields.get("remarks", ())), *remarks]))
    try:
        told = {"source_name": source.name, "source_sha256": source.sha256, "exported_as": exported_as}
        wafer = WaferMap(dies=dies, bins=bins, **told, **fields)  # type: ignore[arg-type]
        wafer = with_possible_lengths(wafer)
    except WaferValueError as error:
        raise FormatError(where, error.problem, error.remedy) from error
    if wafer.center and not holds_dies(wafer):
        row, column = wafer.center
        said = f"row {row:g}, column {column:g} of the grid as written: dies would lie off the wafer, so not used"
        wafer = replace(wafer, center=None, attributes={**wafer.attributes, "center_in_file": said})
    rule = OrientationRule() if exported_as else options.rule_of(wafer.product)
    return oriented(wafer, rule, axes_declared=axes_declared)
