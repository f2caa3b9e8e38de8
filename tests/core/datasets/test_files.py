import io
import json
import zipfile

import numpy as np

from core.database import AppDatabase
from core.datasets.files import labels_zip
from core.datasets.reading import labels_of_keys
from core.labels.annotations import labelled_keys
from core.lake import Lake
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
