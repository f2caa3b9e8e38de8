"""A trial of two models: which wafers are the challenger's, and how the results of both compare."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from core.lake import Lake
from core.registry.serving import Serving, challenger_takes, served
from core.segmentation import Segmenter
from core.settings import Settings
from core.significance import Difference, share_change
from data.classes import CLASS_KEYS, CLASSES


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
        """Say whether a wafer is this model's."""
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
        champion_wafers: that the champion segmented since the trial began.
        challenger_wafers: that the challenger segmented.
        champion_severity: their mean severity, NaN without wafers.
        challenger_severity: likewise.
        rows: each class, and any pattern.
    """

    champion_wafers: int
    challenger_wafers: int
    champion_severity: float
    challenger_severity: float
    rows: Sequence[Compared]


def trial(lake: Lake, serving: Serving, champion_name: str) -> Trial | None:
    """Compare what both models reported since the trial began, None where there is none.

    The hash of their keys parts the wafers at random, so both should see the same mix; wafers of a lot are taken as
    independent, which they are not, so the intervals are narrow.

    Args:
        lake: of the results.
        serving: what is served.
        champion_name: name and short hash of the champion.

    Raises:
        LakeError: the lake cannot be read.
    """
    if serving.challenger is None:
        return None
    counts = ", ".join(f"sum((affected_{key} > 0)::int) AS {key}" for key in CLASS_KEYS)
    found = lake.query(
        "SELECT model, count(*) AS wafers, avg(severity) AS severity, sum((affected_dies > 0)::int) AS anything, "
        f"{counts} FROM wafers WHERE model IN (?, ?) AND segmented_at >= ? GROUP BY model",
        [champion_name, serving.challenger.name, datetime.fromisoformat(serving.since).replace(tzinfo=None)],
    ).set_index("model")
    sides = found.reindex([champion_name, serving.challenger.name])
    wafers = [int(n) for n in sides["wafers"].fillna(0)]
    rows = []
    for name, column in (("Any pattern", "anything"), *((c.name, c.key) for c in CLASSES)):
        before, after = (int(n) for n in sides[column].fillna(0))
        if all(wafers) and before + after:
            moved = share_change((before, wafers[0]), (after, wafers[1]))
            rows.append(Compared(name, before / wafers[0], after / wafers[1], moved))
    return Trial(wafers[0], wafers[1], float(sides["severity"].iloc[0]), float(sides["severity"].iloc[1]), rows)
