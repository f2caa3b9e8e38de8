"""What processes of their own do to an app database in tests."""

import multiprocessing
import time
from pathlib import Path

from core.database import AppDatabase
from core.database.write_queue import WriteQueue
from core.identity import Person
from core.root_causes import write_finding

processes = multiprocessing.get_context("forkserver")
processes.set_forkserver_preload(["tests.core.database.worker"])


def write(place: str, name: str, count: int, told: Path) -> None:
    """Write findings one a transaction, and tell each wafer's key once it is acknowledged."""
    database = AppDatabase(place)
    with told.open("a") as file:
        for number in range(count):
            with database.writing() as session:
                write_finding(session, f"{name}:W{number}", f"cause {number}", "", Person(name))
            file.write(f"{name}:W{number}\n")
            file.flush()


def add_one(folder: Path, times: int) -> None:
    """Count up in a file, reading and writing it in turn with others."""
    line = WriteQueue(folder / "line")
    for _ in range(times):
        with line.turn():
            path = folder / "count"
            path.write_text(str(int(path.read_text() or 0) + 1 if path.exists() else 1))


def hold(folder: Path) -> None:
    """Take the turn, say so, and keep it."""
    with WriteQueue(folder / "line").turn():
        (folder / "held").touch()
        time.sleep(600)
