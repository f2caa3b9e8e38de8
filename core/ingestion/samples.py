"""Wafers for who has no file at hand: synthetic, but handed in as files like any other."""

import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np

from data.formats.write import write_png
from data.geometry import extent
from data.synthesis import WaferRecipe, draw_wafer
from data.wafer import ASSUMED_DIAMETER_MM

PATTERNS = (("edge", "scratch"), ("center",), ("ring",), ("particle",), ("etching",), ())
SEED = 11


def sample_files() -> list[tuple[str, bytes]]:
    """Draw six wafers of one lot, (name, content) of a PNG each.

    Example:
        >>> [name for name, content in sample_files()][:2]
        ['SAMPLE_W01.png', 'SAMPLE_W02.png']
    """
    rng = np.random.default_rng(SEED)
    files = []
    with tempfile.TemporaryDirectory() as folder:
        for number, classes in enumerate(PATTERNS, 1):
            drawn = draw_wafer(rng, WaferRecipe(30, 60, classes, background=0.03)).wafer
            top, bottom, left, right = extent(drawn.dies)
            wafer = replace(
                drawn,
                lot_id="SAMPLE",
                wafer_id=f"W{number:02d}",
                diameter_mm=ASSUMED_DIAMETER_MM,
                die_pitch_mm=(ASSUMED_DIAMETER_MM / (bottom - top + 1), ASSUMED_DIAMETER_MM / (right - left + 1)),
            )
            path = Path(folder, f"SAMPLE_W{number:02d}.png")
            write_png(wafer, path)
            files.append((path.name, path.read_bytes()))
    return files
