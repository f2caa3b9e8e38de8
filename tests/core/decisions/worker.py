"""What processes of their own do to a database of decisions in tests."""

import multiprocessing
from pathlib import Path

from core.decisions import Decisions
from core.decisions.findings import write_finding
from core.identity import Person

processes = multiprocessing.get_context("forkserver")
processes.set_forkserver_preload(["tests.core.decisions.worker"])


def write(place: str, name: str, count: int, told: Path) -> None:
    """Write findings one a transaction, and tell each wafer's key once it is acknowledged."""
    decisions = Decisions(place)
    with told.open("a") as file:
        for number in range(count):
            with decisions.writing() as session:
                write_finding(session, f"{name}:W{number}", f"cause {number}", "", Person(name))
            file.write(f"{name}:W{number}\n")
            file.flush()
