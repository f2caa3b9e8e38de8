"""Cells of a CSV that a spreadsheet must not run."""

from collections.abc import Mapping
from typing import TypeVar

Key = TypeVar("Key")
_STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def plain(cell: object) -> object:
    """Return a cell such that a spreadsheet shows it and computes nothing: an apostrophe before what begins a formula.

    Numbers, which may begin with a minus, stay as they are.

    Example:
        >>> plain("=1+1"), plain("LOT-7"), plain(-3)
        ("'=1+1", 'LOT-7', -3)
    """
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_STARTS_A_FORMULA) else cell


def plain_row(row: Mapping[Key, object]) -> dict[Key, object]:
    """Return a row of plain cells."""
    return {name: plain(cell) for name, cell in row.items()}
