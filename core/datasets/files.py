"""Labels as files: COCO JSON beside the masks, tables and coordinates that results are exported as; and COCO back."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from core.database import AppDatabase
from core.exports import ResultWriter
from core.exports.archive import zip_folder
from core.exports.names import UniqueNames, stem_of_names
from core.identity import Person
from core.labels.annotations import LabelSource, write_annotation
from core.labels.checks import validate
from core.labels.coco import Form, Imported, coco_json, image_keys, images_of, read_coco
from core.labels.coco_images import cell_px, possible_keys, stems
from core.labels.label import Labelled
from core.labels.result import labelled_result
from core.lake import Lake
from core.lake.batches import WAFERS_AT_ONCE, batches
from core.people.roles import Permission, permit
from core.storage.folder import Folder
from data.formats.write import write_png
from data.wafer import WaferMap

COCO_FILE = "coco.json"
PICTURES = "images"


@dataclass(frozen=True)
class Written:
    """What an import came to.

    Args:
        kept: labels that are kept now.
        problems: a sentence for all that was not, and for what was read with doubt.
        unannotated: images of known wafers that give no label, since the file says nothing about them.
    """

    kept: int
    problems: tuple[str, ...]
    unannotated: int = 0


def export_labels(labelled: Sequence[Labelled], out_dir: str | Path, form: Form = "polygon") -> None:
    """Write labels into a folder: coco.json with its images/, and masks, masks.npz, wafers.csv as `ResultWriter` does.

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
    names, pictures = UniqueNames(), Path(out_dir) / PICTURES
    pictures.mkdir(exist_ok=True)

    def drawn(wafer: WaferMap) -> str:
        name = f"{names.take(stem_of_names(wafer.lot_id, wafer.wafer_id))}.png"
        rows, columns = wafer.dies.shape
        cell = cell_px(wafer.dies.shape)
        write_png(wafer, pictures / name, size=(rows * cell, columns * cell))
        return f"{PICTURES}/{name}"

    with Folder(out_dir).new_file(COCO_FILE) as path:
        path.write_text(coco_json(labelled, form, drawn), encoding="utf-8")


def labels_zip(labelled: Sequence[Labelled]) -> bytes:
    """Return what `export_labels` writes as one archive."""
    packed = io.BytesIO()
    with TemporaryDirectory() as folder:
        export_labels(labelled, folder)
        zip_folder(Path(folder), packed)
    return packed.getvalue()


def wafers_of_images(lake: Lake, text: str) -> dict[str, WaferMap]:
    """Find the wafers that the images of a COCO file show, by the keys that their file names give.

    An image may bear the name that an export gave it, in which what no file name can hold was replaced: a wafer whose
    name was changed so is found too, under the key that the file name gives.

    Args:
        lake: where wafers are.
        text: the file.
    """
    wafers = lake.wafers_by_keys(image_keys(text))
    missing = {
        stem: keys[0]
        for image in images_of(text)
        if (keys := possible_keys(image)) and not any(key in wafers for key in keys)
        for stem in stems(image)
    }
    if not missing:
        return wafers
    # Only names with more than letters, digits, "_", "-" and "." in them, or very long ones, are changed on export.
    changed = lake.query(
        r"SELECT key, lot_id, wafer_id FROM wafers WHERE regexp_matches(lot_id || wafer_id, '[^\w.\-]') "
        "OR lot_id[1] = '.' OR lot_id[-1] = '.' OR wafer_id[1] = '.' OR wafer_id[-1] = '.' OR strlen(key) > 80"
    )
    stem_of = {
        key: stem
        for key, lot, wafer in changed.itertuples(index=False)
        if (stem := stem_of_names(lot, wafer)) in missing
    }
    alike = list(stem_of.values())
    alone = {key: stem for key, stem in stem_of.items() if alike.count(stem) == 1}
    found = lake.wafers_by_keys(list(alone))
    return wafers | {missing[stem]: found[key] for key, stem in alone.items()}


def import_coco(
    database: AppDatabase, lake: Lake, text: str, name: str, person: Person, *, unannotated_clean: bool = False
) -> Written:
    """Keep the labels of a COCO file as versions of their wafers; what does not pass the checks is said and left out.

    Args:
        database: where labels are kept.
        lake: where wafers are.
        text: the file.
        name: of the file, for messages.
        person: under whose name the labels are kept.
        unannotated_clean: the person says that images without annotations show no defect.

    Raises:
        NotAllowedError: the acting person may not.
        FormatError: it is no COCO JSON.
    """
    permit(person, Permission.ANNOTATION_WRITE)
    wafers = wafers_of_images(lake, text)
    found: Imported = read_coco(text, wafers, name, unannotated_clean=unannotated_clean)
    by_key = {wafer.key: wafer for wafer in wafers.values()}
    problems, kept = list(found.problems), 0
    for some in batches(found.labels, WAFERS_AT_ONCE):
        with database.writing() as session:
            for label in some:
                wafer = by_key[label.key]
                wrong = [p.text for p in validate(label, wafer) if p.blocks]
                if wrong:
                    problems.append(f"{name}: {label.key} is left out. {' '.join(wrong)}")
                else:
                    write_annotation(session, wafer, label, person, 0.0, LabelSource.IMPORTED)
                    kept += 1
    return Written(kept, tuple(problems), found.unannotated)
