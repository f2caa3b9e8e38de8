"""Merge the lake's small parts; safe while others read and append."""

import sys
from dataclasses import dataclass
from pathlib import Path

from core.lake import Lake
from core.settings import settings
from jobs.command import command


@dataclass(frozen=True)
class CompactConfig:
    """Merge the lake's small parts and drop rows that newer ones have replaced; safe while others read and append."""

    home: Path | None = None  # workspace folder; empty: as WAFERSCOPE_HOME says


@command(CompactConfig)
def main(config: CompactConfig) -> int:
    """Run the job.

    Returns:
        0, or 1 when the lake cannot be read or written.
    """
    at = settings().at(config.home)
    print(f"{at.lake_url}: {Lake(at.lake_url).compact():,} parts merged.", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
