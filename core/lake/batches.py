"""Streams of wafers, cut into lists of which each is read or segmented at once."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

Item = TypeVar("Item")

WAFERS_AT_ONCE = 500
"""Wafers of the lake that are held in memory together while many are walked through."""


def batches(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """Cut a stream into lists of at most `size`.

    Example:
        >>> list(batches("abc", 2))
        [['a', 'b'], ['c']]
    """
    stream = iter(items)
    while batch := list(islice(stream, size)):
        yield batch
