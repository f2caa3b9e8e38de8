"""Labels for tests: of small wafers on which every die of the upper half fails."""

import numpy as np

from core.annotation.submissions import submit
from core.database import AppDatabase
from core.identity import Person
from core.labels.label import Label, LabelInstance, from_masks
from core.lake import Lake
from data.classes import CLASS_COUNT
from tests.core.lake_examples import drawn
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


def labelled_home(folder, lots=1):
    """A workspace of six wafers, four of them labelled by ana, the first of these as without a defect."""
    lake = Lake(folder / "lake")
    wafers = [drawn(n, lot_id=f"LOT{n % lots:03d}") for n in range(6)]
    lake.append_wafers(wafers)
    database = AppDatabase(folder / "decisions.db")
    for number, of in enumerate(wafers[:4]):
        masks = np.zeros((CLASS_COUNT, *of.dies.shape), dtype=bool)
        masks[number, :7] = of.failing[:7]
        label = from_masks(of, masks) if number else Label(of.key, of.dies.shape, no_defect=True)
        with database.writing() as session:
            submit(session, of, label, Person("ana"), 30.0)
    database.close()
    return folder
