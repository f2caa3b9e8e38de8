"""Which of a picture's pixels show the same thing: exact values where they are few, near values grouped in a JPEG."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from data.formats.image_mixtures import REACH, values_of_their_own, with_rare

FEW = 16
BIN_NUMBERS = 64
_PIXELS_PER_VALUE = 50
_NEAR = 16
_SHARE_NEAR, _SHARE_LEAST = 0.75, 5e-4
_MAX_GROUPS = 8
_OPAQUE = 128
_FULL, _HARDLY = 255, 8
_LEADING, _LEADS = 0.9, 2e-4
_SAMPLE = 65536
_AT_ONCE = 2**20
LARGE = 2**22
_LINES, _PIXELS_PER_CHANGE = 64, 4
_COARSE_COLORS = 64**3
_COARSE_KEY = np.uint32(0xFCFCFCFC)


@dataclass(frozen=True, eq=False)
class Picture:
    """A decoded image.

    Args:
        pixels: uint8 or uint16 (H, W), or uint8 (H, W, 4) colours with opacity.
        palette: uint8 (K, 4) colours that whole-number pixels point to, else None.
        full_scale: the value of white where pixels are grey.
        lossy: values came through lossy compression.
        pairs: texts found beside the pixels.
    """

    pixels: NDArray[Any]
    palette: NDArray[np.uint8] | None = None
    full_scale: float = 255.0
    lossy: bool = False
    pairs: Mapping[str, str] = field(default_factory=dict)

    @property
    def in_color(self) -> bool:
        """Whether pixels are colours of their own."""
        return self.pixels.ndim == 3

    def colors(self) -> NDArray[np.uint8]:
        """Each pixel as seen, uint8 (H, W, 4)."""
        if self.in_color:
            return np.asarray(self.pixels, dtype=np.uint8)
        if self.palette is not None:
            return np.asarray(self.palette[self.pixels])
        return _grey_colors(self.pixels, self.full_scale)


@dataclass(frozen=True, eq=False)
class Levels:
    """A picture of few values.

    Args:
        labels: uint8 (H, W), which value each pixel has.
        numbers: the stored number of each value (grey level, palette entry), None for pictures in colour.
        colors: uint8 (K, 4), each value as seen, with its opacity.
        counts: (K,) pixels of each value.
        exact: whether pixels have these very values, or merely near ones.
        from_palette: numbers are entries of a palette, not grey levels.
        strange: how many pixels show neither one of the values nor a mixture of them.
    """

    labels: NDArray[np.uint8]
    numbers: tuple[int, ...] | None
    colors: NDArray[np.uint8]
    counts: NDArray[np.int64]
    exact: bool
    from_palette: bool = False
    strange: int = 0

    def __len__(self) -> int:
        """How many values there are."""
        return len(self.colors)

    @property
    def opaque(self) -> NDArray[np.bool_]:
        """(K,) false where a value lets the background through."""
        return self.colors[:, 3] >= _OPAQUE

    @property
    def greys(self) -> tuple[int, ...] | None:
        """Grey level of each value, None when one of them is coloured."""
        if self.numbers is not None and not self.from_palette:
            return self.numbers
        color = self.colors[self.opaque, :3]
        if (color != color[:, :1]).any():
            return None
        return tuple(int(value[0]) for value in self.colors)


def few_values(picture: Picture) -> Levels | None:
    """Find the values that a picture is drawn in.

    Exact values count when there are at most 16, or, of whole grey numbers below 64 (bin numbers), at most 64.
    Otherwise near values are grouped: JPEG and smoothed edges put most pixels within a few levels of at most 8 values.

    Args:
        picture: decoded.

    Returns:
        The values, None for a continuous tone.
    """
    exact = None if picture.lossy else _exact_colors(picture) if picture.in_color else _exact_numbers(picture)
    return exact or (None if picture.lossy else _leading(picture)) or _grouped(picture)


def composited(colors: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Lay half-transparent colours on white, the colour of pages, as everybody sees them.

    Args:
        colors: uint8 (..., 4) colours with opacity.

    Returns:
        uint8 (..., 4): opaque, but where nothing can be seen at all, which is all zero.
    """
    opacity = colors[..., 3:].astype(np.uint16)
    if (opacity == _FULL).all():
        return colors
    mixed = (colors[..., :3] * opacity + _FULL * (_FULL - opacity) + _FULL // 2) // _FULL
    shown = np.concatenate([mixed, np.full_like(opacity, _FULL)], axis=-1).astype(np.uint8)
    shown[opacity[..., 0] < _HARDLY] = 0
    return np.asarray(shown)


def thinned(picture: Picture) -> Picture | None:
    """Take every few pixels of a very large picture, whose dies are drawn many pixels wide.

    Returns:
        At most about four million pixels, or the picture itself where it has no more; None where lines drawn across it
        change too often for that.
    """
    height, width = picture.pixels.shape[:2]
    if height * width <= LARGE:
        return picture
    step = math.ceil(math.sqrt(height * width / LARGE))
    for axis, side in ((0, height), (1, width)):
        lines = np.moveaxis(picture.pixels, axis, 0)
        some = lines[np.linspace(0, side - 1, min(side, _LINES)).astype(np.intp)]
        differ = some[:, 1:] != some[:, :-1]
        if picture.in_color:
            differ = differ.any(axis=2)
        if differ.sum(axis=1).max() > differ.shape[1] / step / _PIXELS_PER_CHANGE:
            return None
    top, left = (min(step // 2, side - 1) for side in (height, width))
    return replace(picture, pixels=picture.pixels[top::step, left::step])


def _exact_numbers(picture: Picture) -> Levels | None:
    """The values of grey levels or palette entries, None when they are many."""
    counts = np.zeros(int(picture.pixels.max()) + 1, dtype=np.int64)
    for some in np.array_split(
        picture.pixels.ravel(), -(-picture.pixels.size // _AT_ONCE)
    ):  # counting takes 8 bytes each
        counts += np.bincount(some, minlength=len(counts))
    values = np.flatnonzero(counts)
    are_bins = picture.palette is None and values[-1] < BIN_NUMBERS
    if len(values) > FEW and not (are_bins and picture.pixels.size >= _PIXELS_PER_VALUE * len(values)):
        return None
    label_of = np.zeros(len(counts), dtype=np.uint8)
    label_of[values] = np.arange(len(values))
    colors = _grey_colors(values, picture.full_scale) if picture.palette is None else picture.palette[values]
    numbers, from_palette = tuple(values.tolist()), picture.palette is not None
    labels = (
        cv2.LUT(picture.pixels, np.resize(label_of, 256))
        if picture.pixels.dtype == np.uint8
        else label_of[picture.pixels]
    )
    return Levels(
        np.asarray(labels, dtype=np.uint8), numbers, colors, counts[values], exact=True, from_palette=from_palette
    )


def _exact_colors(picture: Picture) -> Levels | None:
    """The colours of a picture, None when they are many. All that shine through are one, for they show nothing."""
    colors = np.ascontiguousarray(picture.pixels, dtype=np.uint8)
    clear = colors[..., 3] < _OPAQUE
    if clear.any():
        colors = np.where(clear[..., None], np.uint8(0), colors)
    keys = colors.view(np.uint32)[..., 0]
    if len(np.unique(keys.ravel()[:: max(1, keys.size // _SAMPLE)])) > FEW:
        return None
    rest = keys.ravel()
    found: list[np.uint32] = []
    while rest.size and len(found) <= FEW:  # a pass a colour: sorting millions of pixels takes far longer
        found.append(rest[0])
        rest = rest[rest != rest[0]]
    if rest.size:
        return None
    values = np.sort(np.array(found, dtype=np.uint32))
    labels = np.zeros(keys.shape, dtype=np.uint8)
    for label, value in enumerate(values):
        labels[keys == value] = label
    counts = np.bincount(labels.ravel(), minlength=len(values))
    return Levels(labels, None, values.view(np.uint8).reshape(-1, 4), counts, exact=True)


def _leading(picture: Picture) -> Levels | None:
    """The colours that nearly all pixels have, where letters, smoothed edges and bars add many of few pixels each.

    Every other pixel counts as the leading colour next to its own.
    """
    colors = np.ascontiguousarray(picture.colors())
    keys = colors.view(np.uint32)[..., 0]
    some = keys.ravel()[np.random.default_rng(0).integers(0, keys.size, _SAMPLE)] if keys.size > _SAMPLE else keys
    found, counts = np.unique(some, return_counts=True)
    often = np.argsort(-counts, kind="stable")[:FEW]
    leaders = np.sort(found[often[counts[often] >= _LEADS * some.size]])
    if len(leaders) < 2 or counts[np.isin(found, leaders)].sum() < _LEADING * some.size:
        return None
    labels = np.full(keys.shape, len(leaders), dtype=np.uint8)
    for label, value in enumerate(leaders):
        labels[keys == value] = label
    colors_of = leaders.view(np.uint8).reshape(-1, 4)
    own = values_of_their_own(colors_of[:, :3], labels)
    number = np.full(len(leaders) + 1, np.count_nonzero(own), dtype=np.uint8)
    number[:-1][own] = np.arange(np.count_nonzero(own))
    labels, shown = number[labels], colors_of[own]
    rest = labels == len(shown)
    others, place = np.unique(keys[rest] & _COARSE_KEY, return_inverse=True)  # 64 steps a channel bound the table
    often = np.bincount(place, minlength=len(others))
    shown, strange = with_rare(shown, others.view(np.uint8).reshape(-1, 4)[:, :3] + np.uint8(2), often)
    far = np.abs(others.view(np.uint8).reshape(-1, 1, 4).astype(np.int16) - shown.astype(np.int16)).sum(axis=2)
    labels[rest] = far.argmin(axis=1)[place]
    counts = np.bincount(labels.ravel(), minlength=len(shown))
    return Levels(labels, None, shown, counts, exact=False, strange=strange)


def _grey_colors(values: NDArray[Any], full_scale: float) -> NDArray[np.uint8]:
    grey = np.clip(np.round(values.astype(np.float64) * (255 / full_scale)), 0, 255).astype(np.uint8)
    return np.stack([grey, grey, grey, np.full_like(grey, 255)], axis=-1)


def _grouped(picture: Picture) -> Levels | None:
    """Group near colours around the most frequent ones; None when many pixels are near none of them."""
    red, green, blue = (picture.colors()[..., channel].astype(np.int32) >> 2 for channel in range(3))
    keys = (red << 12) | (green << 6) | blue
    all_counts = np.bincount(keys.ravel(), minlength=_COARSE_COLORS)
    found = np.flatnonzero(all_counts)
    counts = all_counts[found]
    cells = np.stack([found >> 12, (found >> 6) & 63, found & 63], axis=1).astype(np.int16) * 4 + 2
    left, near_total = counts.copy(), 0
    centers: list[NDArray[np.float64]] = []
    while len(centers) < _MAX_GROUPS and left.any():
        center = cells[np.argmax(left)]
        distance = np.abs(cells - center).max(axis=1)
        near = int(left[distance <= _NEAR].sum())
        taken = left[distance <= REACH].sum()
        left[distance <= REACH] = 0
        if near >= max(_SHARE_LEAST * keys.size, taken / 2):
            near_total += near
            centers.append(np.average(cells[distance <= _NEAR], axis=0, weights=counts[distance <= _NEAR]))
    if len(centers) < 2 or near_total < _SHARE_NEAR * keys.size:
        return None
    middle = np.round(np.array(centers))
    nearest = np.zeros(_COARSE_COLORS, dtype=np.uint8)
    nearest[found] = np.abs(cells[:, None] - middle[None]).sum(axis=2).argmin(axis=1)
    labels = nearest[keys]
    own = values_of_their_own(middle, labels)
    shown = np.concatenate([middle, np.full((len(middle), 1), _FULL)], axis=1).astype(np.uint8)[own]
    shown, strange = with_rare(shown, cells, counts)
    if len(shown) != len(middle) or not own.all():
        nearest[found] = np.abs(cells[:, None] - shown[None, :, :3]).sum(axis=2).argmin(axis=1)
        labels = nearest[keys]
    numbers = np.bincount(labels.ravel(), minlength=len(shown))
    return Levels(labels, None, shown, numbers, exact=False, strange=strange)
