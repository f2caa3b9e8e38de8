"""Labels out as COCO JSON, PNG masks, NPZ and tables, and COCO JSON back in."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from core.database import AppDatabase
from core.datasets.files import export_labels, import_coco
from core.datasets.reading import labels_of_keys, labels_of_set
from core.identity import local_person, named_person
from core.labels.annotations import labelled_keys
from core.lake import Lake
from core.people.accesses import exported
from core.settings import settings
from jobs.command import command


@dataclass(frozen=True)
class ExportLabelsConfig:
    """Write labels as coco.json, masks, masks.npz and tables, or read labels from COCO files."""

    coco: tuple[Path, ...]  # COCO files to read labels from; none: labels are written
    out: Path = Path("labels")  # folder to write to
    dataset: str = ""  # frozen dataset to write; empty: the labels that count now
    form: Literal["polygon", "rle"] = "polygon"  # how coco.json writes masks
    person: str = ""  # under whose name labels are read; empty: the account that runs this
    unannotated_clean: bool = False  # images of a COCO file that nobody annotated are labels that say no defect
    home: Path | None = None  # workspace folder; empty: as WAFERSCOPE_HOME says


@command(ExportLabelsConfig)
def main(config: ExportLabelsConfig) -> int:
    """Run the job.

    Returns:
        0, or 1 when something could not be read or written.
    """
    at = settings().at(config.home)
    database, lake = AppDatabase(at.database_place), Lake(at.lake_url)
    if config.coco:
        return _read(config, database, lake)
    if config.dataset:
        labelled = list(labels_of_set(database, lake, config.dataset))
    else:
        with database.reading() as session:
            keys = labelled_keys(session)
        labelled = list(labels_of_keys(database, lake, keys))
    exported(database, local_person(), f"folder {config.out.name}", {"labels": len(labelled)})
    export_labels(labelled, config.out, config.form)
    print(f"{len(labelled):,} labels in {config.out}")
    return 0


def _read(config: ExportLabelsConfig, database: AppDatabase, lake: Lake) -> int:
    person = named_person(config.person) if config.person else local_person()
    problems = 0
    for path in config.coco:
        text = path.read_text(encoding="utf-8", errors="replace")
        clean = config.unannotated_clean
        done = import_coco(database, lake, text, path.name, person, unannotated_clean=clean)
        print(f"{path}: {done.kept:,} labels kept")
        if done.unannotated:
            print(f"{path}: {done.unannotated:,} images are not annotated and give no label (see --unannotated-clean)")
        for problem in done.problems:
            print(problem, file=sys.stderr)
        problems += len(done.problems)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
