"""Labels as files: COCO JSON beside the masks, tables and coordinates that results are exported as; and COCO back."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from core.database import AppDatabase
from core.exports import ResultWriter
from core.exports.archive import zip_folder
from core.identity import Person
from core.labels.annotations import Source, write_annotation
from core.labels.checks import validate
from core.labels.coco import Form, Imported, coco_json, image_keys, read_coco
from core.labels.label import Labelled
from core.labels.result import labelled_result
from core.lake import Lake
from core.lake.batches import WAFERS_AT_ONCE, batches
from core.storage.folder import Folder

COCO_FILE = "coco.json"


@dataclass(frozen=True)
class Written:
    """What an import came to.

    Args:
        kept: labels that are kept now.
        problems: a sentence for all that was not.
    """

    kept: int
    problems: tuple[str, ...]


def export_labels(labelled: Sequence[Labelled], out_dir: str | Path, form: Form = "polygon") -> None:
    """Write labels into a folder: coco.json, and masks/, masks.npz, wafers.csv and the rest as `ResultWriter` does.

    Args:
        labelled: the labels.
        out_dir: folder, made when missing.
        form: how coco.json writes masks.

    Raises:
        SettingError: the folder cannot be made or written to.
    """
    with ResultWriter(out_dir) as writer:
        for one in labelled:
            writer.add(labelled_result(one.wafer, one.label, f"label by {one.annotator}"), one.seconds * 1000)
    with Folder(out_dir).new_file(COCO_FILE) as path:
        path.write_text(coco_json(labelled, form), encoding="utf-8")


def labels_zip(labelled: Sequence[Labelled]) -> bytes:
    """Return what `export_labels` writes as one archive."""
    packed = io.BytesIO()
    with TemporaryDirectory() as folder:
        export_labels(labelled, folder)
        zip_folder(Path(folder), packed)
    return packed.getvalue()


def import_coco(database: AppDatabase, lake: Lake, text: str, name: str, person: Person) -> Written:
    """Keep the labels of a COCO file as versions of their wafers; what does not pass the checks is said and left out.

    Args:
        database: where labels are kept.
        lake: where wafers are.
        text: the file.
        name: of the file, for messages.
        person: under whose name the labels are kept.

    Raises:
        FormatError: it is no COCO JSON.
    """
    wafers = lake.wafers_by_keys(image_keys(text))
    found: Imported = read_coco(text, wafers, name)
    problems, kept = list(found.problems), 0
    for some in batches(found.labels, WAFERS_AT_ONCE):
        with database.writing() as session:
            for label in some:
                wrong = [p.text for p in validate(label, wafers[label.key]) if p.blocks]
                if wrong:
                    problems.append(f"{name}: {label.key} is left out. {' '.join(wrong)}")
                else:
                    write_annotation(session, wafers[label.key], label, person, 0.0, Source.IMPORTED)
                    kept += 1
    return Written(kept, tuple(problems))
