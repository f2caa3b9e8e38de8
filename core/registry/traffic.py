"""A trial of two models: which wafers are the challenger's, and how the results of both compare."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.analysis.result import WaferResult, analyse_stream
from core.lake import Lake
from core.segmentation import Segmenter
from core.segmentation.serving import Serving, challenger_takes, served
from core.settings import Settings
from core.statistics.significance import Difference, share_change
from data.classes import CLASSES


@dataclass(frozen=True, eq=False)
class Challenger:
    """A model that segments a share of the wafers.

    Args:
        segmenter: the model.
        share: of the wafers, 0 to 1; the hash of a wafer's key says which.
    """

    segmenter: Segmenter
    share: float

    def takes(self, wafer_key: str) -> bool:
        """Return whether a wafer is this model's."""
        return challenger_takes(wafer_key, self.share)


def load_challenger(at: Settings) -> Challenger | None:
    """Load the challenger, None where nobody challenges or a setting names the model.

    Raises:
        ModelError: its file is missing or damaged.
    """
    serving = served(at)
    if at.model or serving.challenger is None:
        return None
    return Challenger(Segmenter.load(serving.challenger.path, threads=at.threads or None), serving.share)


def shared_out(
    results: Sequence[WaferResult], challenger: Challenger | None, *, tta: bool = False
) -> list[WaferResult]:
    """Return results as the lake keeps them: those of the challenger in place of the champion's on the wafers it takes.

    Args:
        results: of the champion, a wafer each.
        challenger: None where nobody challenges; then they stay as they are.
        tta: whether the champion averaged over eight turns and flips, so that the challenger does too.

    Raises:
        ModelError: the challenger's network fails.
    """
    kept = list(results)
    if challenger is not None:
        theirs = [place for place, result in enumerate(results) if challenger.takes(result.wafer.key)]
        wafers = (results[place].wafer for place in theirs)
        normal = {r.wafer.product: r.severity.normal_fail_share for r in results}
        found = analyse_stream(wafers, challenger.segmenter, tta=tta, normal=normal)
        for place, result in zip(theirs, found, strict=True):
            kept[place] = result
    return kept


@dataclass(frozen=True)
class Compared:
    """How often the two models reported something.

    Args:
        what: a class's name, or "Any pattern".
        champion: share of the champion's wafers.
        challenger: share of the challenger's wafers.
        difference: challenger minus champion.
    """

    what: str
    champion: float
    challenger: float
    difference: Difference


@dataclass(frozen=True)
class Trial:
    """A trial as it stands.

    Args:
        champion_wafers: that the split gave the champion, and the champion segmented since the trial began.
        challenger_wafers: likewise of the challenger.
        champion_severity: their mean severity, NaN without wafers.
        challenger_severity: likewise.
        rows: each class, and any pattern.
    """

    champion_wafers: int
    challenger_wafers: int
    champion_severity: float
    challenger_severity: float
    rows: Sequence[Compared]


def takes_part(results: pd.DataFrame, serving: Serving, champion_name: str) -> NDArray[np.bool_]:
    """Return which results a trial compares: made since it began, by the very model that the wafer's key chooses.

    Args:
        results: `key`, `model` and `segmented_at` of each.
        serving: what is served; without a challenger nothing takes part.
        champion_name: name and short hash of the champion.
    """
    if serving.challenger is None:
        return np.zeros(len(results), dtype=bool)
    theirs = np.array([challenger_takes(key, serving.share) for key in results["key"]], dtype=bool)
    chosen = np.where(theirs, serving.challenger.name, champion_name)
    part = (results["model"] == chosen) & (results["segmented_at"] >= _began(serving))
    return np.asarray(part, dtype=bool)


def trial(lake: Lake, serving: Serving, champion_name: str) -> Trial | None:
    """Compare what both models reported since the trial began, None where there is none.

    The hash of their keys parts the wafers at random, and a result that the other model made of a wafer is left out, so
    both see the same mix; wafers of a lot are taken as independent, which they are not, so the intervals are narrow.

    Args:
        lake: of the results.
        serving: what is served.
        champion_name: name and short hash of the champion.

    Raises:
        LakeError: the lake cannot be read.
    """
    if serving.challenger is None:
        return None
    models = [champion_name, serving.challenger.name]
    held = lake.query(
        f"SELECT key, model, segmented_at, severity, {', '.join(_REPORTED.values())} FROM wafers "
        "WHERE model IN (SELECT unnest(?)) AND segmented_at >= ?",
        [models, _began(serving)],
    )
    fair = held[takes_part(held, serving, champion_name)]
    sides = [fair[fair["model"] == model] for model in models]
    wafers = [len(side) for side in sides]
    rows = []
    for name, column in _REPORTED.items():
        before, after = (int((side[column] > 0).sum()) for side in sides)
        if all(wafers) and before + after:
            moved = share_change((before, wafers[0]), (after, wafers[1]))
            rows.append(Compared(name, before / wafers[0], after / wafers[1], moved))
    severities = [float(side["severity"].mean()) for side in sides]
    return Trial(wafers[0], wafers[1], severities[0], severities[1], rows)


_REPORTED = {"Any pattern": "affected_dies", **{c.name: f"affected_{c.key}" for c in CLASSES}}


def _began(serving: Serving) -> datetime:
    """When the trial began, UTC without a zone, as the lake keeps times."""
    return datetime.fromisoformat(serving.since).replace(tzinfo=None)
