"""Freeze the labels that count now as a named dataset that training can use, or list what was frozen."""

import sys
from dataclasses import dataclass
from pathlib import Path

from core.database import AppDatabase
from core.datasets.frozen_sets import freeze, frozen_set, frozen_sets
from core.datasets.label_set import LabelSet, Split, changes
from core.identity import local_person, named_person
from core.labels.annotations import labelled_keys
from core.lake import Lake
from core.settings import settings
from jobs.command import command


@dataclass(frozen=True)
class FreezeConfig:
    """Freeze the labels that count now as a dataset, split by lot 80/10/10; without a name, list what there is."""

    name: str = ""  # of the new version, as v1.0; it is never changed after
    after: str = ""  # version that it follows: its lots stay on their side, and the changelog is against it
    note: str = ""  # what it is for
    person: str = ""  # who freezes; empty: the account that runs this
    home: Path | None = None  # workspace folder; empty: as WAFERSCOPE_HOME says


@command(FreezeConfig)
def main(config: FreezeConfig) -> int:
    """Run the job.

    Returns:
        0, or 1 when nothing could be frozen.
    """
    at = settings().at(config.home)
    database = AppDatabase(at.database_place)
    if not config.name:
        _list(database)
        return 0
    person = named_person(config.person) if config.person else local_person()
    with database.reading() as session:
        keys = labelled_keys(session)
    wafers = list(Lake(at.lake_url).wafers_by_keys(keys).values())
    with database.writing() as session:
        frozen = freeze(session, config.name, wafers, person, note=config.note, after=config.after)
        before = frozen_set(session, config.after) if config.after else LabelSet("", ())
    sides = ", ".join(f"{len(frozen.of(side)):,} {side}" for side in Split)
    print(f"{frozen.name}: {len(frozen.members):,} labels ({sides}), sha256 {frozen.sha256}")
    print(changes(before, frozen).text)
    return 0


def _list(database: AppDatabase) -> None:
    with database.reading() as session:
        for row in frozen_sets(session):
            count = len(frozen_set(session, row.name).members)
            print(f"{row.name}  {row.frozen_at:%Y-%m-%d %H:%M}  {count:,} labels  {row.sha256[:12]}  {row.note}")


if __name__ == "__main__":
    sys.exit(main())
