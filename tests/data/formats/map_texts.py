"""Two wafers of 11 x 11 as text, from which tests write maps of every kind.

PLAIN has 81 dies of code 1 and 8 of code 2; RING has 57 of code 1, 4 of code 5, and 28 stars that are its whole rim.
"""

import numpy as np

PLAIN = """\
....111....
..1111122..
.111111222.
.111111222.
11111111111
11111111111
11111111111
.111111111.
.111111111.
..1111111..
....111....
"""
RING = """\
....***....
..**111**..
.*1111155*.
.*1111155*.
*111111111*
*111111111*
*111111111*
.*1111111*.
.*1111111*.
..**111**..
....***....
"""


def coded(text: str, codes: dict[str, str], between: str = "") -> list[str]:
    """Return the rows of a map with its characters written as other codes."""
    return [between.join(codes.get(character, character) for character in row) for row in text.split()]


def dies_of(text: str) -> list[list[int]]:
    """Return what the dies of PLAIN or RING are: 1 passes, 2 and 5 fail, the rest has no result."""
    return [[{"1": 1, "2": 2, "5": 2}.get(character, 0) for character in row] for row in text.split()]


def counts(wafer) -> tuple[int, int]:
    """Return how many dies pass and fail."""
    return int(np.count_nonzero(wafer.dies == 1)), int(np.count_nonzero(wafer.dies == 2))
