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

from data.errors import SettingError
from data.formats import known_suffixes
from data.formats.write import write_npz, write_png, write_table, write_tiff
from data.synthesis import WaferRecipe, draw_wafer
from jobs.command import command

CHILD = "import sys; from jobs.fuzz_target import fuzz; fuzz(sys.argv)"
LARGEST_BYTES = 2**16


@dataclass(frozen=True)
class FuzzReadersConfig:
    """Change files at random, guided by what the readers do with them, until one misbehaves or the time is over."""

    paths: tuple[Path, ...]  # files or folders to begin with, besides one written file of each format that we write
    seconds: int = 3600  # how long
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
        SettingError: atheris is not installed.
    """
    if importlib.util.find_spec("atheris") is None:
        raise SettingError("atheris", "it is not installed", "Run pip install -r requirements-dev.txt.")
    config.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        corpus = Path(folder)
        count = write_corpus(corpus, config.paths, np.random.default_rng(config.seed))
        print(f"{count} files to begin with.", file=sys.stderr)
        # libFuzzer goes by a process's peak, which begins with that of the process it was started from.
        memory = config.memory_mb + resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        flags = {
            "max_total_time": config.seconds,
            "seed": config.seed,
            "rss_limit_mb": memory,
            "timeout": config.hang_seconds,
            "artifact_prefix": f"{config.out}/",
            "max_len": LARGEST_BYTES,
            "print_final_stats": 1,
            "verbosity": 1,
        }
        words = [f"-{name}={value}" for name, value in flags.items()]
        return int(subprocess.run([sys.executable, "-c", child, *words, str(corpus)], check=False).returncode != 0)


def write_corpus(folder: Path, paths: Sequence[Path], rng: np.random.Generator) -> int:
    """Write the files to begin with: a byte that names the suffix, as `jobs.fuzz_target` takes it, then the content.

    Args:
        folder: where to.
        paths: files or folders that are taken along.
        rng: draws the written wafers.

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
        found = [path for place in (own, *paths) for path in ([place] if place.is_file() else sorted(place.rglob("*")))]
        suffixes = known_suffixes()
        taken = [path for path in found if path.is_file() and path.suffix.lower() in suffixes]
        for number, path in enumerate(taken):
            content = bytes([suffixes.index(path.suffix.lower())]) + path.read_bytes()
            (folder / f"{number:03d}").write_bytes(content[:LARGEST_BYTES])
    return len(taken)


if __name__ == "__main__":
    sys.exit(main())
