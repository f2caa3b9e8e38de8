import io
import json
import zipfile

import numpy as np
from PIL import Image

from core.database import AppDatabase
from core.datasets.files import labels_zip, wafers_of_images
from core.datasets.reading import labels_of_keys
from core.labels.annotations import labelled_keys
from core.labels.coco import read_coco
from core.lake import Lake
from data.wafer import WaferMap
from tests.core.label_examples import labelled_home


def test_the_archive_of_labels_holds_all_of_them(tmp_path):
    home = labelled_home(tmp_path)
    database, lake = AppDatabase(home / "decisions.db"), Lake(home / "lake")
    with database.reading() as session:
        keys = labelled_keys(session)
    labelled = list(labels_of_keys(database, lake, keys))
    database.close()
    with zipfile.ZipFile(io.BytesIO(labels_zip(labelled))) as archive:
        assert len(json.loads(archive.read("coco.json"))["images"]) == 4
        masks = np.load(io.BytesIO(archive.read("masks.npz")))
        names = [name for name in archive.namelist() if name.startswith("masks/")]
    for one in labelled:
        np.testing.assert_array_equal(masks[one.wafer.key], one.label.masks())
    assert names == sorted(f"masks/{w.lot_id}_{w.wafer_id}.png" for w in (one.wafer for one in labelled))


def test_the_pictures_that_the_file_names_are_there_and_lie_as_it_says(tmp_path):
    home = labelled_home(tmp_path)
    database, lake = AppDatabase(home / "decisions.db"), Lake(home / "lake")
    with database.reading() as session:
        keys = labelled_keys(session)
    labelled = list(labels_of_keys(database, lake, keys))
    database.close()
    with zipfile.ZipFile(io.BytesIO(labels_zip(labelled))) as archive:
        images = json.loads(archive.read("coco.json"))["images"]
        for image in images:
            with Image.open(io.BytesIO(archive.read(image["file_name"]))) as picture:
                assert picture.size == (image["width"], image["height"])


def test_an_image_under_the_name_that_an_export_gave_it_finds_its_wafer(tmp_path):
    lake = Lake(tmp_path)
    wafer = WaferMap(dies=np.full((3, 3), 2, dtype=np.uint8), lot_id="LOT/7 a", wafer_id="W:01")
    lake.append_wafers([wafer])
    text = json.dumps(
        {"images": [{"id": 1, "file_name": "x/0123abcd-LOT_7_a_W_01.png"}], "annotations": [], "categories": []}
    )
    found = wafers_of_images(lake, text)
    assert [one.key for one in found.values()] == [wafer.key]
    assert read_coco(text, found, unannotated_clean=True).labels[0].key == wafer.key
