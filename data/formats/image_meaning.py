"""What the values of a picture mean: off the wafer, passing or failing.

The first rule that fits decides:

1. What the caller says: `off_values`, `pass_values`, `fail_values`.
2. Grey 0, 1, 2 and 0, 127 (or 128), 255 are off, pass, fail, whichever of them occur; 16-bit pictures stretched to
   65535 too. Grey 0 and 255 alone, or 0 and 1 alone, say too little and go by rules 5 and 6.
3. Other whole grey numbers below 64 are bins: 0 is no die, 1 passes, all others fail.
4. Green passes; greys beside it are off; every other colour fails. The outer and middle colours of matplotlib's viridis
   are off, pass, fail when all three occur.
5. The value of the corners is off; of the others the most frequent passes and the rest fail.
6. Where the corners' value also fills over half of the inscribed disc, it passes there and is off outside of it.

See-through pixels are off in all of them.
"""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data.errors import FormatError
from data.formats.image_values import BIN_NUMBERS, Levels
from data.formats.options import ReadOptions
from data.wafer import FAIL, OFF_WAFER, PASS

_GREY_CODES = (
    ({0: OFF_WAFER, 1: PASS, 2: FAIL}, {0, 1}),
    ({0: OFF_WAFER, 127: PASS, 128: PASS, 255: FAIL}, {0, 255}),
    ({0: OFF_WAFER, 32767: PASS, 32768: PASS, 65535: FAIL}, {0, 65535}),
)
_VIRIDIS = {(68, 1, 84): OFF_WAFER, (33, 145, 140): PASS, (253, 231, 37): FAIL}
_COLOR_TOLERANCE, _COMPRESSED_TOLERANCE = 3, 12
_HALF = 0.5


@dataclass(frozen=True, eq=False)
class Meaning:
    """What each value of a picture means.

    Args:
        codes: uint8 (K,): 0 off, 1 pass, 2 fail.
        off_outside_disc: the value that is off outside the inscribed disc only, None for most pictures.
        bins: uint16 (K,) bin numbers where the picture stores them, else None.
    """

    codes: NDArray[np.uint8]
    off_outside_disc: int | None = None
    bins: NDArray[np.uint16] | None = None

    @property
    def off_labels(self) -> tuple[int, ...]:
        """The values that surround the wafer."""
        off = np.flatnonzero(self.codes == OFF_WAFER).tolist()
        return tuple(off) if self.off_outside_disc is None else (*off, self.off_outside_disc)

    def dies(self, labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Judge the value of each die, (H, W) to (H, W)."""
        dies = self.codes[labels]
        if self.off_outside_disc is not None:
            dies[(labels == self.off_outside_disc) & ~inscribed_disc(labels.shape)] = OFF_WAFER
        return dies


def inscribed_disc(shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """True inside the ellipse that touches all four sides, (H, W)."""
    rows, columns = (((np.arange(side) + 0.5) / side * 2 - 1) ** 2 for side in shape)
    return rows[:, None] + columns[None, :] <= 1


def meanings(levels: Levels, options: ReadOptions, where: str, *, ours: bool = False) -> Meaning:
    """Decide what each value means, by the rules above.

    Args:
        levels: the picture's values.
        options: the caller's.
        where: what to call the picture in errors.
        ours: Waferscope wrote it, so greys 0, 127 and 255 leave no doubt.

    Raises:
        FormatError: the picture is all of one value and the caller has not said what it means.
    """
    if options.off_values or options.pass_values or options.fail_values:
        return _told(levels, options)
    if not ours and np.count_nonzero(levels.counts) < 2:
        raise FormatError(
            where,
            "expected a wafer map, found a picture of one colour",
            "Choose another picture, or say what its value means.",
        )
    by_number = _by_grey(levels, ours)
    if by_number is not None:
        return by_number
    codes = _by_color(levels)
    return _by_corners(levels) if codes is None else Meaning(_hide_clear(codes, levels))


def _told(levels: Levels, options: ReadOptions) -> Meaning:
    def named(i: int, values: Collection[int | str]) -> bool:
        number = levels.numbers[i] if levels.numbers is not None else None
        return number in values or f"#{bytes(levels.colors[i, :3]).hex()}" in {str(v).lower() for v in values}

    codes = np.full(len(levels), PASS if options.fail_values and not options.pass_values else FAIL, dtype=np.uint8)
    if not options.off_values:
        codes[_corner_value(levels)] = OFF_WAFER
    for values, code in ((options.off_values, OFF_WAFER), (options.pass_values, PASS), (options.fail_values, FAIL)):
        codes[[i for i in range(len(levels)) if named(i, values)]] = code
    return Meaning(_hide_clear(codes, levels))


def _by_grey(levels: Levels, ours: bool) -> Meaning | None:
    if levels.greys is None:
        return None
    shown = np.flatnonzero(levels.opaque)
    greys = np.array(levels.greys)
    if not levels.exact:
        return _by_near_grey(levels, greys)
    for known, too_little in _GREY_CODES:
        present = set(greys[shown].tolist())
        if present <= set(known) and (ours or present != too_little):
            return Meaning(
                _hide_clear(np.array([known.get(grey, OFF_WAFER) for grey in greys], dtype=np.uint8), levels)
            )
    if len(shown) > 2 and (np.mod(greys, 1) == 0).all() and greys.min() >= 0 and greys.max() < BIN_NUMBERS:
        codes = np.where(greys == 0, OFF_WAFER, np.where(greys == 1, PASS, FAIL)).astype(np.uint8)
        return Meaning(_hide_clear(codes, levels), bins=greys.astype(np.uint16))
    return None


def _by_near_grey(levels: Levels, greys: NDArray[np.float64]) -> Meaning | None:
    """A JPEG of 0, 127, 255 comes back with greys near these."""
    near = np.abs(greys[:, None] - np.array([0, 127, 255])).argmin(axis=1)
    off_by = np.abs(greys - np.array([0, 127, 255])[near]).max()
    if off_by > 12 or set(near.tolist()) == {OFF_WAFER, FAIL}:
        return None
    return Meaning(near.astype(np.uint8))


def _by_color(levels: Levels) -> NDArray[np.uint8] | None:
    colors = levels.colors[:, :3].astype(np.int16)
    known = np.array(list(_VIRIDIS), dtype=np.int16)
    distance = np.abs(colors[:, None] - known[None]).max(axis=2)
    near = _COLOR_TOLERANCE if levels.exact else _COMPRESSED_TOLERANCE
    if len(levels) == len(known) and (distance.min(axis=0) <= near).all():
        return np.asarray(np.array(list(_VIRIDIS.values()), dtype=np.uint8)[distance.argmin(axis=1)])
    red, green, blue = colors.T
    vivid = colors.max(axis=1) - colors.min(axis=1) > 60
    passing = vivid & (green > 1.3 * red) & (green > 1.3 * blue) & levels.opaque
    if not passing.any() or not (vivid & ~passing).any():
        return None
    return np.where(passing, PASS, np.where(vivid, FAIL, OFF_WAFER)).astype(np.uint8)


def _by_corners(levels: Levels) -> Meaning:
    corner = _corner_value(levels)
    inside = np.bincount(levels.labels[inscribed_disc(levels.labels.shape)], minlength=len(levels))
    codes = np.full(len(levels), FAIL, dtype=np.uint8)
    if inside[corner] > _HALF * inside.sum() and levels.opaque[corner]:
        codes[corner] = PASS
        return Meaning(_hide_clear(codes, levels), off_outside_disc=corner)
    counts = np.where(levels.opaque, inside, -1)
    counts[corner] = -1
    codes[corner], codes[np.argmax(counts)] = OFF_WAFER, PASS
    return Meaning(_hide_clear(codes, levels))


def _corner_value(levels: Levels) -> int:
    """The value that most corners show, of equals the one more frequent along the border."""
    labels = levels.labels
    border = np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])
    corners = np.bincount(labels[[0, 0, -1, -1], [0, -1, 0, -1]], minlength=len(levels))
    along = np.bincount(border, minlength=len(levels))
    return int(np.lexsort((along, corners))[-1])


def _hide_clear(codes: NDArray[np.uint8], levels: Levels) -> NDArray[np.uint8]:
    return np.where(levels.opaque, codes, OFF_WAFER).astype(np.uint8)
