"""Labels for tests: of small wafers on which every die of the upper half fails."""

import json

import numpy as np

from core.annotation.reviews import is_sampled
from core.annotation.submissions import submit
from core.database import AppDatabase
from core.identity import Person
from core.labels.draft import read_draft
from core.labels.label import Label, LabelInstance, encode, from_masks
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


def draft(of, revision, stop=2, elapsed_s=5.0, **tab):
    """A draft of a wafer's label, whose first rows are at the edge; which tab wrote it and what it has seen."""
    label = json.loads(encode(rows_of(of, ("edge", 0, stop))))
    said = {
        "version": 1,
        "revision": revision,
        "elapsed_s": elapsed_s,
        "label": label,
        "past": ["anything", revision],
        **tab,
    }
    return read_draft(json.dumps(said))


def wafer_not_sampled(*people):
    """A wafer of which no label by these people is in the experts' sample."""
    names = (f"W{n:03d}" for n in range(1000))
    return shown(next(name for name in names if not any(is_sampled(f"LOT1:{name}", p.name) for p in people)))
