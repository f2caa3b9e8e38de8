"""Wafers that are alike up to a turn, and some that are not."""

import numpy as np

from data.geometry import clock_angle, radius_share
from data.wafer import FAIL, OFF_WAFER, PASS, WaferMap

SIZE = 32


def blank(size=SIZE):
    dies = np.ones((size, size), dtype=np.uint8)
    dies[radius_share(dies) > 1] = OFF_WAFER
    return dies


def shown(name, hour, kinds, size=SIZE, **fields):
    """A wafer with a blob at the middle, an arc at the rim pointing to a clock hour, or both."""
    dies = blank(size)
    fails = np.zeros(dies.shape, dtype=bool)
    away = np.abs((clock_angle(dies) - hour * np.pi / 6 + np.pi) % (2 * np.pi) - np.pi)
    if "edge" in kinds:
        fails |= (radius_share(dies) > 0.82) & (away < 0.7)
    if "center" in kinds:
        fails |= radius_share(dies) < 0.3
    dies[fails & (dies == PASS)] = FAIL
    return WaferMap(dies, "LOT", name, **fields)


WAFERS = [
    *(shown(f"E{hour:02d}", hour, ["edge"], product="A", attributes={"tool": "T1"}) for hour in range(12)),
    *(shown(f"B{hour:02d}", hour, ["edge", "center"], product="B", attributes={"tool": "T2"}) for hour in range(12)),
    *(shown(f"C{n}", 0, ["center"], size=30 + n, attributes={"tool": "T1", "slot": "1"}) for n in range(3)),
    shown("N", 0, []),
]
