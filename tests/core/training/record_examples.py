"""A database of runs as MLflow keeps it, as far as it is read."""

import sqlite3
from contextlib import closing
from pathlib import Path

from core.training.records import RUN_FILE

DATABASE = "mlflow.db"
Values = dict[str, list[tuple[int, float]]]


def write_runs(home: Path, runs: dict[str, Values]) -> None:
    """Keep runs, the first one the oldest; each is what was measured, (step, value), by key."""
    home.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(home / DATABASE)) as database, database:
        database.execute("CREATE TABLE runs (run_uuid, name, start_time, lifecycle_stage)")
        database.execute("CREATE TABLE metrics (key, value, timestamp, run_uuid, step, is_nan)")
        for number, (name, values) in enumerate(runs.items()):
            database.execute("INSERT INTO runs VALUES (?, ?, ?, 'active')", (f"id-{name}", name, number))
            folder = home / "runs" / name
            folder.mkdir(parents=True)
            (folder / RUN_FILE).write_text(f"id-{name}", encoding="utf-8")
            for key, points in values.items():
                rows = [(key, value, step, f"id-{name}", step, value != value) for step, value in points]
                database.executemany("INSERT INTO metrics VALUES (?, ?, ?, ?, ?, ?)", rows)


def curves(score: float, steps: int = 100) -> Values:
    """Curves of a run whose best score comes at half its steps."""
    found: Values = {
        "train/loss": [(step, 2.0 / (1 + step)) for step in range(0, steps, 5)],
        "lr-AdamW": [(step, 1e-3) for step in range(0, steps, 5)],
        "epoch": [(steps // 2, 0), (steps, 1)],
    }
    for key in ("score", "iou/mean", "iou/edge", "f1/macro", "false_alarms"):
        found[key] = [(steps // 2, score), (steps, score / 2)]
    return found
