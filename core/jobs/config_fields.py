"""What a configuration dataclass holds, field by field: command lines and forms are made of the same description."""

import inspect
import io
import tokenize
import types
import typing
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal

SIMPLE = (str, int, float, bool, Path)


@dataclass(frozen=True)
class ConfigField:
    """One field.

    Args:
        name: as the dataclass has it.
        kind: type of one value.
        choices: the values it may have, () for any of its type.
        several: whether it takes several values.
        required: whether it has to be given.
        default: its value otherwise.
        help: the comment on its line.
    """

    name: str
    kind: type
    choices: tuple[Any, ...]
    several: bool
    required: bool
    default: Any
    help: str

    @property
    def flag(self) -> str:
        """How the command line calls it: `from_` is `--from`, since Python keeps the plain word for itself."""
        return f"--{self.name.rstrip('_').replace('_', '-')}"


def config_fields(config: type) -> list[ConfigField]:
    """Describe the fields of a dataclass, in their order.

    Raises:
        TypeError: a field is of another type than str, int, float, bool, Path, Literal, StrEnum, or a tuple of these.

    Example:
        >>> @dataclass
        ... class Cut:
        ...     width_mm: float = 0.1
        >>> field = config_fields(Cut)[0]
        >>> field.flag, field.kind, field.default
        ('--width-mm', <class 'float'>, 0.1)
    """
    kinds, comments = typing.get_type_hints(config), _comments(config)
    found = []
    for field in fields(config):
        default = field.default if field.default_factory is MISSING else field.default_factory()
        kind = _without_none(kinds[field.name])
        several = typing.get_origin(kind) is tuple
        one, choices = _one(typing.get_args(kind)[0] if several else kind)
        found.append(
            ConfigField(
                name=field.name,
                kind=one,
                choices=choices,
                several=several,
                required=default is MISSING,
                default=None if default is MISSING else default,
                help=comments.get(field.name, ""),
            )
        )
    return found


def command_words(config: type, values: Mapping[str, object]) -> list[str]:
    """Write values as words of the command line, those that are no defaults.

    Args:
        config: the dataclass.
        values: by field name; tuples for fields of several values.

    Example:
        >>> @dataclass
        ... class Cut:
        ...     width_mm: float = 0.1
        ...     deep: bool = False
        >>> command_words(Cut, {"width_mm": 0.1, "deep": True})
        ['--deep']
    """
    words: list[str] = []
    for field in config_fields(config):
        value = values.get(field.name, field.default)
        if value == field.default:
            continue
        if field.kind is bool:
            words.append(field.flag if value else field.flag.replace("--", "--no-", 1))
        elif isinstance(value, tuple):
            words += [field.flag, *map(str, value)]
        else:
            words += [field.flag, str(value)]
    return words


def _one(kind: object) -> tuple[type, tuple[Any, ...]]:
    """The type of one value, and the values it may have."""
    if typing.get_origin(kind) is Literal:
        choices = typing.get_args(kind)
        return type(choices[0]), choices
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return kind, tuple(kind)
    if isinstance(kind, type) and kind in SIMPLE:
        return kind, ()
    raise TypeError(f"flags of type {kind} are not supported: use str, int, float, bool, Path, Literal, StrEnum, tuple")


def _without_none(kind: object) -> object:
    if typing.get_origin(kind) not in (typing.Union, types.UnionType):
        return kind
    kinds = [one for one in typing.get_args(kind) if one is not type(None)]
    return kinds[0] if len(kinds) == 1 else kind


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
