"""What each kind of label gave a small network: the table that `jobs.ablate` writes, and what it says in words."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.evaluation import Report
from core.learning.tables import read_table

FORMAT = 1
RESULTS = Path(__file__).resolve().parents[2] / "docs" / "results" / "ablation.json"
ARMS = {
    "synthetic": "synthetic masks alone",
    "presence": "presence labels",
    "fixmatch": "unlabelled wafers (FixMatch)",
    "careful": "averaging over eight turns (careful)",
}
"""Each arm has all that the one before it has, and what its name says."""


@dataclass(frozen=True)
class Measure:
    """One number that arms are compared by.

    Args:
        key: in the table.
        name: for people.
        of: what it is measured on.
        better: 1 where more is better, -1 where less is.
    """

    key: str
    name: str
    of: str
    better: int


MEASURES = (
    Measure("synthetic_iou", "Mean IoU over dies", "synthetic wafers", 1),
    Measure("macro_f1", "Macro-F1 of presence", "real wafers", 1),
    Measure("false_alarms", "False alarms", "real wafers without a pattern", -1),
)


@dataclass(frozen=True, eq=False)
class Ablation:
    """Arms trained alike, and a model in use judged plain and careful.

    Args:
        about: how small it is: steps, wafers and so on, by name.
        arms: of each arm the runs, one a seed; of each run the measures by key.
        in_use: of the model that is served the measures by key, "plain" and "careful"; empty where nobody measured.
        model: its name.
        on: the wafers that it was judged on.
    """

    about: dict[str, int | str]
    arms: dict[str, list[dict[str, float]]]
    in_use: dict[str, dict[str, float]]
    model: str = ""
    on: Sequence[str] = ()

    def scores(self, arm: str, key: str) -> NDArray[np.float64]:
        """Give one measure of an arm, a number a seed."""
        return np.array([run[key] for run in self.arms[arm]], dtype=np.float64)


def measures_of(reports: Sequence[Report]) -> dict[str, float]:
    """Take the measures from reports of one model, those of synthetic and of real wafers apart."""
    found: dict[str, float] = {}
    for report in reports:
        presence = report["presence"]
        assert isinstance(presence, dict)
        iou = report.get("iou_over_dies")
        if isinstance(iou, dict):
            found["synthetic_iou"] = round(float(str(iou["mean"])), 4)
        else:
            found["macro_f1"] = round(float(str(presence["macro_f1"])), 4)
            found["false_alarms"] = round(float(str(presence["false_alarm_share"])), 4)
    return found


def read_ablation(path: Path = RESULTS) -> Ablation | None:
    """Read the table, None where there is none.

    Raises:
        FormatError: the file is damaged or of another version.
    """
    return read_table(path, FORMAT, _built, "what helped", "ablate")


def _built(said: dict[str, Any]) -> Ablation:
    found = Ablation(said["about"], said["arms"], said["in_use"], said["model"], said["on"])
    for arm in found.arms:
        for measure in MEASURES:
            found.scores(arm, measure.key)
    return found


def verdicts(found: Ablation) -> list[str]:
    """Say of each arm what it gave against the one before, by what all seeds agree on.

    Example:
        >>> one = [{"synthetic_iou": 0.2, "macro_f1": 0.3, "false_alarms": 0.5}]
        >>> two = [{"synthetic_iou": 0.2, "macro_f1": 0.4, "false_alarms": 0.6}]
        >>> for line in verdicts(Ablation({}, {"synthetic": one, "presence": two}, {})):
        ...     print(line)
        Presence labels helped macro-F1 of presence (+10.0 points), hurt false alarms (+10.0 points) and left mean IoU
        over dies (+0.0 points) undecided.
    """
    arms = list(found.arms)
    lines = []
    for before, arm in pairwise(arms):
        said: dict[str, list[str]] = {"helped": [], "hurt": [], "left": []}
        for measure in MEASURES:
            apart = found.scores(arm, measure.key) - found.scores(before, measure.key)
            good = apart * measure.better
            word = "helped" if (good > 0).all() else "hurt" if (good < 0).all() else "left"
            name = measure.name[0].lower() + measure.name[1:]
            said[word].append(f"{name} ({100 * apart.mean():+.1f} points)")
        parts = [
            f"{word} {_joined(names)}{' undecided' if word == 'left' else ''}" for word, names in said.items() if names
        ]
        name = ARMS.get(arm, arm)
        lines.append(f"{name[0].upper()}{name[1:]} {_joined(parts)}.")
    return lines


def _joined(parts: Sequence[str]) -> str:
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if parts[1:] else parts)
