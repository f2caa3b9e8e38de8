"""Score a registered version on what the champion was scored on, so that the gate can hold one against the other."""

import re
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from core.evaluation.report import LABELS
from core.registry.gate import still_to_score
from core.registry.leakage import parted
from core.registry.store import Registry, Version
from core.settings import Settings, settings
from data.errors import SettingError
from jobs.command import command
from jobs.evaluate import EvaluateConfig, table, written


@dataclass(frozen=True)
class ScoreConfig:
    """Score a registered version on what the champion was scored on, and put the reports on its card."""

    version: int  # to score
    data: tuple[str, ...] = ()  # as jobs.evaluate takes it; nothing: the champion's that it lacks, but for files
    home: Path | None = None  # workspace folder; empty: as WAFERSCOPE_HOME says


@command(ScoreConfig)
def main(config: ScoreConfig) -> int:
    """Run the job.

    Returns:
        0, or 1 when there is no such version, or it cannot be scored or its card not be written.
    """
    at = settings().at(config.home)
    registry = Registry(at)
    version = registry.version(config.version)
    champion = registry.version(registry.roles().champion)
    data = config.data or judging(version, still_to_score(version.card.reports, champion.card), registry, at)
    if not data:
        raise SettingError(
            "--data", f"version {version.number} has all reports of the champion that can be made for it", "Name data."
        )
    version = scored(version, data, registry, at)
    print(f"version {version.number} has {len(version.card.reports)} reports. Models, Serve holds it against the gate.")
    return 0


def judging(version: Version, data: Sequence[str], registry: Registry, at: Settings) -> tuple[str, ...]:
    """Keep of some data what may judge a version; which labels may not, since it learnt from them, is printed.

    Raises:
        ModelError: the registry cannot be reached.
    """
    kept, refused = parted(version.card, data, registry, at)
    for name, why in refused.items():
        print(f"{version.card.name} is not scored on {name}: {why}", flush=True)
    return tuple(kept)


def scored(version: Version, data: Sequence[str], registry: Registry, at: Settings) -> Version:
    """Score a version on each of the data, then the champion on the labels among them; the reports go on their cards.

    Raises:
        As `jobs.evaluate.written`; ModelError: the registry cannot be reached or written.
    """
    with tempfile.TemporaryDirectory() as folder:
        after = _with_reports(version, data, registry, at, Path(folder))
        champion = registry.version(registry.roles().champion)
        labels = [name for name in still_to_score(champion.card.reports, after.card) if name in data]
        labels = [name for name in labels if name.startswith(LABELS)]
        _with_reports(champion, judging(champion, labels, registry, at), registry, at, Path(folder))
    return after


def _with_reports(version: Version, data: Sequence[str], registry: Registry, at: Settings, folder: Path) -> Version:
    if not data:
        return version
    return registry.add_reports(version.number, score(registry.file(version.number), data, folder, at))


def score(model: Path, data: Sequence[str], folder: Path, at: Settings) -> list[Path]:
    """Score a model on each of the data, show the tables, and name the reports, one file each in the folder.

    Raises:
        As `jobs.evaluate.written`.
    """
    reports = []
    for number, name in enumerate(data):
        reports.append(folder / f"{number}-{re.sub(r'[^A-Za-z0-9]+', '-', Path(name).stem)}.json")
        config = EvaluateConfig(data=name, out=reports[-1], model=str(model), home=at.home)
        print(table(written(config)), flush=True)
    return reports


if __name__ == "__main__":
    sys.exit(main())
