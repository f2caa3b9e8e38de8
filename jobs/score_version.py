"""Score a registered version on what the champion was scored on, so that the gate can hold one against the other."""

import re
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from core.registry.gate import still_to_score
from core.registry.store import Registry
from core.settings import settings
from data.errors import SettingError
from jobs.command import command
from jobs.evaluate import EvaluateConfig, table, written


@dataclass(frozen=True)
class ScoreConfig:
    """Score a registered version on what the champion was scored on, and put the reports on its card."""

    version: int  # to score
    data: tuple[str, ...] = ()  # as jobs.evaluate takes it; nothing: the champion's synthetic wafers that it lacks
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
    data = config.data or tuple(still_to_score(version.card.reports, champion.card))
    if not data:
        raise SettingError(
            "--data", f"version {version.number} has all reports of the champion that anyone can make", "Name a file."
        )
    with tempfile.TemporaryDirectory() as folder:
        scored = registry.add_reports(version.number, score(registry.file(version.number), data, Path(folder)))
    print(f"version {version.number} has {len(scored.card.reports)} reports. Models, Serve holds it against the gate.")
    return 0


def score(model: Path, data: Sequence[str], folder: Path) -> list[Path]:
    """Score a model on each of the data, show the tables, and name the reports, one file each in the folder.

    Raises:
        As `jobs.evaluate.written`.
    """
    reports = []
    for name in data:
        reports.append(folder / f"{re.sub(r'[^A-Za-z0-9]+', '-', Path(name).stem)}.json")
        print(table(written(EvaluateConfig(data=name, out=reports[-1], model=str(model)))), flush=True)
    return reports


if __name__ == "__main__":
    sys.exit(main())
