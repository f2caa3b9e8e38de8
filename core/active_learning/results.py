"""What rounds played without people came to: learning curves of every strategy, read from a table of scores."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.active_learning.curves import PairedDifference, area, labels_to_reach, paired_difference, together
from core.active_learning.shipped_tables import read_table
from core.selection import Strategy

FORMAT = 2
RESULTS = Path(__file__).resolve().parents[2] / "docs" / "results" / "active_learning.json"
BASELINE = str(Strategy.RANDOM)
ENOUGH = 0.95


@dataclass(frozen=True, eq=False)
class Played:
    """Rounds played on one task.

    Args:
        score: what is measured.
        wafers: that could be chosen.
        labels: wafers with a label at each measurement.
        all_labels: score of each seed when all wafers have a label.
        arms: float (seeds, measurements) of each arm, by its name.
        made_by: command that plays them again.
    """

    score: str
    wafers: int
    labels: list[int]
    all_labels: list[float]
    arms: dict[str, NDArray[np.float64]]
    made_by: str


@dataclass(frozen=True)
class Worth:
    """What one arm came to.

    Args:
        arm: its name.
        area: mean score over the curve, mean of all seeds.
        against_random: how much more that is than the random arm's, seed by seed; p corrected for all arms, NaN of
            the random one.
        enough: labels at which its mean curve reaches 95 % of the score with all labels, None where it never does.
        last: mean score at the end.
    """

    arm: str
    area: float
    against_random: PairedDifference
    enough: float | None
    last: float


def read_results(path: Path = RESULTS) -> dict[str, Played]:
    """Read the table that `jobs.simulate_learning` wrote, by task; empty where there is none.

    Raises:
        FormatError: the file is damaged or of another version.
    """
    return read_table(path, FORMAT, _played, "learning curves", "simulate_learning") or {}


def _played(said: dict[str, Any]) -> dict[str, Played]:
    return {
        name: Played(
            one["score"],
            one["wafers"],
            one["labels"],
            one["all_labels"],
            {arm: np.array(scores, dtype=float) for arm, scores in one["arms"].items()},
            one["made_by"],
        )
        for name, one in said.items()
        if isinstance(one, dict)
    }


def worth(played: Played) -> list[Worth]:
    """Return what every arm came to, the largest area first."""
    areas = {arm: np.array([area(played.labels, row) for row in rows]) for arm, rows in played.arms.items()}
    others = [arm for arm in areas if arm != BASELINE]
    against = dict(
        zip(others, together([paired_difference(areas[arm], areas[BASELINE]) for arm in others]), strict=True)
    )
    against[BASELINE] = PairedDifference(0.0, 0.0, 0.0, np.nan)
    goal = ENOUGH * float(np.mean(played.all_labels))
    found = []
    for arm, rows in played.arms.items():
        mean = rows.mean(axis=0)
        enough = labels_to_reach(played.labels, mean, goal)
        found.append(Worth(arm, float(areas[arm].mean()), against[arm], enough, float(mean[-1])))
    return sorted(found, key=lambda one: -one.area)
