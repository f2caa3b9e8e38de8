"""Labels for tests: of small wafers on which every die of the upper half fails."""

import numpy as np

from core.labels import Label, LabelInstance
from tests.core.wafers import wafer

SIZE = 12


def shown(name="W01", size=SIZE):
    """A wafer whose upper half fails."""
    return wafer(np.arange(size)[:, None] < np.full(size, size // 2), name=name)


def rows_of(of, *instances, no_defect=False):
    """A label; each instance is (class, first row, row after the last), whole rows."""
    columns = of.dies.shape[1]
    made = []
    for number, (key, start, stop) in enumerate(instances, start=1):
        dies = np.array([(r, c) for r in range(start, stop) for c in range(columns)], dtype=np.intp)
        made.append(LabelInstance(number, key, dies))
    return Label(of.key, of.dies.shape, tuple(made), no_defect=no_defect)
