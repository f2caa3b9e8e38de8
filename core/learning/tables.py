"""Tables of measured results that come with the app, written by jobs as JSON."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from data.errors import FormatError

Table = TypeVar("Table")


def read_table(path: Path, version: int, build: Callable[[dict[str, Any]], Table], what: str, job: str) -> Table | None:
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
            str(path), f"the table of {what} cannot be read ({error!r})", f"Write it again with python -m jobs.{job}."
        ) from error
