"""What each kind of label gave a small network, by the number of labels: the table of `jobs.ablate`, and in words."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.active_learning.curves import PairedDifference, area, paired_difference, together
from core.active_learning.shipped_tables import read_table
from core.evaluation.report import Report

FORMAT = 2
RESULTS = Path(__file__).resolve().parents[2] / "docs" / "results" / "ablation.json"
SYNTHETIC = "synthetic"
ARMS = {
    SYNTHETIC: "synthetic masks alone",
    "presence": "presence labels",
    "fixmatch": "unlabelled wafers (FixMatch)",
    "tta": "averaging over eight turns (test-time augmentation)",
}
"""Each arm has all that the one before it has, and what its name says. The first one needs no real wafer."""


@dataclass(frozen=True)
class AblationMeasure:
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
    AblationMeasure("macro_f1", "Macro-F1 of presence", "real wafers", 1),
    AblationMeasure("false_alarms", "False alarms", "real wafers without a pattern", -1),
    AblationMeasure("synthetic_iou", "Mean IoU over dies", "synthetic wafers", 1),
)


@dataclass(frozen=True, eq=False)
class Ablation:
    """Arms trained alike with the labels of more and more real wafers, and a model in use judged plain and augmented.

    Args:
        about: how small it is: steps, wafers and so on, by name.
        budgets: numbers of real wafers with a label, rising.
        arms: of each arm the measures by key, float (seeds, budgets). Seeds that are not through yet are left out.
        in_use: of the model that is served the measures by key, "plain" and "tta"; empty where nobody measured.
        model: its name.
        on: the wafers that it was judged on.
        made_by: command that trains and judges the arms again.
    """

    about: dict[str, int | str]
    budgets: list[int]
    arms: dict[str, dict[str, NDArray[np.float64]]]
    in_use: dict[str, dict[str, float]]
    model: str = ""
    on: Sequence[str] = ()
    made_by: str = ""

    @property
    def seeds(self) -> int:
        """Count the seeds of which every arm is there with every budget."""
        return len(self.arms[SYNTHETIC][MEASURES[0].key])

    def areas(self, arm: str, key: str) -> NDArray[np.float64]:
        """Return the area under an arm's curve of one measure, its mean over the budgets; (seeds,)."""
        return np.array([area(self.budgets, row) for row in self.arms[arm][key]], dtype=np.float64)

    def gains(self) -> dict[tuple[str, str], PairedDifference]:
        """Return what each arm's area is above that of the arm before it, seed by seed; p corrected for all of them.

        Returns:
            By arm and key of the measure; the first arm has none before it.
        """
        pairs = [(arm, before, m.key) for before, arm in pairwise(ARMS) for m in MEASURES]
        found = [paired_difference(self.areas(arm, key), self.areas(before, key)) for arm, before, key in pairs]
        return {(arm, key): one for (arm, _, key), one in zip(pairs, together(found), strict=True)}


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
    runs = {(run["arm"], run["seed"], run["labelled"]): run for run in said["runs"]}
    budgets = sorted({labelled for _, _, labelled in runs} - {0})
    wanted = {arm: [0 if arm == SYNTHETIC else labelled for labelled in budgets] for arm in ARMS}
    through = [
        seed
        for seed in sorted({seed for _, seed, _ in runs})
        if all((arm, seed, labelled) in runs for arm in ARMS for labelled in wanted[arm])
    ]
    arms = {
        arm: {
            m.key: np.array([[runs[arm, seed, n][m.key] for n in wanted[arm]] for seed in through], dtype=np.float64)
            for m in MEASURES
        }
        for arm in ARMS
    }
    return Ablation(said["about"], budgets, arms, said["in_use"], said["model"], said["on"], said["made_by"])


def verdicts(found: Ablation) -> list[str]:
    """Return in words what each arm gave against the one before, by the areas under their curves.

    Helped or hurt is what is more than chance by the paired t over seeds, corrected for all comparisons together.

    Example:
        >>> def arm(iou, f1, false):
        ...     rows = {"synthetic_iou": iou, "macro_f1": f1, "false_alarms": false}
        ...     return {key: np.array(row)[:, None] for key, row in rows.items()}
        >>> one, two = arm([0.2, 0.3], [0.3, 0.4], [0.5, 0.4]), arm([0.3, 0.2], [0.4, 0.5], [0.6, 0.5])
        >>> arms = {"synthetic": one, "presence": two, "fixmatch": two, "tta": two}
        >>> print(verdicts(Ablation({}, [200], arms, {}))[0])
        Presence labels helped macro-F1 of presence (+10.0 points), hurt false alarms (+10.0 points) and left mean IoU
        over dies (+0.0 points) undecided.
    """
    lines, gains = [], found.gains()
    for arm in list(ARMS)[1:]:
        said: dict[str, list[str]] = {"helped": [], "hurt": [], "left": []}
        for measure in MEASURES:
            gained = gains[arm, measure.key]
            word = "left" if not gained.certain else "helped" if gained.mean * measure.better > 0 else "hurt"
            name = measure.name[0].lower() + measure.name[1:]
            said[word].append(f"{name} ({100 * gained.mean:+z.1f} points)")
        parts = [
            f"{word} {_joined(names)}{' undecided' if word == 'left' else ''}" for word, names in said.items() if names
        ]
        lines.append(f"{ARMS[arm][0].upper()}{ARMS[arm][1:]} {_joined(parts)}.")
    return lines


def _joined(parts: Sequence[str]) -> str:
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if parts[1:] else parts)
