"""MLflow, which keeps runs and models: opened by one process at a time, with errors that a person can act on."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING, TypeVar

from filelock import FileLock

from core.settings import Settings
from core.storage.home import make_private_file, make_private_folder
from data.errors import ModelError

if TYPE_CHECKING:
    from mlflow import MlflowClient

Answer = TypeVar("Answer")


@contextmanager
def opening(at: Settings) -> Iterator[None]:
    """Hold others off while MLflow is opened: two processes that make its tables at once fail both."""
    make_private_folder(at.home)
    with FileLock(at.home / "mlflow.lock"):
        if not at.mlflow:
            make_private_file(at.home / "mlflow.db")
        yield


def ask_mlflow(at: Settings, question: "Callable[[MlflowClient], Answer]", subject: str) -> Answer:
    """Ask MLflow something.

    Args:
        at: settings; they say where it keeps things.
        question: what to ask of its client.
        subject: what it is asked for, where the settings name no place of its own.

    Raises:
        ModelError: it cannot be reached, or refuses.
    """
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    try:
        with opening(at):
            client = _client(at.mlflow_url)
        return question(client)
    except (MlflowException, SQLAlchemyError, OSError) as error:
        raise ModelError(
            at.mlflow or subject,
            f"it cannot be used ({str(error).splitlines()[0]})",
            "Check that WAFERSCOPE_MLFLOW is right and its place can be reached and written.",
        ) from error


@lru_cache(maxsize=4)
def _client(url: str) -> "MlflowClient":
    from mlflow import MlflowClient

    return MlflowClient(url, registry_uri=url)
