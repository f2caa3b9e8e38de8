"""Every die with its classes as CSV, keyed as the tester keys it: to join with parametrics, to leave defects out."""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping

import numpy as np

from core.analysis.result import WaferResult
from core.exports.cells import plain_row
from core.exports.records import Json
from data.classes import CLASS_KEYS
from data.formats import own_exports
from data.formats.metadata import to_pairs
from data.orientation import die_coordinates
from data.wafer import FAIL

DIE_COLUMNS = (*own_exports.DIE_COLUMNS, *CLASS_KEYS, own_exports.MARK)


def die_rows(result: WaferResult) -> Iterator[Mapping[str, Json]]:
    """Return a row for each tested die, keyed by DIE_COLUMNS.

    `x` and `y` are the die's coordinates in the file that the wafer came from, as STDF's X_COORD and Y_COORD; where
    that file named none they are `column` and `row`, which count from the upper left corner of the map, notch down.
    `bin` is empty where no bins are known. `defect` is 1 on dies of any class, and each class has its own 0 or 1.
    `waferscope` holds, in the first row of a wafer, all that is known of it as JSON: so the table can be read back.
    """
    wafer, masks = result.wafer, result.segmentation.masks
    rows, columns = np.nonzero(wafer.on_wafer)
    named = die_coordinates(wafer)
    x, y = (columns, rows) if named is None else (axis[rows, columns] for axis in named)
    bins = [None] * len(rows) if wafer.bins is None else wafer.bins[rows, columns].tolist()
    flags = masks[:, rows, columns].astype(int).T
    mark = json.dumps({own_exports.KIND: own_exports.DIES, **to_pairs(wafer)})
    places = zip(x.tolist(), y.tolist(), rows.tolist(), columns.tolist(), bins, flags.tolist(), strict=True)
    for die_x, die_y, row, column, number, classes in places:
        yield {
            "key": wafer.key,
            "lot": wafer.lot_id,
            "wafer": wafer.wafer_id,
            "x": die_x,
            "y": die_y,
            "row": row,
            "column": column,
            "bin": number,
            "result": "fail" if wafer.dies[row, column] == FAIL else "pass",
            "defect": int(any(classes)),
            **dict(zip(CLASS_KEYS, classes, strict=True)),
            own_exports.MARK: mark,
        }
        mark = ""


def dies_csv(results: Iterable[WaferResult]) -> str:
    """Write one line a tested die."""
    text = io.StringIO()
    writer = csv.DictWriter(text, DIE_COLUMNS, lineterminator="\n")
    writer.writeheader()
    for result in results:
        writer.writerows(plain_row(row) for row in die_rows(result))
    return text.getvalue()
