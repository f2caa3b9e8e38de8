"""The records that training keeps of its runs, asked of MLflow where they are not in an SQLite file of this machine."""

from typing import TYPE_CHECKING

from core.settings import Settings
from core.training.tracking import ask_mlflow

if TYPE_CHECKING:
    from mlflow import MlflowClient

MOST_RUNS = 100
"""Runs that are looked through for the best: the newest."""
Row = tuple[str, int, float]


def measured(at: Settings, number: str) -> list[Row]:
    """Return what a run measured: key, step and value, by step; what is not a number is left out.

    Raises:
        ModelError: MLflow cannot be asked.
    """

    def ask(client: "MlflowClient") -> list[Row]:
        keys = client.get_run(number).data.metrics
        found = [point for key in keys for point in client.get_metric_history(number, key)]
        found.sort(key=lambda point: (point.step, point.timestamp))
        return [(p.key, p.step, p.value) for p in found if p.value == p.value]

    return ask_mlflow(at, ask, "the records of training")


def best_older(at: Settings, number: str, score: str) -> tuple[str, str] | None:
    """Return number and name of the run of the best score among those that began before a run, None without one.

    Raises:
        ModelError: MLflow cannot be asked.
    """

    def ask(client: "MlflowClient") -> tuple[str, str] | None:
        info = client.get_run(number).info
        older = client.search_runs(
            [info.experiment_id],
            f"attributes.start_time < {info.start_time}",
            max_results=MOST_RUNS,
            order_by=["attributes.start_time DESC"],
        )
        best: dict[tuple[str, str], float] = {}
        for run in older:
            if score in run.data.metrics:
                values = [p.value for p in client.get_metric_history(run.info.run_id, score) if p.value == p.value]
                best[run.info.run_id, run.info.run_name] = max(values, default=float("-inf"))
        return max(best, key=lambda run: best[run]) if best else None

    return ask_mlflow(at, ask, "the records of training")
