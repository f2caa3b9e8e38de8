"""Make a version of a training run: export its network, score it as the champion was scored, register it."""

import sys
from dataclasses import dataclass
from pathlib import Path

from core.database import AppDatabase
from core.datasets.label_set import Split
from core.datasets.reading import NOW
from core.datasets.wafers import labelled_wafers
from core.evaluation.report import LABELS, SYNTHETIC
from core.lake import Lake
from core.registry.gate import still_to_score
from core.registry.store import Registry
from core.settings import Settings, settings
from core.training.config import TrainConfig, kept_checkpoint
from core.training.shown import learnt_from, never_shown
from data.datasets import MaskedMaps
from data.errors import ModelError
from jobs.command import command
from jobs.export_model import ExportModelConfig
from jobs.register_model import RegisterConfig, register, run_told
from jobs.score_version import judging, score, scored

KEPT_FLOAT = 8
"""Convolutions at each end that stay in float32: with fewer INT8 changes the classes of too many wafers."""
ANY_LOSS = 1.0
"""What INT8 may cost here: the version is registered with it, and the gate says whether it is too much."""


@dataclass(frozen=True)
class VersionConfig:
    """Make a version of a training run: export its network, score it as the champion was scored, register it."""

    run: str  # name of the training run in HOME/runs
    data: tuple[str, ...] = ()  # more to score it on, as jobs.evaluate takes it; labels:NAME also the champion
    lake: int = 3000  # wafers at most of the lake, unlabelled, that teach it to say what the model in use says
    synthetic: int = 1600  # synthetic wafers that fit temperatures and thresholds and prove parity
    described: int = 3000  # synthetic wafers that teach presence and embeddings
    note: str = ""  # what it is, in a sentence
    person: str = ""  # who makes it; empty: the account that runs this
    home: Path | None = None  # workspace folder; empty: as WAFERSCOPE_HOME says


@command(VersionConfig, trains=True)
def main(config: VersionConfig) -> int:
    """Run the job.

    Returns:
        0, or 1 when there is no such run or its network cannot be exported, scored or registered.
    """
    from jobs.checkpoints import read_checkpoint
    from jobs.model_export import export

    at = settings().at(config.home)
    checkpoint = kept_checkpoint(at.home, config.run)
    if checkpoint is None:
        raise ModelError(
            f"run {config.run}", f"it keeps no checkpoint below {at.home / 'runs'}", "The first comes after an epoch."
        )
    found = read_checkpoint(checkpoint)
    trained = found.config
    model = checkpoint.with_name("model.onnx")
    print(f"exporting {checkpoint} of step {found.steps:,}", flush=True)
    export(_export_config(config, trained, checkpoint), at)
    registry = Registry(at)
    champion = registry.version(registry.roles().champion).card
    drawn = [name for name in still_to_score({}, champion) if name.startswith(SYNTHETIC)]
    asked = [name for name in config.data if name.startswith(LABELS)]
    reports = score(model, [name for name in (*drawn, *config.data) if name not in asked], model.parent, at)
    told = run_told(at, config.run)
    start = next((v.card.name for v in registry.versions() if v.card.sha256 == told["start"]), told["start"][:8])
    version = register(
        RegisterConfig(
            model=(model,),
            reports=tuple(reports),
            run=config.run,
            note=config.note,
            person=config.person,
            data=learnt_from(trained, config.lake, told["labels"], start),
            never_shown=never_shown(trained, taught_by_people(trained, at), start),
        ),
        at,
    )
    labels = asked or judging(version, [LABELS + (trained.labels or NOW)], registry, at)
    scored(version, labels, registry, at)
    print(f"version {version.number}: {version.card.name}. Models, Serve holds it against the gate.")
    return 0


def taught_by_people(trained: TrainConfig, at: Settings) -> list[MaskedMaps]:
    """Return the wafers that people labelled and that a run learns from.

    Raises:
        AppDatabaseError: there is no such dataset.
        SettingError: none of its wafers is in the lake as labelled.
    """
    names = [name for name in (trained.labels, trained.old_labels) if name]
    database = AppDatabase(at.database_place)
    found = [labelled_wafers(database, Lake(at.lake_url), name)[Split.TRAIN] for name in names]
    database.close()
    return found


def _export_config(config: VersionConfig, trained: TrainConfig, checkpoint: Path) -> ExportModelConfig:
    return ExportModelConfig(
        checkpoint=checkpoint,
        name=config.run,
        out=checkpoint.with_name("model.onnx"),
        real=trained.real,
        labels=trained.labels,
        lake=config.lake,
        synthetic=config.synthetic,
        described=config.described,
        keep_float=KEPT_FLOAT,
        iou_loss_at_most=ANY_LOSS,
        flips_at_most=ANY_LOSS,
    )


if __name__ == "__main__":
    sys.exit(main())
