"""Register a model: its file, its card and its reports become a version that can be promoted."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.identity import local_person, named_person
from core.registry.card import card_of
from core.registry.latency import measure_latency
from core.registry.store import Registry, Version
from core.segmentation import Segmenter
from core.settings import Settings, settings
from core.training.config import run_folder
from core.training.records import LABELS_TAG, RUN_FILE, START_TAG
from core.training.tracking import ask_mlflow
from data.errors import ModelError, SettingError
from jobs.command import command

COMMIT_TAG = "mlflow.source.git.commit"
"""What MLflow itself notes of the code when a run begins."""
SHORT = 7
"""Digits of a commit that stand on a card."""


@dataclass(frozen=True)
class RegisterConfig:
    """Register a model as a new version; it is served once it is promoted."""

    model: tuple[Path, ...]  # the ONNX file that jobs.export_model wrote
    reports: tuple[Path, ...] = ()  # what jobs.evaluate wrote for it; the gate compares those that the champion has too
    run: str = ""  # name of the training run in HOME/runs, for its flags, hours, commit and labels
    data: str = ""  # what it was trained on, with its version: v1.1
    commit: str = ""  # of the code that trained it; empty: as the run says, without a run that of this folder
    hours: float | None = None  # of training; empty: as the run says
    never_shown: tuple[str, ...] = ()  # what it was never shown, a sentence each; stands on the trust sheet
    note: str = ""  # what it is, in a sentence
    person: str = ""  # who registers it; empty: the account that runs this
    home: Path | None = None  # workspace folder; empty: as WAFERSCOPE_HOME says


@command(RegisterConfig)
def main(config: RegisterConfig) -> int:
    """Run the job.

    Returns:
        0, or 1 when the model cannot be registered.
    """
    version = register(config, settings().at(config.home))
    print(
        f"version {version.number}: {version.card.name}. Promote it with python -m jobs.promote_model promote "
        f"--version {version.number}"
    )
    return 0


def register(config: RegisterConfig, at: Settings) -> Version:
    """Make the card and keep the model.

    Raises:
        SettingError: not one model is named.
        ModelError: model, reports or run cannot be read, or the registry cannot be written.
    """
    if len(config.model) != 1:
        raise SettingError("command line", f"expected one ONNX file, found {len(config.model)}", "Name one.")
    person = named_person(config.person) if config.person else local_person()
    told: dict[str, Any] = run_told(at, config.run) if config.run else {"commit": here()}
    given = {"commit": config.commit, "hours": config.hours}
    about = {**told, **{name: value for name, value in given.items() if value not in ("", None)}}
    card = card_of(config.model[0], config.reports, data=config.data, never_shown=config.never_shown, **about)
    card = card.with_latency(measure_latency(Segmenter.load(str(config.model[0]), threads=at.threads or None)))
    return Registry(at).register(config.model[0], card, person, config.note)


def run_told(at: Settings, name: str) -> dict[str, Any]:
    """Read what a training run's record says of it: `config`, `hours`, `commit`, `labels` and `start` of a card.

    Raises:
        ModelError: there is no such run, or MLflow does not know it.
    """
    try:
        number = (run_folder(at.home, name) / RUN_FILE).read_text(encoding="utf-8").strip()
        run = ask_mlflow(at, lambda client: client.get_run(number), "the records of training")
    except (OSError, ModelError) as error:
        raise ModelError(
            f"run {name}", f"it is not known ({error})", f"Name a folder of {at.home / 'runs'}."
        ) from error
    began, ended, tags = run.info.start_time, run.info.end_time, run.data.tags
    return {
        "config": dict(run.data.params),
        "hours": round((ended - began) / 3.6e6, 2) if ended else None,
        "commit": tags.get(COMMIT_TAG, "")[:SHORT],
        "labels": tags.get(LABELS_TAG, ""),
        "start": tags.get(START_TAG, ""),
    }


def here() -> str:
    """Commit of this folder, "" where it is no git repository."""
    try:
        told = subprocess.run(
            ["git", "rev-parse", "--short", "HEAD"],
            cwd=Path(__file__).parent,
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return ""
    return told.stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
