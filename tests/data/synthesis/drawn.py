"""Wafers drawn once and looked at by several tests."""

from functools import cache

import numpy as np

from data.synthesis import SyntheticWafer, WaferRecipe, draw_wafer

SEEDS = 60


@cache
def drawn_with(key: str) -> tuple[SyntheticWafer, ...]:
    """Wafers that show one class, little background, 20 to 60 dies across."""
    recipe = WaferRecipe(longest=60, classes=(key,), background=0.03)
    return tuple(draw_wafer(np.random.default_rng([11, seed]), recipe) for seed in range(SEEDS))


@cache
def drawn_freely() -> tuple[SyntheticWafer, ...]:
    """Wafers as training draws them."""
    return tuple(draw_wafer(np.random.default_rng([12, seed])) for seed in range(250))
