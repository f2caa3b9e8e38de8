"""Rounds of labelling as they went: what was labelled, how long it took, what training on it came to, what it saved."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

import pandas as pd
from sqlalchemy.orm import Session

from core.active_learning.curves import labels_to_reach
from core.active_learning.results import BASELINE, Played
from core.annotation.items import Status
from core.annotation.progress import items, iterations
from core.jobs.config_fields import command_words
from core.lake import Lake
from core.lake.filter import PAGE_COLUMNS
from core.settings import Settings
from core.training.config import TrainConfig
from core.training.recipes import RECIPES
from core.training.records import SCORE, record_of

MOST_ITEMS = 10_000
FEW_LABELS = 100
ON = {"people": "people/mean", "synthetic": "iou/mean"}
"""What a training's IoU is measured on, and the measure's key in its record."""
_OF_KEYS = f"SELECT {', '.join(PAGE_COLUMNS)} FROM wafers WHERE key IN (SELECT unnest(?))"


@dataclass(frozen=True)
class Saved:
    """What choosing saved against chance, as an estimate.

    Args:
        minutes: that labelling by chance would have taken on top.
        of: minutes of work on wafers whose strategy was played on every task, which the estimate is of.
    """

    minutes: float
    of: float


@dataclass(frozen=True)
class Round:
    """One round of labelling.

    Args:
        number: from 1.
        done: labels that were made.
        waiting: labels that are still wanted.
        skipped: that nobody could or would give.
        minutes: of work on its labels, pauses left out.
        score: best score that the training named after it measured on its validation wafers, 0 to 1; None before.
        ious: mean IoU over dies that it measured then, by the key of `ON`; of those that it measured.
        by_strategy: of the minutes those on wafers that a strategy chose, by its name; by hand none did.
    """

    number: int
    done: int
    waiting: int
    skipped: int
    minutes: float
    score: float | None
    ious: Mapping[str, float] = field(default_factory=dict)
    by_strategy: Mapping[str, float] = field(default_factory=dict)


def run_name(number: int) -> str:
    """Name of the training run that follows a round."""
    return f"round-{number}"


def training_words(number: int, labelled: int) -> list[str]:
    """Command line of the training that follows a round: from the weights in use, on all labels that count now.

    Args:
        number: of the round.
        labelled: wafers with a label; with few only the last layers learn.
    """
    few, many = (next(r for r in RECIPES if r.name == name) for name in ("Few labels", "Fine-tune with labels"))
    recipe = few if labelled < FEW_LABELS else many
    return command_words(TrainConfig, {**recipe.settings, "name": run_name(number)})


def rounds(session: Session, at: Settings) -> list[Round]:
    """List the rounds of labelling, oldest first."""
    return [_round(session, at, number) for number in sorted(iterations(session))]


def own_curve(found: Sequence[Round]) -> pd.DataFrame:
    """Return the site's own learning curve: a row for each trained round and what its IoU was measured on.

    Args:
        found: rounds, oldest first.

    Returns:
        `round`, `labels` that the rounds up to it gave, `on` a key of `ON`, `iou`.
    """
    labels = accumulate(one.done for one in found)
    rows = [
        (one.number, count, on, iou) for one, count in zip(found, labels, strict=True) for on, iou in one.ious.items()
    ]
    return pd.DataFrame(rows, columns=["round", "labels", "on", "iou"])


def wafers_of(lake: Lake, keys: Sequence[str]) -> pd.DataFrame:
    """Return rows as `Lake.wafers_page` does, in the order of the keys; wafers that are gone are left out."""
    found = lake.query(_OF_KEYS, [list(keys)])
    order = {key: i for i, key in enumerate(keys)}
    return found.sort_values("key", key=lambda column: column.map(order)).reset_index(drop=True)


def share_saved(played: Played, arm: str) -> float | None:
    """Return which share of random choice's labels an arm saves for the same score.

    The score is what random choice comes to at the end; the labels are those at which the arm's mean curve gets there.

    Returns:
        0 to 1, 0 where the arm needs as many; None where it never gets there.
    """
    goal = float(played.arms[BASELINE].mean(axis=0)[-1])
    needed = labels_to_reach(played.labels, played.arms[arm].mean(axis=0), goal)
    return None if needed is None else 1 - needed / played.labels[-1]


def least_saved(results: Mapping[str, Played], arm: str) -> float | None:
    """Return what an arm saves on the task on which it saves least; None without a task, or where it fails on one.

    Where a task was not played with the arm, nothing is known either.
    """
    shares = [share_saved(played, arm) if arm in played.arms else None for played in results.values()]
    known = [share for share in shares if share is not None]
    return min(known) if known and len(known) == len(shares) else None


def time_saved(found: Sequence[Round], results: Mapping[str, Played]) -> Saved:
    """Return what the rounds saved, each by the strategies that chose its wafers.

    Work on wafers that were added by hand, or by a strategy that was not played or does not get there, is left out.

    Args:
        found: the rounds.
        results: rounds played without people, by task.
    """
    spent: dict[str, float] = {}
    for one in found:
        for strategy, minutes in one.by_strategy.items():
            spent[strategy] = spent.get(strategy, 0.0) + minutes
    shares = {strategy: least_saved(results, strategy) for strategy in spent}
    known = {strategy: share for strategy, share in shares.items() if share is not None}
    return Saved(
        math.fsum(minutes_saved(spent[strategy], share) for strategy, share in known.items()),
        math.fsum(spent[strategy] for strategy in known),
    )


def minutes_saved(minutes: float, share: float) -> float:
    """Return the minutes that labelling by chance would have taken on top, for the same score.

    Example:
        >>> minutes_saved(60.0, 0.25)
        20.0
    """
    return minutes * share / (1 - share)


def _round(session: Session, at: Settings, number: int) -> Round:
    found = items(session, number, MOST_ITEMS)
    counts = {status: sum(item.status is status for item in found) for status in Status}
    record = record_of(at, run_name(number))
    measured = {} if record is None else record.at_best()
    chosen = {item.strategy for item in found if item.strategy is not None}
    by_strategy = {
        name: math.fsum(item.seconds or 0 for item in found if item.strategy == name) / 60 for name in sorted(chosen)
    }
    return Round(
        number,
        counts[Status.DONE],
        counts[Status.PENDING] + counts[Status.IN_PROGRESS],
        counts[Status.SKIPPED],
        math.fsum(item.seconds or 0 for item in found) / 60,
        measured.get(SCORE),
        {on: measured[key] for on, key in ON.items() if key in measured},
        by_strategy,
    )
