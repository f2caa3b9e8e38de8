"""A job's configuration is one frozen dataclass; its fields are the flags, the comments beside them the help."""

import argparse
import inspect
import io
import tokenize
import types
import typing
from collections.abc import Sequence
from dataclasses import MISSING, Field, fields
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal, TypeVar

Config = TypeVar("Config")


def parse(config: type[Config], argv: Sequence[str] | None = None) -> Config:
    """Read a command line into a job's configuration.

    A field `batch_size: int = 8  # wafers at once` becomes `--batch-size 8`; a switch `lake: bool = False` becomes
    `--lake` and `--no-lake`; `tuple[int, ...]` takes several values; `X | None`, `Literal` and `StrEnum` work as they
    read. A field without default must be given; if it is a tuple it is what stands without a flag, and may be nothing.

    Args:
        config: the dataclass; the first line of its docstring says what the job does.
        argv: words after the command's name, None for those of this process.

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
    parser = argparse.ArgumentParser(prog=_command(config), description=about, allow_abbrev=False)
    kinds = typing.get_type_hints(config)
    comments = _comments(config)
    for field in fields(config):  # type: ignore[arg-type]
        _add(parser, field, kinds[field.name], comments.get(field.name, ""))
    given = vars(parser.parse_args(argv))
    return config(**{name: tuple(value) if isinstance(value, list) else value for name, value in given.items()})


def _add(parser: argparse.ArgumentParser, field: Field[Any], kind: object, comment: str) -> None:
    default = field.default if field.default_factory is MISSING else field.default_factory()
    required = default is MISSING
    shown = comment.replace("%", "%%")
    if not required and default not in ("", None, ()):
        words = " ".join(str(one) for one in default) if isinstance(default, tuple) else default
        shown += f" (default: {words})"
    kind = _without_none(kind)
    flag = f"--{field.name.replace('_', '-')}"
    if typing.get_origin(kind) is tuple:
        item = typing.get_args(kind)[0]
        if required:
            parser.add_argument(field.name, nargs="*", help=shown, metavar=field.name.upper(), **_one(item))
        else:
            parser.add_argument(flag, nargs="*", default=default, help=shown, dest=field.name, **_one(item))
    elif kind is bool:
        parser.add_argument(flag, action=argparse.BooleanOptionalAction, default=default, help=shown, dest=field.name)
    else:
        default = None if required else default
        parser.add_argument(flag, required=required, default=default, help=shown, dest=field.name, **_one(kind))


def _one(kind: object) -> dict[str, Any]:
    """How argparse turns one word into a value of a type."""
    if typing.get_origin(kind) is Literal:
        choices = typing.get_args(kind)
        return {"type": type(choices[0]), "choices": choices}
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return {"type": kind, "choices": list(kind)}
    if kind in (str, int, float, Path):
        return {"type": kind}
    raise TypeError(f"flags of type {kind} are not supported: use str, int, float, bool, Path, Literal, StrEnum, tuple")


def _without_none(kind: object) -> object:
    if typing.get_origin(kind) not in (typing.Union, types.UnionType):
        return kind
    kinds = [one for one in typing.get_args(kind) if one is not type(None)]
    return kinds[0] if len(kinds) == 1 else kind


def _command(config: type) -> str:
    """The words that start the job. Under `python -m` its module is called __main__, but its file still tells."""
    return f"python -m jobs.{Path(inspect.getfile(config)).stem}"


def _comments(config: type) -> dict[str, str]:
    """The comment on the line of each field, by field."""
    try:
        source = inspect.getsource(config)
    except OSError:  # a class made without a source file, as in a console
        return {}
    found: dict[str, str] = {}
    name = ""
    at_line_start = True
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT and name:
            found[name] = token.string.lstrip("# ")
        elif token.type == tokenize.NAME and at_line_start:
            name = token.string
        at_line_start = token.type in (tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.NL)
    return found
