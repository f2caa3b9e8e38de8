"""One good file of every format."""

import tempfile
import zipfile
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from data.formats.write import write_npz, write_png, write_table, write_tiff
from data.wafer import WaferMap
from tests.data.formats.make_fixtures import fixtures
from tests.data.formats.old_pandas import lswmd

GRID = np.random.default_rng(5).integers(0, 3, (9, 8)).astype(np.uint8)


WAFERS = [
    WaferMap(
        dies=GRID,
        lot_id="L",
        wafer_id=name,
        product="P",
        die_pitch_mm=(7.5, 8.25),
        attributes={"tool": "T1"},
        bins=GRID.astype(np.uint16) * 3,
    )
    for name in ("W01", "W02")
]


@cache
def samples() -> dict[str, bytes]:
    """One good file of each format; no fixture, whose bytes would fill every report."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_png(WAFERS[0], folder / "a.png", size=(40, 45))
        write_tiff(WAFERS[0], folder / "a.tif", size=(40, 45))
        write_npz(WAFERS, folder / "a.npz")
        write_table(WAFERS, folder / "a.csv")
        write_table(WAFERS, folder / "a.parquet")
        pd.read_csv(folder / "a.csv", comment="#").to_excel(folder / "a.xlsx", index=False)
        (folder / "a.pkl").write_bytes(lswmd([GRID, GRID], ["Loc", None]))
        greys = np.array([0, 127, 255], dtype=np.uint8)[np.kron(GRID, np.ones((8, 8), dtype=np.uint8))]
        Image.fromarray(greys).save(folder / "a.jpg")
        Image.fromarray(greys).save(folder / "lzw.tif", compression="tiff_lzw")
        with zipfile.ZipFile(folder / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            for name in ("a.png", "a.csv"):
                archive.write(folder / name, name)
        return {path.name: path.read_bytes() for path in sorted(folder.iterdir())} | fixtures()
