"""Whether a wafer's slot in its lot matters: odd against even slots, the first and the last against the rest."""

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from core.statistics.significance import benjamini_hochberg

ENDS = 3
"""Slots that count as first or last."""

EFFECT_COLUMNS = ("compared", "wafers", "others", "mean", "mean_of_others", "test", "p", "p_corrected")
_DIGITS = re.compile(r"\d+")


def slot_of(attributes: Mapping[str, str], wafer_id: str) -> int | None:
    """Find a wafer's slot: what its attribute `slot` says, else the last number in its name; None for neither.

    Example:
        >>> slot_of({"slot": "7"}, "W01"), slot_of({}, "A12-W05"), slot_of({}, "rest")
        (7, 5, None)
    """
    for text in (attributes.get("slot", ""), wafer_id):
        found = _DIGITS.findall(text)
        # A slot of more digits is a serial number.
        if found and len(found[-1]) <= 3:
            return int(found[-1])
    return None


def slot_effects(slots: pd.Series, values: pd.Series, *, presence: bool = False) -> pd.DataFrame:
    """Test whether wafers differ by slot.

    Args:
        slots: slot of each wafer, NaN where unknown.
        values: what each wafer measures, NaN where unknown.
        presence: the values say whether something is there, so they are counted (Fisher's exact test) and not ranked
            (Mann-Whitney U test).

    Returns:
        EFFECT_COLUMNS, a row a comparison, p two-sided and corrected for their number (Benjamini-Hochberg); no row
        where fewer than two wafers stand on a side.
    """
    known = slots.notna() & values.notna()
    slot, value = slots[known].to_numpy(dtype=np.int64), values[known].to_numpy(dtype=np.float64)
    in_order = np.sort(np.unique(slot))
    first, last = np.isin(slot, in_order[:ENDS]), np.isin(slot, in_order[-ENDS:])
    rows = [
        _compared(name, value[side], value[~side], presence)
        for name, side in (
            ("odd slots against even", slot % 2 == 1),
            (f"first {ENDS} against the rest", first),
            (f"last {ENDS} against the rest", last),
        )
        if min(side.sum(), (~side).sum()) >= 2
    ]
    if rows:
        for row, corrected in zip(rows, benjamini_hochberg([row["p"] for row in rows]), strict=True):
            row["p_corrected"] = float(corrected)
    return pd.DataFrame(rows, columns=list(EFFECT_COLUMNS))


def _compared(name: str, side: np.ndarray, rest: np.ndarray, presence: bool) -> dict[str, Any]:
    if presence:
        table = [[int(part.sum()), int(len(part) - part.sum())] for part in (side, rest)]
        test, p = "Fisher", stats.fisher_exact(table).pvalue
    elif np.ptp(np.concatenate([side, rest])) == 0:
        test, p = "Mann-Whitney", 1.0  # all wafers alike: there is nothing to rank
    else:
        test, p = "Mann-Whitney", stats.mannwhitneyu(side, rest).pvalue
    return {
        "compared": name,
        "wafers": len(side),
        "others": len(rest),
        "mean": float(side.mean()),
        "mean_of_others": float(rest.mean()),
        "test": test,
        "p": float(p),
    }
