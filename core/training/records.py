"""The records that training keeps of its runs, read from MLflow's SQLite file without loading MLflow."""

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from core.training.config import run_folder

DATABASE = "mlflow.db"
RUN_FILE = "mlflow_run.txt"
"""In a run's folder: the number of its record."""
SCORE, TRAINING, RATE = "score", "train/", "lr-"
"""Key of what runs are compared by, and beginnings of keys that every step writes: terms of the loss, learning rate."""
MOST_POINTS = 400
COLUMNS = ("key", "step", "value")


@dataclass(frozen=True, eq=False)
class Record:
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


def record_of(home: Path, name: str) -> Record | None:
    """Give what a run measured so far, None before it has a record."""
    kept = run_folder(home, name) / RUN_FILE
    return _read(home, kept.read_text(encoding="utf-8").strip(), name) if kept.exists() else None


def best_before(home: Path, record: Record) -> Record | None:
    """Give the run of the best score among those that began before this one, None where there is none."""
    rows = _rows(
        home,
        "SELECT r.run_uuid, r.name, max(m.value) AS best FROM runs r JOIN metrics m ON m.run_uuid = r.run_uuid "
        "WHERE m.key = ? AND m.is_nan = 0 AND r.lifecycle_stage = 'active' "
        "AND r.start_time < (SELECT start_time FROM runs WHERE run_uuid = ?) "
        "GROUP BY r.run_uuid, r.name ORDER BY best DESC LIMIT 1",
        (SCORE, record.number),
    )
    return _read(home, rows[0][0], rows[0][1]) if rows else None


def _read(home: Path, number: str, name: str) -> Record:
    query = "SELECT key, step, value FROM metrics WHERE run_uuid = ? AND is_nan = 0 ORDER BY step, timestamp"
    rows = _rows(home, query, (number,))
    values = pd.DataFrame(rows, columns=list(COLUMNS)).drop_duplicates(["key", "step"], keep="last")
    return Record(number, name, values)


def _rows(home: Path, query: str, parameters: tuple[str, ...]) -> list[tuple[str, ...]]:
    """Ask the database, which training may be making right now: then there is nothing yet."""
    path = (home / DATABASE).absolute()
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=5)) as database:
            return database.execute(query, parameters).fetchall()
    except sqlite3.OperationalError:
        return []
