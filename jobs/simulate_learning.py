"""Play rounds of labelling through without people, and write down what each strategy's labels are worth."""

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.active_learning.features import die_features, wafer_features
from core.active_learning.head import fit_head
from core.active_learning.results import FORMAT, RESULTS
from core.active_learning.shipped_tables import made_by, read_table
from core.active_learning.simulation import ARMS, Plan, Task, play, score
from core.storage.folder import Folder
from data.datasets import LabelledMaps, load_labelled
from data.errors import SettingError
from data.synthesis import SyntheticWafer, WaferRecipe, draw_wafer
from data.wafer import WaferMap
from jobs.command import command
from jobs.progress import ProgressLine

SYNTHETIC = Plan(start=10, batch=15, rounds=10)
REAL = Plan(start=50, batch=100, rounds=10)


@dataclass(frozen=True)
class SimulateConfig:
    """Play rounds of labelling through without people, and write down what each strategy's labels are worth.

    What the table says of a task that is not played stays in it.
    """

    train: Path | None = None  # .npz with wafer-level labels to learn from; empty: only synthetic wafers
    test: Path | None = None  # .npz with wafer-level labels to be judged by, of other wafers
    pool: int = 1500  # real wafers to choose from, drawn anew for every seed
    drawn: int = 200  # synthetic wafers to choose from
    judged: int = 1200  # real wafers to be judged by at most; of synthetic ones half as many as to choose from
    seeds: int = 5  # repetitions, each with other wafers
    rounds: int = 10  # choices in each repetition
    out: Path = RESULTS  # table to write


def real_task(train: LabelledMaps, test: LabelledMaps, pool: int, judged: int, rng: np.random.Generator) -> Task:
    """Learn which classes are on a wafer, from labels that people gave real wafers."""
    parts = []
    for maps, most in ((train, pool), (test, judged)):
        clear = np.flatnonzero(~maps.near_full)
        some = maps.take(rng.permutation(clear)[:most])
        wafers = [WaferMap(dies=m, lot_id="REAL", wafer_id=f"W{i}") for i, m in enumerate(some.maps)]
        parts.append((wafers, np.stack([wafer_features(w) for w in wafers]), some.presence))
    (wafers, rows, labels), (_, test_rows, test_labels) = parts
    rows, test_rows = _standard(rows, test_rows)
    return Task(
        rows, labels, np.arange(len(rows)), rows, _excess(wafers), test_rows, test_labels, "macro F1 of presence"
    )


def synthetic_task(drawn: int, rng: np.random.Generator) -> Task:
    """Learn which classes every failing die of synthetic wafers belongs to."""
    recipe = WaferRecipe(shortest=24, longest=30)
    pool, judged = ([draw_wafer(rng, recipe) for _ in range(n)] for n in (drawn, max(1, drawn // 2)))
    owner = np.repeat(np.arange(drawn), [int(one.wafer.failing.sum()) for one in pool])
    rows, test_rows = _standard(*(np.concatenate([die_features(one.wafer) for one in some]) for some in (pool, judged)))
    vectors = np.stack([wafer_features(one.wafer) for one in pool])
    wafers = [one.wafer for one in pool]
    return Task(
        rows,
        _die_labels(pool),
        owner,
        _standard(vectors, vectors)[0],
        _excess(wafers),
        test_rows,
        _die_labels(judged),
        "mean IoU over dies",
    )


def simulate(
    task_of_seed: dict[int, Task], plan: Plan, progress: ProgressLine, before: int, arms: Sequence[str]
) -> dict[str, object]:
    """Play arms with every seed.

    Returns:
        Labels at each measurement, scores by arm, seed and measurement, and the score with all labels by seed.
    """
    done, played = before, {arm: list[list[float]]() for arm in map(str, arms)}
    every = []
    for seed, task in task_of_seed.items():
        best = fit_head(task.rows, task.labels, seed)
        every.append(round(score(best(task.test_rows, 0)[0], task.test_labels, task.score), 4))
        for arm, scores in played.items():
            scores.append([round(found, 4) for found in play(task, plan, arm, fit_head, seed)])
            done += 1
            progress.update(done)
    first = next(iter(task_of_seed.values()))
    return {
        "score": first.score,
        "wafers": first.wafers,
        "labels": plan.labelled,
        "all_labels": every,
        "arms": played,
    }


@command(SimulateConfig)
def main(config: SimulateConfig) -> int:
    """Run the job.

    Returns:
        0, or 1 when the files cannot be used.
    """
    write(config)
    return 0


def write(config: SimulateConfig, arms: Sequence[str] = ARMS) -> None:
    """Play all tasks and write the table of what they gave.

    Args:
        config: how.
        arms: of `core.active_learning.simulation.ARMS`.

    Raises:
        SettingError: one of the two files of real wafers is missing.
        FormatError: one of them, or the table that is there, cannot be used.
    """
    seeds = range(config.seeds)
    makers = _makers(config)
    found: dict[str, object] = read_table(config.out, FORMAT, dict, "learning curves", "simulate_learning") or {}
    found["format"] = FORMAT
    with ProgressLine("played", len(makers) * len(arms) * config.seeds, noun="runs") as progress:
        for n, (name, (plan, make)) in enumerate(makers.items()):
            tasks = {seed: make(np.random.default_rng((20261123, seed))) for seed in seeds}
            played = replace(plan, rounds=config.rounds)
            before = n * len(arms) * config.seeds
            made = {"made_by": made_by("simulate_learning", config)}
            found[name] = simulate(tasks, played, progress, before, arms) | made
    Folder(config.out.parent).write_text(config.out.name, json.dumps(found) + "\n")


def _makers(config: SimulateConfig) -> dict[str, tuple[Plan, Callable[[np.random.Generator], Task]]]:
    """What is played, by name: how many labels when, and how its wafers are drawn.

    Raises:
        SettingError: one of the two files of real wafers is missing.
        FormatError: one cannot be used.
    """
    if bool(config.train) != bool(config.test):
        given, missing = ("--train", "--test") if config.train else ("--test", "--train")
        raise SettingError(missing, f"{given} alone makes no task of real wafers", "Give both, or none.")
    makers: dict[str, tuple[Plan, Callable[[np.random.Generator], Task]]] = {
        "synthetic": (SYNTHETIC, lambda rng: synthetic_task(config.drawn, rng))
    }
    if config.train and config.test:
        train, test = load_labelled(config.train), load_labelled(config.test)
        makers["real"] = (REAL, lambda rng: real_task(train, test, config.pool, config.judged, rng))
    return makers


def _standard(
    rows: NDArray[np.float32], others: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    center, spread = rows.mean(axis=0), rows.std(axis=0) + np.float32(1e-6)
    return (rows - center) / spread, (others - center) / spread


def _excess(wafers: Sequence[WaferMap]) -> NDArray[np.float64]:
    share = np.array([wafer.failing.sum() / max(1, (wafer.dies > 0).sum()) for wafer in wafers])
    return np.asarray(share - np.median(share))


def _die_labels(drawn: Sequence[SyntheticWafer]) -> NDArray[np.float32]:
    return np.concatenate([one.masks[:, one.wafer.failing].T for one in drawn]).astype(np.float32)


if __name__ == "__main__":
    sys.exit(main())
