"""A whole synthetic wafer: outline, background, patterns, and the exact mask of each class."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data.classes import BUILT_IN, CLASS_COUNT, CLASS_INDEX
from data.synthesis.frame import Field, Frame, smooth_noise
from data.synthesis.outline import draw_outline
from data.synthesis.patterns import PATTERNS, near_full
from data.wafer import FAIL, OFF_WAFER, PASS, WaferMap

PATTERN_COUNT_SHARES = (0.14, 0.46, 0.21, 0.14, 0.05)
LEAST_DIES = 4
NEAR_FULL_SHARE = 0.15


@dataclass(frozen=True)
class WaferRecipe:
    """What to draw.

    Args:
        shortest: fewest dies across.
        longest: most dies across.
        classes: class keys to draw; None draws 0 to 4 of them by chance.
        background: failure share outside patterns; None draws 0 to 0.25.
    """

    shortest: int = 20
    longest: int = 210
    classes: tuple[str, ...] | None = None
    background: float | None = None


@dataclass(frozen=True, eq=False)
class SyntheticWafer:
    """A wafer and the truth about it.

    Args:
        wafer: the map.
        masks: bool (8, H, W): the die fails and pattern k accounts for it.
    """

    wafer: WaferMap
    masks: NDArray[np.bool_]

    @property
    def classes_present(self) -> tuple[str, ...]:
        """Keys of the classes that hold at least one die."""
        return tuple(c.key for c, mask in zip(BUILT_IN, self.masks, strict=True) if mask.any())


def draw_wafer(rng: np.random.Generator, recipe: WaferRecipe | None = None) -> SyntheticWafer:
    """Draw a wafer from nothing.

    Example:
        >>> drawn = draw_wafer(np.random.default_rng(7), WaferRecipe(longest=40, classes=("center",)))
        >>> drawn.classes_present, bool((drawn.masks.any(axis=0) <= drawn.wafer.failing).all())
        (('center',), True)
    """
    recipe = recipe or WaferRecipe()
    dies = draw_outline(rng, recipe.shortest, recipe.longest)
    frame = Frame(dies)
    level = recipe.background if recipe.background is not None else min(0.25, float(rng.beta(1.3, 10.0)))
    return draw_over(rng, with_background(rng, frame, level), recipe)


def draw_over(rng: np.random.Generator, dies: NDArray[np.uint8], recipe: WaferRecipe | None = None) -> SyntheticWafer:
    """Draw patterns over a wafer that has background failures only, for example a real one without a pattern.

    Args:
        rng: source of randomness.
        dies: uint8 (H, W) with 0, 1, 2.
        recipe: what to draw; its sizes and background are not used.
    """
    recipe = recipe or WaferRecipe()
    wanted = recipe.classes if recipe.classes is not None else _choose(rng)
    frame = Frame(dies)
    rates = {key: _rate(rng, frame, key, alone=len(wanted) == 1) for key in wanted}
    drawn, masks = compose(rng, dies, rates)
    serial = int(rng.integers(1_000_000))
    return SyntheticWafer(
        WaferMap(dies=drawn, lot_id=f"SYN{serial // 25:05d}", wafer_id=f"W{serial % 25 + 1:02d}"), masks
    )


def compose(
    rng: np.random.Generator, dies: NDArray[np.uint8], rates: Mapping[str, Field]
) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Let dies fail by the rates of several patterns and tell which die belongs to which.

    Args:
        rng: source of randomness.
        dies: uint8 (H, W), background failures included.
        rates: failure rate (H, W) of each class drawn, 0 outside its pattern.

    Returns:
        dies uint8 (H, W) and masks bool (8, H, W).
    """
    failing = dies == FAIL
    regions = np.zeros((CLASS_COUNT, *dies.shape), dtype=bool)
    for key, rate in rates.items():
        regions[CLASS_INDEX[key]] = rate > 0
        failing |= rng.random(dies.shape) < rate
    failing &= dies != OFF_WAFER
    drawn = np.where(failing, FAIL, np.where(dies != OFF_WAFER, PASS, OFF_WAFER)).astype(np.uint8)
    return drawn, _account(regions, failing)


def with_background(rng: np.random.Generator, frame: Frame, level: float) -> NDArray[np.uint8]:
    """Let single dies fail at a level, weakly more often towards the rim, slowly uneven; uint8 (H, W)."""
    trend = 1 + rng.uniform(-0.1, 0.5) * (frame.radius**4 - 0.33)
    rate = np.clip(level * trend * (1 + 0.12 * smooth_noise(rng, frame)), 0, 1)
    failing = (frame.dies != OFF_WAFER) & (rng.random(frame.dies.shape) < rate)
    return np.where(failing, FAIL, frame.dies).astype(np.uint8)


def _choose(rng: np.random.Generator) -> tuple[str, ...]:
    count = int(rng.choice(len(PATTERN_COUNT_SHARES), p=PATTERN_COUNT_SHARES))
    return tuple(str(key) for key in rng.choice(list(PATTERNS), count, replace=False))


def _rate(rng: np.random.Generator, frame: Frame, key: str, alone: bool) -> Field:
    if key == "random":
        if alone and rng.random() < NEAR_FULL_SHARE:
            return near_full(rng, frame)
        rate = PATTERNS[key](rng, frame)
        # Among other patterns it stays thinner than they are, or nobody could see them.
        return rate if alone else rate * 0.6
    return PATTERNS[key](rng, frame)


def _account(regions: NDArray[np.bool_], failing: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Assign failing dies to the patterns whose region holds them; `random` takes what no other pattern explains."""
    masks = regions & failing
    k = CLASS_INDEX["random"]
    others = np.delete(regions, k, axis=0).any(axis=0)
    masks[k] &= ~others
    masks[masks.sum(axis=(1, 2)) < LEAST_DIES] = False
    return masks
