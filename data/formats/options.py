"""What a caller may say about files before they are read, and how a file that cannot be read is told."""

from dataclasses import dataclass
from typing import Literal

from data.errors import SettingError
from data.orientation import OrientationRule
from data.wafer import Notch

MIB = 2**20


@dataclass(frozen=True)
class ReadFailure:
    """A file, or one wafer of a file, that could not be read.

    Args:
        source_name: the file, with its folder or zip in front: "lot7.zip/LOT7_W05.png".
        reason: a whole sentence: where in the file, what was expected, what was found, what to do.
    """

    source_name: str
    reason: str


@dataclass(frozen=True)
class OutOfMemory(ReadFailure):
    """A file, or an entry of a zip, that takes more memory to read than the process may have."""


@dataclass(frozen=True)
class ReadOptions:
    """How to read: names and lengths that files leave open, what values mean, and the limits that uploads must keep.

    Args:
        lot: lot of wafers whose file names no lot; None takes it from the file's name.
        product: product of wafers whose file names none.
        test_program: test program of wafers whose file names none.
        die_pitch_mm: (row, column) pitch in mm where the file gives none.
        diameter_mm: wafer diameter in mm where the file gives none.
        notch: where the notch points when the file does not say.
        off_values: values that mean "no die here": bin numbers of tables and arrays, grey levels or palette entries of
            images as whole numbers, colours as "#rrggbb".
        pass_values: values that mean "this die passes".
        fail_values: values that mean "this die fails". With fail_values alone all others pass; otherwise what is in
            none of the three fails.
        overlay: which map to take of a file that holds several of a wafer: "hard" or "soft" for STDF's bins, the map's
            name for SEMI E142, the sheet's for Excel. "" takes hard bins, and the first map that holds bins.
        rules: how the files of products lie, (product, rule) each; "" is the rule of wafers without a product.
        threshold: reads an image as continuous tone and parts it here, as a share of its type's range (0 black,
            1 white). None: images of few values are read as bins, others are parted by Otsu's method.
        failing_tone: which side of the threshold fails.
        max_file_bytes: largest file, and largest entry of a zip.
        max_pixels: largest image, checked before it is decoded.
        max_unpacked_bytes: most that a zip or npz may unpack to in all.
        max_unpack_ratio: most that an entry of a zip or npz over 16 MiB may grow by when unpacked.
        max_members: most entries in a zip, pages in a TIFF.
        max_table_rows: most rows (dies) in one table.
        max_table_bytes: most memory that a table may take: a CSV's bytes, the columns of a Parquet file once read, what
            a workbook unpacks to.
        max_failures: most wafers of one file that may turn out bad before the rest of it is left unread.
        max_cells: most places of dies that the grids of one small file may have: two dies far apart are few bytes and a
            large grid.
        max_cells_per_byte: more of these for each byte of the file.

    Raises:
        SettingError: the threshold lies outside 0 to 1, a length or limit is not positive, or a value has two meanings.

    Example:
        >>> ReadOptions(lot="L7", fail_values=(3, 4)).max_pixels
        67108864
    """

    lot: str | None = None
    product: str = ""
    test_program: str = ""
    die_pitch_mm: tuple[float, float] | None = None
    diameter_mm: float | None = None
    notch: Notch = Notch.DOWN
    off_values: tuple[int | str, ...] = ()
    pass_values: tuple[int | str, ...] = ()
    fail_values: tuple[int | str, ...] = ()
    overlay: str = ""
    rules: tuple[tuple[str, OrientationRule], ...] = ()
    threshold: float | None = None
    failing_tone: Literal["bright", "dark"] = "bright"
    max_file_bytes: int = 4096 * MIB
    max_pixels: int = 64 * MIB
    max_unpacked_bytes: int = 4096 * MIB
    max_unpack_ratio: float = 500.0
    max_members: int = 100_000
    max_table_rows: int = 100_000_000
    max_table_bytes: int = 512 * MIB
    max_failures: int = 1000
    max_cells: int = 256 * MIB
    max_cells_per_byte: int = 64

    def __post_init__(self) -> None:
        """Refuse options that contradict themselves before any file is opened."""
        if self.threshold is not None and not 0 <= self.threshold <= 1:
            raise SettingError(
                "read options", f"threshold is a share from 0 to 1, found {self.threshold}", "Correct it."
            )
        meanings = [*self.off_values, *self.pass_values, *self.fail_values]
        if len(set(meanings)) < len(meanings):
            raise SettingError(
                "read options", f"a value has two meanings in {meanings}", "Give each value one meaning."
            )
        lengths = [*(self.die_pitch_mm or ()), *([] if self.diameter_mm is None else [self.diameter_mm])]
        limits = [self.max_file_bytes, self.max_pixels, self.max_unpacked_bytes, self.max_unpack_ratio]
        counts = [self.max_members, self.max_table_rows, self.max_table_bytes, self.max_failures]
        counts += [self.max_cells, self.max_cells_per_byte]
        if not all(number > 0 for number in [*lengths, *limits, *counts]):
            raise SettingError("read options", "lengths and limits must be positive", "Correct them or leave them out.")

    def rule_of(self, product: str) -> OrientationRule:
        """Return the rule of a product, the one that changes nothing where it has none."""
        return dict(self.rules).get(product, OrientationRule())
