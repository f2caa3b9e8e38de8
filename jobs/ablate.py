"""Train a small network with one kind of label more each time, and write down what each gave."""

import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from core.evaluation import Report, evaluate_labelled, evaluate_marked
from core.fitting import calibrate
from core.learning.ablation import FORMAT, RESULTS, measures_of
from core.segmentation import Segmenter
from core.settings import settings
from core.training.config import TrainConfig
from data.classes import CLASS_KEYS
from data.datasets import LabelledMaps, load_labelled
from data.errors import FormatError
from data.synthesis import Recipe, draw_wafer
from data.truth import MarkedWafer
from jobs.command import command
from jobs.export_model import NEUTRAL, read_checkpoint
from jobs.learning import split_real
from jobs.train import say, train
from models.export import describe, export_float32
from models.unet import MaskingUNet

TRAINED = ("synthetic", "presence", "fixmatch")
CAREFUL = "careful"
SMALL = Recipe(shortest=24, longest=50)
"""Synthetic wafers of the sizes that are trained on: larger ones cost most of the time."""
SIZE_SHARES = (0.3, 0.3, 0.4)
CALIBRATING = 80
FALSE_ALARM_WEIGHT = 2.0


@dataclass(frozen=True)
class AblateConfig:
    """Train a small network with one kind of label more each time, and write down what each gave."""

    train: Path  # .npz with one label a wafer: some of its labels are learnt from, all its wafers without labels
    test: Path  # .npz with one label a wafer, other wafers, to be judged by
    labelled: int = 1500  # real wafers whose labels are learnt from, a fifth of them kept for thresholds
    judged: int = 800  # real wafers to be judged by at most
    drawn: int = 80  # synthetic wafers, 24 to 50 dies across, to be judged by
    steps: int = 200  # optimiser steps of each arm
    pixels: int = 32768  # pixels a batch may hold
    seeds: int = 3  # runs of each arm, those of one seed on the same wafers in the same order; 0: as in the table
    reports: tuple[str, ...] = ()  # reports of jobs.evaluate of one model, plain and careful, to stand beside the arms
    out: Path = RESULTS  # table to write


@command(AblateConfig)
def main(config: AblateConfig) -> int:
    """Run the job.

    Returns:
        0, or 1 when the files cannot be used.
    """
    reports = [json.loads(Path(path).read_text(encoding="utf-8")) for path in config.reports]
    beside = _in_use(reports) if reports else {}
    config.out.parent.mkdir(parents=True, exist_ok=True)
    for found in ablate(config) if config.seeds else [json.loads(config.out.read_text(encoding="utf-8"))]:
        config.out.write_text(json.dumps(found | beside, indent=1) + "\n", encoding="utf-8")
    return 0


def ablate(config: AblateConfig) -> Iterator[dict[str, object]]:
    """Train and judge every arm with every seed.

    Yields:
        The table so far, after each seed.

    Raises:
        FormatError: a file holds no labels of whole wafers.
    """
    about = {name: value for name, value in asdict(config).items() if isinstance(value, int)}
    test = load_labelled(config.test)
    test = test.take(np.random.default_rng(0).permutation(len(test))[: config.judged])
    arms: dict[str, list[dict[str, float]]] = {arm: [] for arm in (*TRAINED, CAREFUL)}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        labelled = _some(config.train, config.labelled, folder / "labelled.npz")
        for seed in range(config.seeds):
            for arm in TRAINED:
                model = _trained(config, arm, seed, labelled, folder)
                arms[arm].append(_judged(model, config.drawn, test, careful=False))
                say(f"{arm}, seed {seed}: {arms[arm][-1]}")
            arms[CAREFUL].append(_judged(model, config.drawn, test, careful=True))
            say(f"{CAREFUL}, seed {seed}: {arms[CAREFUL][-1]}")
            about["seeds"] = seed + 1
            yield {"format": FORMAT, "about": about, "arms": arms, "in_use": {}, "model": "", "on": []}


def train_config(config: AblateConfig, arm: str, seed: int, labelled: Path) -> TrainConfig:
    """Say how an arm is trained: alike but for what it is shown."""
    real = () if arm == "synthetic" else (str(labelled),)
    # Warm-up to the end: the rate rises and falls, and the average, FixMatch's teacher, is the network itself. Over so
    # few steps it would lag behind.
    return TrainConfig(
        name=f"{arm}-{seed}", encoder="resnet18", depth=4, decoder_channels=(48, 24, 16, 8), real=real,
        calibration_share=0.2, unlabelled=(str(config.train),) if arm == "fixmatch" else (), ramp=config.steps // 2,
        steps=config.steps, epoch_steps=config.steps, rate=4e-3, warmup=config.steps, gamma=0.0, alpha=0.5, focal=2.0,
        pixels=config.pixels, size_shares=SIZE_SHARES, validation_batches=1, workers=0, seed=seed,
    )  # fmt: skip


def _trained(config: AblateConfig, arm: str, seed: int, labelled: Path, folder: Path) -> Segmenter:
    """Train an arm, fit its thresholds to wafers of the kinds it was shown, and load it as the app would."""
    training = train_config(config, arm, seed, labelled)
    module, _, _ = read_checkpoint(train(training, replace(settings(), home=folder, mlflow="", model="")))
    _, held_out = split_real(training.real, training.calibration_share, training.seed)
    rng = np.random.default_rng(7)
    drawn = [draw_wafer(rng, SMALL) for _ in range(CALIBRATING)]
    path = folder / f"{training.name}.onnx"
    export_float32(MaskingUNet(module.averaged), path)
    about = {"name": training.name, "encoder": training.encoder, "classes": list(CLASS_KEYS), "precision": "float32"}
    describe(path, {**about, **NEUTRAL})
    describe(path, {**about, **calibrate(Segmenter.load(str(path)), drawn, held_out, FALSE_ALARM_WEIGHT)})
    return Segmenter.load(str(path))


def _judged(model: Segmenter, drawn: int, test: LabelledMaps, careful: bool) -> dict[str, float]:
    rng = np.random.default_rng(20261123)
    wafers = (MarkedWafer(one.wafer, one.masks) for one in (draw_wafer(rng, SMALL) for _ in range(drawn)))
    return measures_of(
        [evaluate_marked(wafers, model, careful=careful), evaluate_labelled(test, model, careful=careful)]
    )


def _some(path: Path, count: int, out: Path) -> Path:
    """Write some wafers of a file with one label each, drawn at random, to another."""
    load_labelled(path)  # refuses what holds no labels
    with np.load(path, allow_pickle=False) as held:
        if "labels" not in held.files or "flat" not in held.files:
            raise FormatError(str(path), "expected one label a wafer", "Name a file in that layout.")
        offsets, names = held["offsets"], held["class_names"]
        chosen = np.sort(np.random.default_rng(0).permutation(len(held["labels"]))[:count])
        flat = held["flat"]
        parts = [flat[offsets[i] : offsets[i + 1]] for i in chosen]
        ends = np.cumsum([0, *map(len, parts)])
        np.savez(
            out, flat=np.concatenate(parts), offsets=ends, shapes=held["shapes"][chosen],
            labels=held["labels"][chosen], class_names=names,
        )  # fmt: skip
    return out


def _in_use(reports: Sequence[Report]) -> dict[str, object]:
    """What the reports say of a model, plain and careful, and on what."""
    ways = {"plain": False, CAREFUL: True}
    found = {way: measures_of([one for one in reports if one["careful"] is careful]) for way, careful in ways.items()}
    on = {f"{one['data']} ({one['n']:,} wafers)": None for one in reports}
    return {"in_use": found, "model": reports[0]["model"], "on": list(on)}


if __name__ == "__main__":
    sys.exit(main())
