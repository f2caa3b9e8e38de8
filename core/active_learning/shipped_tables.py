"""Tables of measured results that come with the app, written by jobs as JSON."""

import json
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from core.jobs.config_fields import command_words
from data.errors import FormatError

Read = TypeVar("Read")


def read_table(path: Path, version: int, build: Callable[[dict[str, Any]], Read], what: str, job: str) -> Read | None:
    """Read a table.

    Args:
        path: of the file.
        version: that it is to say under `format`.
        build: makes the table of what the file says.
        what: the table is of, for people.
        job: that writes it.

    Returns:
        None where there is no such file.

    Raises:
        FormatError: the file is damaged or of another version.
    """
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        if said["format"] != version:
            raise ValueError(f"format {said['format']}")
        return build(said)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise FormatError(
            str(path),
            f"the table of {what} cannot be read ({error!r})",
            f"Delete it and write it again with python -m jobs.{job}.",
        ) from error


def made_by(job: str, config: object) -> str:
    """Return the command that makes a table: files by their names alone, and nothing of where it was written.

    Args:
        job: its name.
        config: its configuration, a dataclass; the field `out` says where it writes.

    Example:
        >>> from dataclasses import dataclass
        >>> @dataclass(frozen=True)
        ... class Count:
        ...     data: Path | None = None
        ...     seeds: int = 5
        ...     out: Path = Path("table.json")
        >>> made_by("count", Count(Path("/data/some wafers.npz"), out=Path("/tmp/mine.json")))
        "python -m jobs.count --data 'some wafers.npz'"
    """
    values = {name: _by_name(value) for name, value in vars(config).items() if name != "out"}
    return shlex.join(["python", "-m", f"jobs.{job}", *command_words(type(config), values)])


def _by_name(value: object) -> object:
    if isinstance(value, tuple):
        return tuple(_by_name(one) for one in value)
    return value.name if isinstance(value, Path) else value
