"""Look for files that crash, hang or blow up a reader, or that it answers with anything but wafers and sentences."""

import importlib.util
import resource
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from data.errors import SettingError
from data.formats import READERS, Reader, known_suffixes
from data.formats.write import write_npz, write_png, write_table, write_tiff
from data.synthesis import WaferRecipe, draw_wafer
from data.wafer import WaferMap
from jobs.command import command

CHILD = "import sys; from jobs.fuzz_target import fuzz; fuzz(sys.argv)"
LARGEST_BYTES = 2**16
"""Of a file to begin with, and of what is made of it."""


@dataclass(frozen=True)
class FuzzReadersConfig:
    """Change files at random, guided by what the readers do with them, until one misbehaves or the time is over."""

    paths: tuple[Path, ...]  # files or folders to begin with, besides one written file of each format that we write
    reader: str = ""  # name of a format, such as "CSV die table"; all formats, one after the other, where none is given
    minutes: float = 60.0  # how long for each format
    seed: int = 0  # of the changes; 0 draws one
    memory_mb: int = 2048  # a reader that takes more has misbehaved
    hang_seconds: int = 30  # a file that takes longer has misbehaved
    out: Path = Path("fuzz")  # folder for what misbehaved: crash-*, timeout-*, oom-*


@command(FuzzReadersConfig)
def main(config: FuzzReadersConfig) -> int:
    """Run the job.

    Returns:
        0 when nothing was found, 1 when a file misbehaved or the job could not run.
    """
    return look(config)


def look(config: FuzzReadersConfig, child: str = CHILD) -> int:
    """Look for files that a reader misbehaves on.

    Args:
        config: how.
        child: program that changes files and reads them, given libFuzzer's flags and the folder to begin with.

    Returns:
        0 when nothing was found, 1 when a file misbehaved.

    Raises:
        SettingError: atheris is not installed, or no format is called so.
    """
    if importlib.util.find_spec("atheris") is None:
        raise SettingError("atheris", "it is not installed", "Run pip install -r requirements-dev.txt.")
    names = [reader.name for reader in READERS]
    if config.reader and config.reader not in names:
        raise SettingError("reader", f"expected one of {', '.join(names)}, found {config.reader!r}", "Correct it.")
    config.out.mkdir(parents=True, exist_ok=True)
    return max(_look_at(reader, config, child) for reader in READERS if config.reader in ("", reader.name))


def _look_at(reader: Reader, config: FuzzReadersConfig, child: str) -> int:
    """Look for files that one reader misbehaves on; 0 when nothing was found."""
    with tempfile.TemporaryDirectory() as folder:
        corpus = Path(folder)
        count = write_corpus(corpus, config.paths, np.random.default_rng(config.seed), reader.suffixes)
        print(f"{reader.name}: {count} files to begin with.", file=sys.stderr)
        # libFuzzer goes by a process's peak, which begins with that of the process it was started from.
        memory = config.memory_mb + resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        flags = {
            "max_total_time": max(1, round(60 * config.minutes)),
            "seed": config.seed,
            "rss_limit_mb": memory,
            "timeout": config.hang_seconds,
            "artifact_prefix": f"{config.out}/{reader.name.replace(' ', '-')}-",
            "max_len": LARGEST_BYTES,
            "print_final_stats": 1,
            "verbosity": 1,
        }
        words = [f"-{name}={value}" for name, value in flags.items()]
        return int(subprocess.run([sys.executable, "-c", child, *words, str(corpus)], check=False).returncode != 0)


def write_corpus(folder: Path, paths: Sequence[Path], rng: np.random.Generator, only: Sequence[str] = ()) -> int:
    """Write the files to begin with: a byte that names the suffix, as `jobs.fuzz_target` takes it, then the content.

    Args:
        folder: where to.
        paths: files or folders that are taken along.
        rng: draws the written wafers.
        only: endings of the files to take; all where none is given.

    Returns:
        How many there are.
    """
    wafers = [draw_wafer(rng, WaferRecipe(shortest=9, longest=14)).wafer for _ in range(2)]
    with tempfile.TemporaryDirectory() as name:
        own = Path(name)
        write_png(wafers[0], own / "a.png", size=(40, 45))
        write_tiff(wafers[0], own / "a.tif", size=(40, 45))
        write_npz(wafers, own / "a.npz")
        write_table(wafers, own / "a.csv")
        write_table(wafers, own / "a.parquet")
        _write_others(wafers[0], own)
        found = [path for place in (own, *paths) for path in ([place] if place.is_file() else sorted(place.rglob("*")))]
        suffixes = known_suffixes()
        taken = [path for path in found if path.is_file() and path.suffix.lower() in (only or suffixes)]
        for number, path in enumerate(taken):
            content = bytes([suffixes.index(path.suffix.lower())]) + path.read_bytes()
            (folder / f"{number:03d}").write_bytes(content[:LARGEST_BYTES])
    return len(taken)


def _write_others(wafer: WaferMap, folder: Path) -> None:
    """Write a wafer in the formats that we read and do not write."""
    rows, columns = np.nonzero(wafer.dies)
    table = pd.DataFrame({"x": columns, "y": rows, "bin": wafer.dies[rows, columns]})
    table.to_excel(folder / "a.xlsx", index=False)
    pd.DataFrame({"waferMap": [wafer.dies], "lotName": ["L"]}).to_pickle(folder / "a.pkl", protocol=2)
    greys = np.kron(wafer.dies * np.uint8(127), np.ones((8, 8), dtype=np.uint8))
    Image.fromarray(greys).save(folder / "a.jpg")
    codes = np.array(list(".1X"))[wafer.dies]
    lines = ["".join(row) for row in codes]
    (folder / "a.map").write_text(
        "\n".join(["Lot: L1", f"Rows: {len(lines)}", f"Columns: {len(lines[0])}", *lines, ""])
    )
    bins = np.array(["__", "01", "02"])[wafer.dies]
    rows_of = [f"RowData:{' '.join(row)}" for row in bins]
    (folder / "a.sinf").write_text("\n".join(["LOT:L1", "WAFER:05", "FNLOC:180", "BCEQU:01", *rows_of, ""]))


if __name__ == "__main__":
    sys.exit(main())
