"""Train a small network with one kind of label more each time, on more and more labels; write down what each gave."""

import json
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np

from core.active_learning.ablation import FORMAT, RESULTS, SYNTHETIC, measures_of
from core.active_learning.shipped_tables import made_by, read_table
from core.annotation.progress import duration
from core.evaluation.fitting import calibrate, calibration_wafers
from core.evaluation.report import Report, augmented, evaluate_labelled, evaluate_marked
from core.segmentation import Segmenter
from core.settings import settings
from core.storage.folder import Folder
from core.training.config import TrainConfig
from data.classes import CLASS_KEYS
from data.datasets import LabelledMaps, load_labelled
from data.errors import FormatError, SettingError
from data.pictures import DIES_DEPTH, raster_of
from data.synthesis import SyntheticWafer, WaferRecipe, draw_wafer
from data.truth import MarkedWafer
from jobs.command import command
from jobs.progress import say

PRESENCE, FIXMATCH, TTA = "presence", "fixmatch", "tta"
ENCODER: Final = "dies"
SMALL = WaferRecipe(shortest=24, longest=50)
"""Synthetic wafers of the sizes that are trained on: larger ones cost most of the time."""
SIZE_SHARES = (0.3, 0.3, 0.4)
CALIBRATING = 80
FALSE_ALARM_WEIGHT = 2.0
LEAST_BUDGET = 20
"""Real wafers, of which a fifth is kept for thresholds."""
SETTINGS = ("train", "test", "unlabelled", "judged", "drawn", "steps", "pixels", "precision")
"""Fields that all runs of a table have in common."""
IN_USE: dict[str, Any] = {"in_use": {}, "model": "", "on": []}


@dataclass(frozen=True)
class AblateConfig:
    """Train a small network with one kind of label more each time, on more and more labels; write down what each gave.

    What the table holds already is not run again, so the same command goes on where it was stopped.
    """

    train: Path  # .npz with one label a wafer, to learn from
    test: Path  # .npz with one label a wafer, other wafers, to be judged by
    budgets: tuple[int, ...] = (200, 600, 1800)  # real wafers with a label, a fifth of each kept for thresholds
    unlabelled: int = 4000  # real wafers that FixMatch sees without their labels
    judged: int = 800  # real wafers to be judged by at most
    drawn: int = 80  # synthetic wafers, 24 to 50 dies across, to be judged by
    steps: int = 200  # optimiser steps of each run
    pixels: int = 32768  # pixels a batch may hold
    precision: Literal["32-true", "bf16-mixed"] = "32-true"  # of training
    seeds: int = 5  # runs of each arm, those of one seed on the same wafers in the same order; 0: as in the table
    reports: tuple[Path, ...] = ()  # reports of jobs.evaluate of one model, plain and with --tta, beside the arms
    anew: bool = False  # begin anew where the table holds runs of other settings
    out: Path = RESULTS  # table to write


Run = tuple[str, int, int]
"""Arm, seed, number of real wafers with a label."""


@command(AblateConfig, trains=True)
def main(config: AblateConfig) -> int:
    """Run the job.

    Returns:
        0, or 1 when the files cannot be used.
    """
    table = _table(config)
    if config.reports:
        table |= _in_use([json.loads(path.read_text(encoding="utf-8")) for path in config.reports])
        _write(table, config.out)
    runs = to_run(config, table["runs"])
    if runs:
        table["made_by"] = _made_by(config, table["runs"])
    for found in ablate(config, runs):
        table["runs"] += found
        _write(table, config.out)
    return 0


def to_run(config: AblateConfig, held: Sequence[dict[str, Any]]) -> list[Run]:
    """List what is still to be run, seed by seed; the arm of synthetic masks needs no label of a real wafer."""
    done = {(run["arm"], run["seed"], run["labelled"]) for run in held}
    every = (
        run
        for seed in range(config.seeds)
        for run in (
            (SYNTHETIC, seed, 0),
            *((arm, seed, labelled) for labelled in sorted(config.budgets) for arm in (PRESENCE, FIXMATCH)),
        )
    )
    return [run for run in every if run not in done]


def ablate(config: AblateConfig, runs: Sequence[Run]) -> Iterator[list[dict[str, object]]]:
    """Train and judge.

    Args:
        config: how.
        runs: what.

    Yields:
        The measures of each run; FixMatch's network is also judged with test-time augmentation.

    Raises:
        FormatError: a file holds no labels of whole wafers.
        SettingError: it holds fewer wafers than are asked for.
    """
    test = load_labelled(config.test)
    test = test.take(np.random.default_rng(0).permutation(len(test))[: config.judged])
    drawn = _draw(config.drawn, 20261123)
    took: dict[str, list[float]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as name:
        for number, (arm, seed, labelled) in enumerate(runs):
            began = time.monotonic()
            model = _trained(config, arm, seed, labelled, Path(name))
            ways = {arm: False, TTA: True} if arm == FIXMATCH else {arm: False}
            found: list[dict[str, object]] = [
                {"arm": way, "seed": seed, "labelled": labelled, **_judged(model, drawn, test, tta)}
                for way, tta in ways.items()
            ]
            took[arm].append(time.monotonic() - began)
            rest = [arm for arm, _, _ in runs[number + 1 :]]
            left = f"about {duration(seconds_left(took, rest))} left" if rest else "all done"
            say(f"run {number + 1} of {len(runs)}: {found[0]}; {left}")
            yield found


def seconds_left(took: dict[str, list[float]], rest: Sequence[str]) -> float:
    """Guess how long the rest takes: each arm as long as its runs so far, one without any as long as all of them.

    Example:
        >>> seconds_left({"synthetic": [10.0], "presence": [20.0, 40.0]}, ["presence", "synthetic"])
        40.0
    """
    every = [seconds for found in took.values() for seconds in found]
    return sum(float(np.mean(took.get(arm) or every)) for arm in rest)


def train_config(config: AblateConfig, arm: str, seed: int, labelled: Path, unlabelled: Path) -> TrainConfig:
    """Return how an arm is trained: alike but for what it is shown."""
    # Warm-up to the end: the rate rises and falls, and the average, FixMatch's teacher, is the network itself. Over so
    # few steps it would lag behind.
    return TrainConfig(
        name=f"{arm}-{seed}-{labelled.stem}",
        encoder=ENCODER,
        depth=DIES_DEPTH,
        decoder_channels=(64, 48, 32, 16),
        real=() if arm == SYNTHETIC else (str(labelled),),
        calibration_share=0.2,
        unlabelled=(str(unlabelled),) if arm == FIXMATCH else (),
        ramp=config.steps // 2,
        steps=config.steps,
        epoch_steps=config.steps,
        rate=4e-3,
        warmup=config.steps,
        gamma=0.0,
        alpha=0.5,
        focal=2.0,
        pixels=config.pixels,
        size_shares=SIZE_SHARES,
        validation_batches=1,
        precision=config.precision,
        workers=0,
        seed=seed,
    )


def _trained(config: AblateConfig, arm: str, seed: int, labelled: int, folder: Path) -> Segmenter:
    """Train an arm, fit its thresholds to wafers of the kinds it was shown, and load it as the app would."""
    from jobs.checkpoints import read_checkpoint
    from jobs.learning import split_real
    from jobs.model_export import NEUTRAL
    from jobs.training import train
    from models.export import describe, export_float32
    from models.unet import MaskingUNet

    # A larger budget holds the wafers of the smaller ones, and the unlabelled wafers are those of every budget.
    parts = [
        _some(config.train, count, seed, folder / f"{count}.npz") if count else folder / "none.npz"
        for count in (labelled, config.unlabelled if arm == FIXMATCH else 0)
    ]
    training = train_config(config, arm, seed, *parts)
    trained = read_checkpoint(train(training, replace(settings(), home=folder, mlflow="", model="")))
    _, held_out = split_real(training.real, training.calibration_share, training.seed)
    path = folder / f"{training.name}.onnx"
    export_float32(MaskingUNet(trained.network), path)
    about = {
        "name": training.name,
        "encoder": training.encoder,
        "classes": list(CLASS_KEYS),
        "precision": "float32",
        "raster": raster_of(training.encoder).name,
    }
    describe(path, {**about, **NEUTRAL})
    drawn = _draw(CALIBRATING, 7)
    found = Segmenter.load(str(path)).segment(calibration_wafers(drawn, held_out))
    describe(path, {**about, **calibrate(found, drawn, held_out, FALSE_ALARM_WEIGHT, judges=False)})
    return Segmenter.load(str(path))


def _judged(model: Segmenter, drawn: Sequence[SyntheticWafer], test: LabelledMaps, tta: bool) -> dict[str, float]:
    wafers = (MarkedWafer(one.wafer, one.masks) for one in drawn)
    return measures_of([evaluate_marked(wafers, model, tta=tta), evaluate_labelled(test, model, tta=tta)])


def _draw(count: int, seed: int) -> list[SyntheticWafer]:
    rng = np.random.default_rng(seed)
    return [draw_wafer(rng, SMALL) for _ in range(count)]


def _some(path: Path, count: int, seed: int, out: Path) -> Path:
    """Write some wafers of a file with one label each to another, the first ones of a random order of all."""
    load_labelled(path)  # refuses what holds no labels
    with np.load(path, allow_pickle=False) as held:
        if "labels" not in held.files or "flat" not in held.files:
            raise FormatError(str(path), "expected one label a wafer", "Name a file in that layout.")
        offsets, names, wafers = held["offsets"], held["class_names"], len(held["labels"])
        if count > wafers:
            raise SettingError(str(path), f"expected {count:,} wafers, found {wafers:,}", "Ask for fewer.")
        chosen = np.sort(np.random.default_rng((20261129, seed)).permutation(wafers)[:count])
        flat = held["flat"]
        parts = [flat[offsets[i] : offsets[i + 1]] for i in chosen]
        ends = np.cumsum([0, *map(len, parts)])
        np.savez(
            out,
            flat=np.concatenate(parts),
            offsets=ends,
            shapes=held["shapes"][chosen],
            labels=held["labels"][chosen],
            class_names=names,
        )
    return out


def _table(config: AblateConfig) -> dict[str, Any]:
    """The table to go on with: what is held, or an empty one.

    Raises:
        SettingError: runs of other settings are held, or none where none are to be run, or a budget is too small.
        FormatError: the table is damaged.
    """
    if not config.budgets or min(config.budgets) < LEAST_BUDGET:
        raise SettingError("--budgets", f"expected numbers from {LEAST_BUDGET}, found {config.budgets}", "Give larger.")
    values = {name: getattr(config, name) for name in SETTINGS}
    about = {n: v.name if isinstance(v, Path) else v for n, v in values.items()} | {"encoder": ENCODER}
    held: dict[str, Any] | None = read_table(config.out, FORMAT, dict, "what helped", "ablate")
    if held is not None and (not config.seeds or held["about"] == about):
        return held
    if not config.seeds:
        raise SettingError("--seeds", f"{config.out} holds no runs to keep", "Give a number from 1.")
    if held is not None and held["runs"] and not config.anew:
        apart = ", ".join(
            f"{n} {held['about'].get(n)} in place of {v}" for n, v in about.items() if held["about"].get(n) != v
        )
        raise SettingError(
            str(config.out), f"it holds runs of other settings: {apart}", "Name another --out, or begin --anew."
        )
    in_use = IN_USE if held is None else {name: held[name] for name in IN_USE}
    return {"format": FORMAT, "made_by": "", "about": about, "runs": [], **in_use}


def _made_by(config: AblateConfig, held: Sequence[dict[str, Any]]) -> str:
    """The command that makes all runs, those held already among them."""
    budgets = {*config.budgets, *(run["labelled"] for run in held)} - {0}
    seeds = max([config.seeds, *(run["seed"] + 1 for run in held)])
    return made_by("ablate", replace(config, budgets=tuple(sorted(budgets)), seeds=seeds, reports=(), anew=False))


def _write(table: dict[str, Any], path: Path) -> None:
    Folder(path.parent).write_text(path.name, json.dumps(table, indent=1) + "\n")


def _in_use(reports: Sequence[Report]) -> dict[str, object]:
    """What the reports say of a model, plain and with test-time augmentation, and on what."""
    ways = {"plain": False, TTA: True}
    found = {way: measures_of([one for one in reports if augmented(one) is tta]) for way, tta in ways.items()}
    on = {f"{one['data']} ({one['n']:,} wafers)": None for one in reports}
    return {"in_use": found, "model": reports[0]["model"], "on": list(on)}


if __name__ == "__main__":
    sys.exit(main())
