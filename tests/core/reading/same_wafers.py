"""Whether two wafers are the same in every field."""

import dataclasses

import numpy as np


def same(one, other):
    """Return whether two wafers, or two failures, are the same, all fields and their types included."""
    if type(one) is not type(other):
        return False
    pairs = [(getattr(one, f.name), getattr(other, f.name)) for f in dataclasses.fields(one)]
    return all(
        a.dtype == b.dtype and np.array_equal(a, b)
        if isinstance(a, np.ndarray) and isinstance(b, np.ndarray)
        else a == b
        for a, b in pairs
    )
