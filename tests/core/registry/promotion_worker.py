"""What a process of its own decides about models in tests: it dies by SIGKILL before a step that it is told."""

import multiprocessing
import os
import signal
from collections.abc import Callable
from pathlib import Path

import mlflow  # noqa: F401  (imported once, by the server that the processes fork from)
from sqlalchemy import Engine, event

import core.storage.folder
from core.database import AppDatabase
from core.identity import Person
from core.registry.promotion import challenge, promote, rollback
from core.registry.store import Registry
from core.settings import Settings
from core.training.tracking import ask_mlflow

ANA = Person("ana")
READS = ("SELECT", "PRAGMA", "BEGIN")

processes = multiprocessing.get_context("forkserver")
processes.set_forkserver_preload(["tests.core.registry.promotion_worker"])


def decide_until_step(home: Path, action: str, step: int, told: Path) -> None:
    """Decide something, and die before writing step number `step`; tell how many steps there were otherwise."""
    at = Settings(home=home, gate_latency_ratio=1e9)
    registry, database = Registry(at), AppDatabase(at.database_place)
    ask_mlflow(at, lambda client: client.search_registered_models(), "test")  # opened before the steps are counted
    steps = dying_at(step)
    if action == "promote":
        promote(registry, database, at, 2, ANA)
    elif action == "rollback":
        rollback(registry, database, at, ANA)
    else:
        challenge(registry, database, at, 3, 0.25, ANA)
    told.write_text(str(steps()))


def dying_at(step: int) -> Callable[[], int]:
    """Let this process die by SIGKILL before writing step number `step`; return what counts the steps so far.

    A step is a statement that writes to any database, a commit, a file made durable, or one that gets its name.
    """
    done = 0

    def count(*_args: object) -> None:
        nonlocal done
        if done == step:
            os.kill(os.getpid(), signal.SIGKILL)
        done += 1

    def statement(_connection: object, _cursor: object, sql: str, *_rest: object) -> None:
        if not sql.lstrip().upper().startswith(READS):
            count()

    event.listen(Engine, "before_cursor_execute", statement)
    event.listen(Engine, "commit", count)
    for owner, name in ((core.storage.folder, "make_durable"), (Path, "replace")):
        setattr(owner, name, dying_before(getattr(owner, name), count))
    return lambda: done


def dying_before(operation: Callable[..., object], count: Callable[[], None]) -> Callable[..., object]:
    """Return an operation that counts itself first."""

    def counted(*args: object, **kwargs: object) -> object:
        count()
        return operation(*args, **kwargs)

    return counted
