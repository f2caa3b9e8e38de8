"""Make a version of a training run: export its network, score it as the champion was scored, register it."""

import sys
from dataclasses import dataclass
from pathlib import Path

from core.registry.gate import still_to_score
from core.registry.store import Registry
from core.settings import settings
from core.training.config import TrainConfig, kept_checkpoint
from data.errors import ModelError
from jobs.command import command
from jobs.export_model import ExportConfig, export, read_checkpoint
from jobs.register_model import RegisterConfig, register
from jobs.score_version import score

KEPT_FLOAT = 3
"""Convolutions at each end that stay in float32: with fewer INT8 changes the classes of too many wafers."""
ANY_LOSS = 1.0
"""What INT8 may cost here: the version is registered with it, and the gate says whether it is too much."""


@dataclass(frozen=True)
class VersionConfig:
    """Make a version of a training run: export its network, score it as the champion was scored, register it."""

    run: str  # name of the training run in HOME/runs
    data: tuple[str, ...] = ()  # more to score it on, as jobs.evaluate takes it
    lake: int = 3000  # wafers at most of the lake, unlabelled, that teach it to say what the model in use says
    synthetic: int = 400  # synthetic wafers that fit temperatures and thresholds and prove parity
    described: int = 3000  # synthetic wafers that teach presence and embeddings
    note: str = ""  # what it is, in a sentence
    person: str = ""  # who makes it; empty: the account that runs this
    home: Path | None = None  # workspace folder; empty: as WAFERSCOPE_HOME says


@command(VersionConfig)
def main(config: VersionConfig) -> int:
    """Run the job.

    Returns:
        0, or 1 when there is no such run or its network cannot be exported, scored or registered.
    """
    at = settings().at(config.home)
    checkpoint = kept_checkpoint(at.home, config.run)
    if checkpoint is None:
        raise ModelError(
            f"run {config.run}", f"it keeps no checkpoint below {at.home / 'runs'}", "The first comes after an epoch."
        )
    _, trained, steps = read_checkpoint(checkpoint)
    model = checkpoint.with_name("model.onnx")
    print(f"exporting {checkpoint} of step {steps:,}", flush=True)
    export(
        ExportConfig(
            checkpoint=checkpoint, name=config.run, out=model, real=trained.real, labels=trained.labels,
            lake=config.lake, synthetic=config.synthetic, described=config.described, keep_float=KEPT_FLOAT,
            iou_loss_at_most=ANY_LOSS, flips_at_most=ANY_LOSS,
        ),
        at,
    )  # fmt: skip
    registry = Registry(at)
    champion = registry.version(registry.roles().champion).card
    reports = score(model, (*still_to_score((), champion), *config.data), model.parent)
    version = register(
        RegisterConfig(
            model=(model,), reports=tuple(reports), run=config.run, data=learnt_from(trained, config.lake),
            note=config.note, person=config.person,
        ),
        at,
    )  # fmt: skip
    print(f"version {version.number}: {version.card.name}. Models, Serve holds it against the gate.")
    return 0


def learnt_from(trained: TrainConfig, lake: int) -> str:
    """Say what a run and its version learnt from, for the card."""
    parts = ["synthetic wafers with masks"]
    parts += [f"presence labels of {Path(path).stem}" for path in trained.real]
    parts += [f"people's labels ({trained.labels})"] if trained.labels else []
    parts += [f"unlabelled: {Path(source).stem}" for source in trained.unlabelled]
    parts += [f"what the model in use reports on up to {lake:,} wafers of the lake"] if lake else []
    return f"{', '.join(parts)}; starts from {Path(trained.from_).name}" if trained.from_ else ", ".join(parts)


if __name__ == "__main__":
    sys.exit(main())
