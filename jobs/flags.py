"""A job's configuration is one frozen dataclass; its fields are the flags, the comments beside them the help."""

import argparse
import inspect
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

from core.jobs.config_fields import ConfigField, config_fields

Config = TypeVar("Config")

FORMER_FLAGS = {"--careful": "--tta", "--no-careful": "--no-tta", "--families": "--clusters"}
"""Flags that earlier versions took, and the ones that say the same now."""


def parse(config: type[Config], argv: Sequence[str] | None = None, *, job: str = "") -> Config:
    """Read a command line into a job's configuration.

    A field `batch_size: int = 8  # wafers at once` becomes `--batch-size 8`; a switch `lake: bool = False` becomes
    `--lake` and `--no-lake`; `tuple[int, ...]` takes several values; `X | None`, `Literal` and `StrEnum` work as they
    read. A field without default must be given; if it is a tuple it is what stands without a flag, and may be nothing.

    Args:
        config: the dataclass; the first line of its docstring says what the job does.
        argv: words after the command's name, None for those of this process.
        job: name of the job, where the dataclass is of another file.

    Raises:
        SystemExit: the words do not fit (status 2), or help was asked for (status 0).

    Example:
        >>> from dataclasses import dataclass
        >>> @dataclass(frozen=True)
        ... class Sum:
        ...     numbers: tuple[int, ...]
        ...     unit: str = "mm"
        >>> parse(Sum, ["3", "4", "--unit", "px"])
        Sum(numbers=(3, 4), unit='px')
    """
    about = (config.__doc__ or "").partition("\n")[0]
    parser = argparse.ArgumentParser(prog=f"python -m {module_of(config, job)}", description=about, allow_abbrev=False)
    for field in config_fields(config):
        _add(parser, field)
    words = sys.argv[1:] if argv is None else argv
    given = vars(parser.parse_args([_of_today(word) for word in words]))
    return config(**{name: tuple(value) if isinstance(value, list) else value for name, value in given.items()})


def _of_today(word: str) -> str:
    flag, equals, value = word.partition("=")
    return FORMER_FLAGS.get(flag, flag) + equals + value


def module_of(config: type[object], job: str = "") -> str:
    """Return the dotted name of a job's module; `job` is its last part where the dataclass is of another file."""
    # Under `python -m` the job's module is called __main__, but its file still tells.
    return f"jobs.{job or Path(inspect.getfile(config)).stem}"


def _add(parser: argparse.ArgumentParser, field: ConfigField) -> None:
    shown = field.help.replace("%", "%%")
    if not field.required and field.default not in ("", None, ()):
        words = " ".join(str(one) for one in field.default) if isinstance(field.default, tuple) else field.default
        shown += f" (default: {words})"
    one: dict[str, Any] = {"type": field.kind, **({"choices": field.choices} if field.choices else {})}
    if field.several and field.required:
        parser.add_argument(field.name, nargs="*", help=shown, metavar=field.name.upper(), **one)
    elif field.several:
        parser.add_argument(field.flag, nargs="*", default=field.default, help=shown, dest=field.name, **one)
    elif field.kind is bool:
        parser.add_argument(
            field.flag, action=argparse.BooleanOptionalAction, default=field.default, help=shown, dest=field.name
        )
    else:
        parser.add_argument(
            field.flag, required=field.required, default=field.default, help=shown, dest=field.name, **one
        )
