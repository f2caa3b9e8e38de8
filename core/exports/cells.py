"""Cells of a CSV that a spreadsheet must not run, and the mark by which a spreadsheet knows its letters."""

from collections.abc import Mapping
from typing import TypeVar

from core.settings import settings
from data.formats.own_exports import defused

Key = TypeVar("Key")
BOM = "\ufeff"
"""Before a CSV it tells Excel that the text is UTF-8; other programs may take it for part of the first heading."""


def encoded_csv(text: str, *, bom: bool | None = None) -> bytes:
    r"""Encode a CSV as UTF-8, with the mark before it where it is asked for; None asks the settings.

    Example:
        >>> encoded_csv("lot", bom=True), encoded_csv("lot", bom=False)
        (b'\xef\xbb\xbflot', b'lot')
    """
    marked = settings().csv_bom if bom is None else bom
    return ((BOM if marked else "") + text).encode("utf-8", "backslashreplace")


def plain(cell: object) -> object:
    """Return a cell such that a spreadsheet shows it and computes nothing: an apostrophe before what begins a formula.

    Numbers, which may begin with a minus, stay as they are.

    Example:
        >>> plain("=1+1"), plain("LOT-7"), plain(-3)
        ("'=1+1", 'LOT-7', -3)
    """
    return defused(cell) if isinstance(cell, str) else cell


def plain_row(row: Mapping[Key, object]) -> dict[Key, object]:
    """Return a row whose cells are plain, keys too; `data.formats.own_exports.restored` takes the apostrophe back."""
    return {name: plain(cell) for name, cell in row.items()}
