"""A demo fab: lots with a process history, and three stories hidden in it for people to find.

1. Scratches: one CMP tool scratches most of its wafers for two weeks.
2. Etching: one etch chamber drifts over the last three months, more wafers and stronger gradients week by week.
3. Lithography: one product's reticle carries a defect from a certain day on, the same die of every field.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import numpy as np

from data.synthesis.frame import Field, Frame
from data.synthesis.outline import round_wafer
from data.synthesis.patterns import PATTERNS
from data.synthesis.wafer import SyntheticWafer, compose, with_background
from data.wafer import WaferMap

DEMO_SOURCE = "demo fab"
"""Where its wafers say that they are from: no measurement on them is one on real wafers."""
DAYS = 182
LAST_DAY = datetime(2026, 11, 20, tzinfo=UTC)
WAFERS_A_LOT = 25
LITHO_TOOLS = ("LITHO-1", "LITHO-2", "LITHO-3")
ETCH_CHAMBERS = ("ETCH-1A", "ETCH-1B", "ETCH-2A", "ETCH-2B")
CMP_TOOLS = ("CMP-1", "CMP-2", "CMP-3")

SCRATCHING_TOOL, SCRATCHING_DAYS = "CMP-3", (112, 126)
DRIFTING_CHAMBER, DRIFT_FROM_DAY = "ETCH-2B", 91
RETICLE_PRODUCT, RETICLE_FROM_DAY = "Kestrel", 140
ORDINARY_SHARES = {
    "edge": 0.05,
    "center": 0.025,
    "ring": 0.02,
    "scratch": 0.015,
    "particle": 0.035,
    "lithography": 0.006,
    "etching": 0.012,
    "random": 0.008,
}
"""Share of wafers that show each class without any story."""


@dataclass(frozen=True)
class Product:
    """A product of the demo fab.

    Args:
        name: product name.
        grid: (rows, columns) of dies across the wafer.
        background: failure share without patterns.
        reticle: (rows, columns) of dies in a reticle field.
    """

    name: str
    grid: tuple[int, int]
    background: float
    reticle: tuple[int, int]


PRODUCTS = (
    Product("Heron", (27, 25), 0.07, (3, 2)),
    Product("Kestrel", (38, 34), 0.05, (4, 3)),
    Product("Merlin", (52, 52), 0.09, (4, 4)),
    Product("Osprey", (42, 29), 0.04, (3, 3)),
)


def demo_fab(seed: int = 20261123, wafers: int = 2000) -> Iterator[SyntheticWafer]:
    """Draw the demo fab's wafers, lot by lot, oldest first.

    Args:
        seed: another seed is another fab with the same stories.
        wafers: how many, 25 a lot, spread over 26 weeks.

    Example:
        >>> first = next(demo_fab(wafers=25))
        >>> first.wafer.key, sorted(first.wafer.attributes)
        ('D10001:W01', ['cmp_tool', 'etch_chamber', 'litho_tool', 'slot'])
    """
    lots = -(-wafers // WAFERS_A_LOT)
    for lot in range(lots):
        rng = np.random.default_rng([seed, lot])
        day = (lot + rng.uniform(0.1, 0.9)) * DAYS / lots
        product = PRODUCTS[int(rng.choice(len(PRODUCTS), p=(0.35, 0.25, 0.2, 0.2)))]
        litho, cmp_pair = str(rng.choice(LITHO_TOOLS)), rng.choice(CMP_TOOLS, 2, replace=False)
        for slot in range(1, min(WAFERS_A_LOT, wafers - lot * WAFERS_A_LOT) + 1):
            history = {
                "litho_tool": litho,
                "etch_chamber": ETCH_CHAMBERS[(slot - 1) % len(ETCH_CHAMBERS)],
                "cmp_tool": str(cmp_pair[(slot - 1) // 13]),
                "slot": str(slot),
            }
            drawn = _draw(rng, product, day, history)
            tested_at = LAST_DAY - timedelta(days=DAYS - day) + timedelta(minutes=17 * slot)
            wafer = replace(
                drawn.wafer,
                lot_id=f"D{10001 + lot}",
                wafer_id=f"W{slot:02d}",
                product=product.name,
                test_program=f"{product.name.lower()}_ws_r{2 if day > DAYS / 2 else 1}",
                tested_at=tested_at,
                die_pitch_mm=(300 / product.grid[0], 300 / product.grid[1]),
                diameter_mm=300.0,
                attributes=history,
                source_name=DEMO_SOURCE,
            )
            yield SyntheticWafer(wafer, drawn.masks)


def _draw(rng: np.random.Generator, product: Product, day: float, history: dict[str, str]) -> SyntheticWafer:
    """Draw one wafer: background, ordinary patterns, and what the stories add."""
    frame = Frame(round_wafer(*product.grid, exclusion=0.01))
    rates = {key: PATTERNS[key](rng, frame) for key, share in ORDINARY_SHARES.items() if rng.random() < share}
    rates |= _stories(rng, frame, product, day, history)
    dies = with_background(rng, frame, product.background * rng.uniform(0.6, 1.5))
    drawn, masks = compose(rng, dies, rates)
    return SyntheticWafer(WaferMap(dies=drawn, lot_id="demo", wafer_id="W"), masks)


def _stories(
    rng: np.random.Generator, frame: Frame, product: Product, day: float, history: dict[str, str]
) -> dict[str, Field]:
    rates: dict[str, Field] = {}
    first, last = SCRATCHING_DAYS
    if history["cmp_tool"] == SCRATCHING_TOOL and first <= day < last and rng.random() < 0.7:
        rates["scratch"] = PATTERNS["scratch"](rng, frame)
    drift = (day - DRIFT_FROM_DAY) / (DAYS - DRIFT_FROM_DAY)
    if history["etch_chamber"] == DRIFTING_CHAMBER and drift > 0 and rng.random() < 0.15 + 0.7 * drift:
        rates["etching"] = _gradient(rng, frame, 0.45 + 0.5 * drift)
    if product.name == RETICLE_PRODUCT and day >= RETICLE_FROM_DAY and rng.random() < 0.8:
        rates["lithography"] = _reticle_defect(frame, product.reticle)
    return rates


def _gradient(rng: np.random.Generator, frame: Frame, strength: float) -> Field:
    """Fail more towards four o'clock, where the drifting chamber's gas inlet is."""
    turn = rng.normal(2 * np.pi / 3, 0.15)
    along = frame.x * np.sin(turn) + frame.y * np.cos(turn)
    rate = np.clip((along + 0.1) / 1.1, 0, 1) * strength
    return np.where(rate > 0.15, rate, 0).astype(np.float32)


def _reticle_defect(frame: Frame, reticle: tuple[int, int]) -> Field:
    """Fail the second row's first die of every reticle field."""
    height, width = frame.dies.shape
    hit = (np.arange(height) % reticle[0] == 1)[:, None] & (np.arange(width) % reticle[1] == 0)[None, :]
    return np.where(hit, 0.95, 0).astype(np.float32)
