"""Where on the wafer dies fail: the share by distance from the centre and by clock hour."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.lots.stacking import Stack
from core.statistics.significance import wilson
from data.geometry import geometry, polar, radius_share

BANDS = 10
HOURS = 12


def radial_profile(stack: Stack, class_key: str | None = None, bands: int = BANDS) -> pd.DataFrame:
    """Return the share of failing dies in rings of equal width.

    Args:
        stack: the wafers.
        class_key: count dies of this class, None for all failing dies.
        bands: number of rings.

    Returns:
        A row for each ring that holds tested dies: `from_radius` and `to_radius` (share of the radius), `from_mm` and
        `to_mm` (NaN where the wafer's size is not known), `tested`, `failing`, `share`, `low`, `high` (95 % Wilson
        interval, dies taken as independent).
    """
    frame = geometry(stack.outline)
    if frame.assumed:
        distance: NDArray[np.floating] = radius_share(stack.outline.dies)
    else:
        place = np.indices(stack.outline.dies.shape, dtype=np.float64)
        distance = np.hypot(*frame.to_mm(place[0], place[1])) / frame.radius_mm
    ring = np.minimum((distance * bands).astype(np.intp), bands - 1)
    edges = np.arange(bands + 1) / bands
    in_mm = edges * (np.nan if frame.assumed else frame.radius_mm)
    table = pd.DataFrame({"from_radius": edges[:-1], "to_radius": edges[1:], "from_mm": in_mm[:-1], "to_mm": in_mm[1:]})
    return _with_shares(table, stack, class_key, ring)


def angular_profile(stack: Stack, class_key: str | None = None) -> pd.DataFrame:
    """Return the share of failing dies in twelve sectors, each centred on its clock hour.

    Returns:
        A row for each sector that holds tested dies: `hour` (1 to 12, 12 on top of the map as drawn), `tested`,
        `failing`, `share`, `low`, `high` as `radial_profile` gives them.
    """
    hour = np.rint(polar(stack.outline)[1] / (2 * np.pi) * HOURS).astype(np.intp) % HOURS
    table = pd.DataFrame({"hour": [HOURS, *range(1, HOURS)]})
    return _with_shares(table, stack, class_key, hour)


def _with_shares(table: pd.DataFrame, stack: Stack, class_key: str | None, place: NDArray[np.intp]) -> pd.DataFrame:
    """Add counts and shares to a table whose row i is about the dies whose `place` is i."""
    count, total = stack.counts(class_key)
    failing = np.bincount(place.ravel(), weights=count.ravel(), minlength=len(table)).astype(np.int64)
    tested = np.bincount(place.ravel(), weights=total.ravel(), minlength=len(table)).astype(np.int64)
    table = table.assign(tested=tested, failing=failing)[tested > 0].reset_index(drop=True)
    counts = zip(table["failing"].tolist(), table["tested"].tolist(), strict=True)
    ends = np.array([wilson(*count) for count in counts]).reshape(-1, 2)
    return table.assign(share=table["failing"] / table["tested"], low=ends[:, 0], high=ends[:, 1])
