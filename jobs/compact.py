"""Merge the lake's small parts, and score anew what an older formula of severity scored."""

import sys
from dataclasses import dataclass
from pathlib import Path

from core.lake import Lake
from core.lake.scoring import rescore
from core.settings import settings
from jobs.command import command
from jobs.progress import ProgressLine


@dataclass(frozen=True)
class CompactConfig:
    """Merge the lake's small parts and drop rows that newer ones have replaced; safe while others read and append."""

    rescore: bool = False  # first give wafers whose severity an older formula made today's; nothing is segmented
    rescore_product: str = ""  # a product all of whose wafers are scored anew, after its severity table has changed
    home: Path | None = None  # workspace folder; empty: as WAFERSCOPE_HOME says


@command(CompactConfig)
def main(config: CompactConfig) -> int:
    """Run the job.

    Returns:
        0, or 1 when the lake cannot be read or written.
    """
    at = settings().at(config.home)
    lake = Lake(at.lake_url)
    if config.rescore or config.rescore_product:
        _rescore(lake, at.lake_url, config.rescore_product)
    print(f"{at.lake_url}: {lake.compact():,} parts merged.", file=sys.stderr)
    return 0


def _rescore(lake: Lake, url: str, product: str) -> None:
    steps = rescore(lake, product)
    _, total = next(steps)
    if total == 0:
        of = f", and no wafer of {product} is segmented" if product else ""
        print(f"{url}: every severity is by today's formula{of}.", file=sys.stderr)
        return
    with ProgressLine("scored", total) as progress:
        for done, _ in steps:
            progress.update(done)


if __name__ == "__main__":
    sys.exit(main())
