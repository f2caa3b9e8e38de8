"""The records that training keeps of its runs; those in an SQLite file are read without loading MLflow."""

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from core.settings import Settings
from core.training.config import run_folder
from core.training.server_records import best_older, measured

SQLITE = "sqlite:///"
RUN_FILE = "mlflow_run.txt"
"""In a run's folder: the number of its record."""
LABELS_TAG, START_TAG = "waferscope.labels", "waferscope.start"
"""What a record is told when training begins: which labels of people, and whose weights."""
SCORE, TRAINING, RATE = "score", "train/", "lr-"
"""Key of what runs are compared by, and beginnings of keys that every step writes: terms of the loss, learning rate."""
MOST_POINTS = 400
COLUMNS = ("key", "step", "value")


@dataclass(frozen=True, eq=False)
class RunRecord:
    """What a run measured.

    Args:
        number: of the record in MLflow.
        name: of the run.
        values: key, step, value; by step.
    """

    number: str
    name: str
    values: pd.DataFrame

    def curve(self, key: str) -> pd.DataFrame:
        """Step and value of one measure, thinned evenly to 400 points at most, the last one kept."""
        found = self.values[self.values["key"] == key][["step", "value"]].reset_index(drop=True)
        every = max(1, -(-len(found) // MOST_POINTS))
        return found.iloc[(len(found) - 1) % every :: every].reset_index(drop=True)

    def keys(self, beginning: str = "") -> list[str]:
        """Names of the measures that begin so, sorted."""
        return sorted(key for key in self.values["key"].unique() if key.startswith(beginning))

    def at_best(self) -> dict[str, float]:
        """What was measured when the score was best, nothing before the first measurement."""
        scores = self.values[self.values["key"] == SCORE]
        if scores.empty:
            return {}
        step = scores["step"].to_numpy()[scores["value"].to_numpy().argmax()]
        there = self.values[self.values["step"] == step]
        measured = there[~there["key"].str.startswith((TRAINING, RATE)) & (there["key"] != "epoch")]
        return dict(zip(measured["key"], measured["value"], strict=True))


def record_of(at: Settings, name: str) -> RunRecord | None:
    """Return what a run measured so far, None before it has a record.

    Raises:
        ModelError: the settings name an MLflow that cannot be asked.
    """
    kept = run_folder(at.home, name) / RUN_FILE
    return _read(at, kept.read_text(encoding="utf-8").strip(), name) if kept.exists() else None


def best_before(at: Settings, record: RunRecord) -> RunRecord | None:
    """Return the run of the best score among those that began before this one, None where there is none.

    Raises:
        ModelError: the settings name an MLflow that cannot be asked.
    """
    path = _file(at)
    if path is None:
        best = best_older(at, record.number, SCORE)
        return _read(at, *best) if best else None
    rows = _rows(
        path,
        "SELECT r.run_uuid, r.name, max(m.value) AS best FROM runs r JOIN metrics m ON m.run_uuid = r.run_uuid "
        "WHERE m.key = ? AND m.is_nan = 0 AND r.lifecycle_stage = 'active' "
        "AND r.start_time < (SELECT start_time FROM runs WHERE run_uuid = ?) "
        "GROUP BY r.run_uuid, r.name ORDER BY best DESC LIMIT 1",
        (SCORE, record.number),
    )
    return _read(at, rows[0][0], rows[0][1]) if rows else None


def _file(at: Settings) -> Path | None:
    """The SQLite file that MLflow keeps, None where it keeps something else."""
    url = at.mlflow_url
    return Path(url.removeprefix(SQLITE)) if url.startswith(SQLITE) else None


def _read(at: Settings, number: str, name: str) -> RunRecord:
    path = _file(at)
    query = "SELECT key, step, value FROM metrics WHERE run_uuid = ? AND is_nan = 0 ORDER BY step, timestamp"
    rows = measured(at, number) if path is None else _rows(path, query, (number,))
    values = pd.DataFrame(rows, columns=list(COLUMNS)).drop_duplicates(["key", "step"], keep="last")
    return RunRecord(number, name, values)


def _rows(path: Path, query: str, parameters: tuple[str, ...]) -> list[tuple[str, ...]]:
    """Ask the database, which training may be making right now: then there is nothing yet."""
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=5)) as database:
            return database.execute(query, parameters).fetchall()
    except sqlite3.OperationalError:
        return []
