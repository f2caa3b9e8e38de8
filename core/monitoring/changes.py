"""Agreement with people this week against the week before, by product and class, and what counts as a drop."""

from collections.abc import Hashable, Mapping
from datetime import timedelta
from typing import Any

import pandas as pd

from core.evaluation.bootstrap import iou_change
from core.evaluation.metrics import iou_over_dies
from core.monitoring.judging import COLUMNS, OVERALL, Judged, Judgement
from core.monitoring.quality import LEAST_LABELLED
from data.classes import CLASSES

DROP_POINTS = 5.0
"""A week-over-week loss of IoU, in points of a hundred, that calls for a person."""
WEEK = timedelta(days=7)
NAMES = {c.key: c.name for c in CLASSES} | {OVERALL: "All classes"}
LABELS = "labels"
BLIND, EVERY = "blind", "all"
"""By which labels two weeks are compared."""
CHANGES = ("product", "class", "wafers_before", "before", "wafers_now", "now", "change", "low", "high")


def weekly_changes(judged: Judged) -> pd.DataFrame:
    """Compare the seven days that end with the newest labelled test with the seven before.

    Args:
        judged: of any wafers; products by themselves, and all together where there are several.

    Returns:
        Rows with CHANGES, IoU from 0 to 1, `change` with its 95 % interval over wafers. A class is compared when ten
        wafers of either week show it (in label or result), all classes pooled when ten are labelled.
    """
    tested = judged.wafers["tested_at"]
    if tested.isna().all():
        return pd.DataFrame(columns=CHANGES)
    end = tested.max().normalize() + timedelta(days=1)
    weeks = [((tested >= end - n * WEEK) & (tested < end - (n - 1) * WEEK)).to_numpy() for n in (2, 1)]
    products = sorted(judged.wafers["product"].fillna("").unique())
    rows = []
    for product in ["", *products] if len(products) > 1 else products:
        own = (judged.wafers["product"].fillna("") == product).to_numpy() | (product == "")
        before, now = (judged.some(week & own) for week in weeks)
        if min(len(before.hit), len(now.hit)) < LEAST_LABELLED:
            continue
        old, new, interval = iou_over_dies(before), iou_over_dies(now), iou_change(before, now)
        for k, key in enumerate(COLUMNS):
            shown = [int(((c.hit + c.wrong + c.missed)[:, k] > 0).sum()) for c in (before, now)]
            sizes = [len(before.hit), len(now.hit)] if key == OVERALL else shown
            if min(sizes) >= LEAST_LABELLED and min(shown):
                rows.append((product, key, sizes[0], old[k], sizes[1], new[k], new[k] - old[k], *interval[k]))
    return pd.DataFrame(rows, columns=CHANGES)


def changes_by_labels(found: Judgement) -> pd.DataFrame:
    """Compare the newest week with the one before by blind labels where both weeks have ten, else by all labels.

    Returns:
        As `weekly_changes`, with LABELS beside it: BLIND or EVERY.
    """
    every, blind = (
        weekly_changes(judged).assign(**{LABELS: name}) for judged, name in ((found.every, EVERY), (found.blind, BLIND))
    )
    return every if blind.empty else _preferring(blind, every)


def _preferring(blind: pd.DataFrame, every: pd.DataFrame) -> pd.DataFrame:
    """Take the blind row of a product and class where there is one, and the order of all."""
    rows = blind.set_index(["product", "class"])
    keys = list(zip(every["product"], every["class"], strict=True))
    taken = [rows.loc[[key]].reset_index() if key in rows.index else every.iloc[[n]] for n, key in enumerate(keys)]
    return pd.concat(taken, ignore_index=True)[[*CHANGES, LABELS]] if taken else every


def drops(found: pd.DataFrame, points: float = DROP_POINTS) -> pd.DataFrame:
    """Keep the losses of at least so many points, greatest first.

    All classes pooled count as they are. A single class counts only where the interval lies below 0: eight looks a
    product would cry wolf every week.
    """
    fell = (found["change"] * 100).round(6) <= -points
    surely = (found["class"] == OVERALL) | (found["high"] < 0)
    return found[fell & surely].sort_values(["change", "product", "class"], ignore_index=True)


def words(row: Mapping[Hashable, Any]) -> str:
    """Return a sentence on one change, a row of `weekly_changes` as a dict, in a sentence without a stop.

    Example:
        >>> words(dict(zip(CHANGES, ("TC38", "scratch", 20, 0.81, 25, 0.7, -0.11, -0.2, -0.02))))
        'Scratch on TC38: IoU 0.70 on 25 labelled wafers of the newest week, 0.81 on 20 the week before, 11.0 points \
lower (95 %: 20.0 lower to 2.0 lower), more than chance'
    """
    on = f" on {row['product']}" if row["product"] else ""
    kind = "blindly labelled" if row.get(LABELS) == BLIND else "labelled"
    surely = "more than chance" if row["high"] < 0 or row["low"] > 0 else "may be chance"
    return (
        f"{NAMES[row['class']]}{on}: IoU {row['now']:.2f} on {row['wafers_now']} {kind} wafers of the newest week, "
        f"{row['before']:.2f} on {row['wafers_before']} the week before, {_moved(row['change'])} "
        f"(95 %: {_moved(row['low'], '')} to {_moved(row['high'], '')}), {surely}"
    )


def _moved(change: float, unit: str = " points") -> str:
    return f"{abs(change) * 100:.1f}{unit} {'lower' if change < 0 else 'higher'}"
