"""The records that training keeps of its runs, asked of MLflow where they are not in an SQLite file of this machine."""

from typing import TYPE_CHECKING, TypeVar

from data.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlflow import MlflowClient

MOST_RUNS = 100
"""Runs that are looked through for the best: the newest."""
Row = tuple[str, int, float]
Answer = TypeVar("Answer")


def measured(url: str, number: str) -> list[Row]:
    """Give what a run measured: key, step and value, by step; what is not a number is left out.

    Raises:
        ModelError: MLflow cannot be asked.
    """

    def ask(client: "MlflowClient") -> list[Row]:
        keys = client.get_run(number).data.metrics
        found = [point for key in keys for point in client.get_metric_history(number, key)]
        found.sort(key=lambda point: (point.step, point.timestamp))
        return [(p.key, p.step, p.value) for p in found if p.value == p.value]

    return _asked(url, ask)


def best_older(url: str, number: str, score: str) -> tuple[str, str] | None:
    """Give number and name of the run of the best score among those that began before a run, None without one.

    Raises:
        ModelError: MLflow cannot be asked.
    """

    def ask(client: "MlflowClient") -> tuple[str, str] | None:
        info = client.get_run(number).info
        older = client.search_runs(
            [info.experiment_id], f"attributes.start_time < {info.start_time}", max_results=MOST_RUNS,
            order_by=["attributes.start_time DESC"],
        )  # fmt: skip
        best: dict[tuple[str, str], float] = {}
        for run in older:
            if score in run.data.metrics:
                values = [p.value for p in client.get_metric_history(run.info.run_id, score) if p.value == p.value]
                best[run.info.run_id, run.info.run_name] = max(values, default=float("-inf"))
        return max(best, key=lambda run: best[run]) if best else None

    return _asked(url, ask)


def _asked(url: str, question: "Callable[[MlflowClient], Answer]") -> Answer:
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    try:
        return question(MlflowClient(url))
    except (MlflowException, SQLAlchemyError, OSError) as error:
        raise ModelError(
            url, f"the records of training cannot be read ({str(error).splitlines()[0]})",
            "Check that WAFERSCOPE_MLFLOW is right and can be reached.",
        ) from error  # fmt: skip
