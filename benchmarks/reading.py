"""Files read in other processes against the same files read in this one."""

import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

import core.reading
import data.formats
from benchmarks.timing import Row, at_most, in_turns
from data.formats.write import write_npz, write_png, write_table
from data.synthesis import WaferRecipe, draw_over, draw_wafer
from data.wafer import WaferMap

REACH = 1.1
_PICTURES = 40


def reading_apart(wafers: int, rounds: int) -> list[Row]:
    """Read some files of honest wafers, here and in other processes in turns.

    Args:
        wafers: in a file of many.
        rounds: how often.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        return [_row(work, folder / path, rounds) for work, path in _files(folder, wafers).items()]


def _row(work: str, path: Path, rounds: int) -> Row:
    ways: dict[str, Callable[[], object]] = {
        "here": lambda: sum(1 for _ in data.formats.read_wafers(path)),
        "apart": lambda: sum(1 for _ in core.reading.read_wafers(path)),
    }
    spent = in_turns(ways, rounds)
    here, apart = (float(np.median(spent[way])) for way in ways)
    return at_most(f"{work}, in another process against in this one ({here:,.0f} ms)", apart / here, REACH, "x")


def _files(folder: Path, wafers: int) -> dict[str, str]:
    rng = np.random.default_rng(5)
    blank = draw_wafer(rng, WaferRecipe(shortest=27, longest=27, classes=())).wafer.dies
    drawn = [draw_over(rng, blank).wafer.dies for _ in range(min(_PICTURES, wafers))]
    made = [
        WaferMap(drawn[n % len(drawn)], f"L{n // 25}", f"W{n % 25 + 1:02d}", die_pitch_mm=(10.0, 10.0))
        for n in range(wafers)
    ]
    write_npz(made, folder / "many.npz")
    write_table(made[: wafers // 4], folder / "many.csv")
    (folder / "pictures").mkdir()
    for wafer in made[:_PICTURES]:
        write_png(wafer, folder / "pictures" / f"{wafer.lot_id}_{wafer.wafer_id}.png", size=(300, 300))
    return {
        f"reading an npz of {wafers:,} wafers": "many.npz",
        f"reading a CSV of {wafers // 4:,} wafers": "many.csv",
        f"reading a folder of {len(list((folder / 'pictures').iterdir()))} pictures": "pictures",
    }
