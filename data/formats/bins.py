"""Which bin numbers pass: 0 is no die, 1 passes, everything else fails, unless the caller says otherwise."""

import numpy as np
from numpy.typing import NDArray

from data.errors import FormatError
from data.formats.options import ReadOptions
from data.wafer import FAIL, OFF_WAFER, PASS

MAX_BIN = np.iinfo(np.uint16).max


def bin_table(options: ReadOptions) -> NDArray[np.uint8]:
    """Return for every bin number 0 to 65535 what it means, uint8 (65536,): 0 off, 1 pass, 2 fail.

    Example:
        >>> bin_table(ReadOptions())[[0, 1, 2, 17]].tolist()
        [0, 1, 2, 2]
        >>> bin_table(ReadOptions(fail_values=(3,)))[[0, 1, 2, 3]].tolist()
        [0, 1, 1, 2]
    """
    off, good, bad = (
        [value for value in values if isinstance(value, int) and 0 <= value <= MAX_BIN]
        for values in (options.off_values, options.pass_values, options.fail_values)
    )
    table = np.full(MAX_BIN + 1, PASS if bad and not good else FAIL, dtype=np.uint8)
    if not options.pass_values and not options.fail_values:
        table[1] = PASS
    if not options.off_values:
        table[0] = OFF_WAFER
    table[off], table[good], table[bad] = OFF_WAFER, PASS, FAIL
    return table


def dies_of_bins(
    values: NDArray[np.generic], table: NDArray[np.uint8], where: str
) -> tuple[NDArray[np.uint8], NDArray[np.uint16] | None]:
    """Judge an array of bin numbers.

    Args:
        values: (H, W) whole numbers of any numeric type.
        table: from `bin_table`.
        where: what to call the array in errors.

    Returns:
        dies (H, W), and the bins themselves when they say more than off, pass and fail do.

    Raises:
        FormatError: values are not whole numbers 0 to 65535.
    """
    bins = _whole_numbers(values, where)
    dies = table[bins]
    return dies, None if np.array_equal(bins, dies) else bins


def _whole_numbers(values: NDArray[np.generic], where: str) -> NDArray[np.uint16]:
    if values.dtype.kind in "buif" and values.size:
        with np.errstate(invalid="ignore"):
            low, high = values.min(), values.max()
            if low >= 0 and high <= MAX_BIN:
                whole = values.astype(np.uint16)
                if values.dtype.kind != "f" or np.array_equal(whole, values):
                    return whole
    raise FormatError(
        where,
        f"bins are whole numbers 0 to {MAX_BIN}, found {values.dtype} {values.shape}",
        "Save bin numbers, not measurements.",
    )
