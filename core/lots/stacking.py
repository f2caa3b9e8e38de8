"""Wafers of one die grid laid on top of each other: how often each die fails, and by which pattern."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.lake import Lake, WaferFilter
from core.lake.batches import batches
from core.lake.result_rows import failing_masks_of
from core.lake.rows import dies_of
from data.classes import CLASS_COUNT, CLASS_INDEX
from data.errors import LakeError
from data.wafer import FAIL, OFF_WAFER, Notch, WaferMap

STACK_LIMIT = 5000
"""Wafers that are stacked at most: a die's share then stands within 1.4 percent points (95 % interval at a half)."""
CHUNK_WAFERS = 500

_GRIDS = """
    SELECT product, grid_rows, grid_columns, notch, count(*) AS wafers FROM wafers WHERE {where}
    GROUP BY ALL ORDER BY wafers DESC, product, grid_rows, grid_columns, notch
"""
_ON_GRID = "product = ? AND grid_rows = ? AND grid_columns = ? AND notch = ?"
_KEYS = """
    SELECT key FROM (SELECT key FROM wafers WHERE {where} AND {on_grid} ORDER BY hash(key), key LIMIT ?) ORDER BY key
"""
_LAYERS = """
    WITH wanted AS (SELECT unnest(?) AS key)
    SELECT w.grid_rows, w.grid_columns, d.grid, s.masks FROM (FROM wafers WHERE key IN (FROM wanted)) AS w
    JOIN (FROM dies WHERE key IN (FROM wanted)) AS d ON d.key = w.key
    LEFT JOIN (FROM segmentations WHERE key IN (FROM wanted)) AS s ON s.key = w.key
"""

Counts = NDArray[np.int32]
Layer = tuple[NDArray[np.uint8], NDArray[np.uint8] | None]
"""One wafer: its dies (H, W), and of its failing dies in row-major order which are of which class, (8, fails)."""


@dataclass(frozen=True)
class Grid:
    """What wafers must share so that die (r, c) is the same place on all of them."""

    product: str
    rows: int
    columns: int
    notch: str

    @property
    def label(self) -> str:
        """The grid in words."""
        return f"{self.product or 'no product'}, {self.rows} × {self.columns} dies, notch {self.notch}"


@dataclass(frozen=True, eq=False)
class Stack:
    """Wafers of one grid, counted die by die.

    Args:
        grid: their grid.
        outline: a wafer of that grid on which every die that any of them tested passes; for drawing and geometry.
        held: wafers of that grid that were asked for.
        wafers: of these, the wafers that are stacked.
        segmented: of these, the wafers whose patterns are known.
        tested: wafers on which the die was tested, (H, W).
        failing: wafers on which it failed, (H, W).
        analysed: segmented wafers on which it was tested, (H, W).
        by_class: segmented wafers on which it is of a class, (8, H, W).
    """

    grid: Grid
    outline: WaferMap
    held: int
    wafers: int
    segmented: int
    tested: Counts
    failing: Counts
    analysed: Counts
    by_class: Counts

    @property
    def sampled(self) -> bool:
        """Whether wafers were left out because they are too many."""
        return self.wafers < self.held

    def counts(self, class_key: str | None = None) -> tuple[Counts, Counts]:
        """Return how often each die fails, or is of a class, and of how many wafers; both (H, W)."""
        if class_key is None:
            return self.failing, self.tested
        return self.by_class[CLASS_INDEX[class_key]], self.analysed

    def share(self, class_key: str | None = None) -> NDArray[np.float64]:
        """Return the share of wafers on which each die fails or is of a class: (H, W), 0 to 1, NaN where untested."""
        count, total = self.counts(class_key)
        shares: NDArray[np.float64] = np.divide(count, total, out=np.full(count.shape, np.nan), where=total > 0)
        return shares


def grids(lake: Lake, where: WaferFilter) -> dict[Grid, int]:
    """Count the wafers of each grid, the most common first."""
    condition, parameters = where.where()
    table = lake.seen_by(where).query(_GRIDS.format(where=condition), parameters)
    return {
        Grid(row["product"], row["grid_rows"], row["grid_columns"], row["notch"]): row["wafers"]
        for row in table.to_dict("records")
    }


def stack(lake: Lake, where: WaferFilter, grid: Grid, limit: int = STACK_LIMIT) -> Stack:
    """Stack the wafers of a filter that have this grid, in bounded memory.

    Args:
        lake: the lake.
        where: which wafers; those of other grids are left out.
        grid: as `grids` gives it.
        limit: of more wafers, this many are drawn by the hash of their key: the same ones every time.

    Raises:
        LakeError: no wafer of the filter has this grid.
    """
    lake, (condition, parameters) = lake.seen_by(where), where.where()
    on_grid = (grid.product, grid.rows, grid.columns, grid.notch)
    held = lake.query(f"SELECT count(*) AS n FROM wafers WHERE {condition} AND {_ON_GRID}", [*parameters, *on_grid])
    sql = _KEYS.format(where=condition, on_grid=_ON_GRID)
    keys = list(lake.query(sql, [*parameters, *on_grid, limit])["key"])
    if not keys:
        raise LakeError(lake.root, f"no wafer of this selection is {grid.label}", "Choose another grid or more wafers.")
    like = lake.wafer(keys[-1])
    return stack_layers(_layers(lake, keys), grid, like, int(held["n"].iloc[0]))


def stack_layers(layers: Iterable[Layer], grid: Grid, like: WaferMap, held: int) -> Stack:
    """Count wafers of one grid die by die.

    Args:
        layers: at least one.
        grid: their grid.
        like: a wafer of that grid, for its pitch and diameter.
        held: wafers that they stand for.
    """
    shape = (grid.rows, grid.columns)
    tested, failing, analysed = (np.zeros(shape, dtype=np.int32) for _ in range(3))
    by_class = np.zeros((CLASS_COUNT, *shape), dtype=np.int32)
    wafers = segmented = 0
    for dies, masks in layers:
        on_wafer, fails = dies != OFF_WAFER, dies == FAIL
        tested += on_wafer
        failing += fails
        wafers += 1
        if masks is not None:
            by_class[:, fails] += masks
            analysed += on_wafer
            segmented += 1
    outline = WaferMap(
        dies=(tested > 0).astype(np.uint8),
        lot_id="stack",
        wafer_id=f"{wafers} wafers",
        product=grid.product,
        die_pitch_mm=like.die_pitch_mm,
        diameter_mm=like.diameter_mm,
        notch=Notch(grid.notch),
        center=like.center,
    )
    return Stack(grid, outline, held, wafers, segmented, tested, failing, analysed, by_class)


def _layers(lake: Lake, keys: Iterable[str]) -> Iterator[Layer]:
    for chunk in batches(keys, CHUNK_WAFERS):
        for row in lake.query(_LAYERS, [chunk]).to_dict("records"):
            cells = {str(name): value for name, value in row.items()}
            dies = dies_of(cells)
            fails = int(np.count_nonzero(dies == FAIL))
            yield dies, failing_masks_of(cells, fails) if isinstance(row["masks"], bytes) else None
