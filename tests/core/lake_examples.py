"""Wafers and results for tests of the lake: small, seeded, each different."""

from datetime import UTC, datetime, timedelta

import numpy as np

from core.analysis.result import WaferResult
from core.instances import find_instances
from core.segmentation import Segmentation
from core.severity import severity
from data.classes import CLASS_COUNT, CLASS_INDEX
from data.wafer import WaferMap

START = datetime(2026, 3, 1, tzinfo=UTC)
PRODUCTS = ("TC38", "TC39", "TC49")


def drawn(number: int, size: int = 12, seed: int = 0, **fields) -> WaferMap:
    """Wafer `number` of a lot of 25 after the other, with random failures; fields replace its metadata."""
    rng = np.random.default_rng((seed, number))
    dies = np.ones((size, size + 1), dtype=np.uint8)
    dies[rng.random(dies.shape) < 0.2] = 2
    dies[0, 0] = 0
    given = {
        "lot_id": f"LOT{number // 25:03d}",
        "wafer_id": f"W{number % 25 + 1:02d}",
        "product": PRODUCTS[number % 3],
        "test_program": f"prog_{number % 2}",
        "tested_at": START + timedelta(hours=number),
        "attributes": {"cmp_tool": f"CMP{number % 4}"},
        "source_name": f"file_{number}.png",
        "source_sha256": f"{number:064x}",
    }
    return WaferMap(dies=dies, **{**given, **fields})


def found_on(wafer: WaferMap, *classes: str, model: str = "model@1", seed: int = 0) -> WaferResult:
    """A result on which each of the classes holds all failing dies of a few rows of its own."""
    rng = np.random.default_rng(seed)
    probabilities = rng.random((CLASS_COUNT, *wafer.dies.shape), dtype=np.float32)
    masks = np.zeros(probabilities.shape, dtype=bool)
    for key in classes:
        k = CLASS_INDEX[key]
        masks[k, k : k + 4] = wafer.failing[k : k + 4]
    presence = rng.random(CLASS_COUNT, dtype=np.float32)
    segmentation = Segmentation(wafer.key, probabilities, masks, presence, model)
    instances = find_instances(segmentation, wafer)
    return WaferResult(wafer, segmentation, instances, severity(instances, wafer))


def same_wafer(one: WaferMap, other: WaferMap) -> bool:
    """Whether two wafers say the same in every field."""
    bins = (one.bins is None and other.bins is None) or (
        one.bins is not None and other.bins is not None and np.array_equal(one.bins, other.bins)
    )
    names = (
        "lot_id",
        "wafer_id",
        "product",
        "test_program",
        "tested_at",
        "die_pitch_mm",
        "diameter_mm",
        "notch",
        "source_name",
        "source_sha256",
        "center",
    )
    return (
        bins
        and np.array_equal(one.dies, other.dies)
        and dict(one.attributes) == dict(other.attributes)
        and all(getattr(one, name) == getattr(other, name) for name in names)
    )
