"""Look for damaged parts of the lake, name them, and move them out of the way on demand; nothing is deleted."""

import sys
from dataclasses import dataclass
from pathlib import Path

from core.lake import Lake
from core.lake.examination import examine, set_aside
from core.lake.part_faults import Damage
from core.lake.parts import Parts
from core.settings import settings
from core.storage.home import sweep
from jobs.command import command
from jobs.progress import ProgressLine

NAMED = 10


@dataclass(frozen=True)
class DoctorConfig:
    """Look for damaged parts of the lake, and for wafers and results that miss what stood in them."""

    verify: bool = False  # read every byte and compare each part with the checksum in its name, older ones row by row
    set_aside: bool = False  # move damaged parts to the folder set-aside of the lake; nothing is deleted
    home: Path | None = None  # workspace folder; empty: as WAFERSCOPE_HOME says


@command(DoctorConfig)
def main(config: DoctorConfig) -> int:
    """Run the job.

    Returns:
        0 when nothing is damaged and left in the lake, else 1.
    """
    at = settings().at(config.home)
    swept = sweep(at.home)
    if swept:
        print(f"{at.home}: {swept:,} left-over files of processes that died are removed.", file=sys.stderr)
    url = at.lake_url
    parts = Parts(url)
    damaged = _look(parts, verify=config.verify)
    lake = Lake(url)
    lake.count()  # which meets what the ends of the files do not tell
    damaged += [damage for damage in lake.damage.parts if damage not in damaged]
    for damage in damaged:
        print(f"damaged: {damage.table}/{damage.name}: {damage.reason}")
    left = len(damaged)
    if config.set_aside and damaged:
        for place in set_aside(parts, damaged):
            print(f"set aside: {place}")
        left = 0
        lake = Lake(url)
        lake.count()
    _say_losses(lake)
    print(f"{url}: {left:,} damaged part{'s' * (left != 1)}." if left else f"{url}: no damaged part.", file=sys.stderr)
    return 1 if left else 0


def _look(parts: Parts, *, verify: bool) -> list[Damage]:
    """Look at all parts, and tell how far it is."""
    found = []
    with ProgressLine("looked at", noun="parts") as progress:
        for step in examine(parts, verify=verify):
            progress.update(step.done, step.done / step.total)
            found += [step.damage] if step.damage else []
    return found


def _say_losses(lake: Lake) -> None:
    """Name wafers that miss their dies, and those whose results are not whole."""
    losses = lake.damage.losses
    for keys, said in (
        (losses.wafers, "left out, since the dies are lost: take in the file again"),
        (losses.results, "shown as not segmented, since what was found is lost: segment again"),
    ):
        for key in sorted(keys)[:NAMED]:
            print(f"{key}: {said}")
        if len(keys) > NAMED:
            print(f"and {len(keys) - NAMED:,} more wafers")


if __name__ == "__main__":
    sys.exit(main())
