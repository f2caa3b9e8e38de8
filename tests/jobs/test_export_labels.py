import json

import numpy as np
import pytest
from pycocotools.coco import COCO

from core.database import AppDatabase
from core.exports import read_mask_png
from core.labels.annotations import LabelSource, annotation_history, labels_of
from core.lake import Lake
from jobs import export_labels
from tests.core.label_examples import labelled_home
from tests.core.lake_examples import drawn

pytestmark = pytest.mark.slow


@pytest.fixture
def home(tmp_path):
    """Six wafers, four of them labelled."""
    return labelled_home(tmp_path)


def labels(home, source=None):
    """Text of every standing label by wafer."""
    database, lake = AppDatabase(home / "decisions.db"), Lake(home / "lake")
    wafers = list(lake.wafers_by_keys([drawn(n).key for n in range(6)]).values())
    with database.reading() as session:
        found = labels_of(session, wafers)
        assert source is None or {annotation_history(session, k)[0].source for k in found} == {source}
    database.close()
    return {key: a.label for key, a in found.items()}


@pytest.mark.parametrize("form", ["polygon", "rle"])
def test_labels_go_out_as_masks_and_coco_and_come_back_with_the_same_dies(home, tmp_path, form):
    out = tmp_path / "out"
    assert export_labels.main(["--home", str(home), "--out", str(out), "--form", form]) == 0
    before = labels(home)
    assert len(COCO(str(out / "coco.json")).getImgIds()) == len(before) == 4
    with np.load(out / "masks.npz", allow_pickle=False) as masks:
        for key in before:
            png = read_mask_png((out / "masks" / f"{key.replace(':', '_')}.png").read_bytes())
            np.testing.assert_array_equal(masks[key], png)
    other = tmp_path / "other"
    other.mkdir()
    (other / "lake").symlink_to(home / "lake")
    assert export_labels.main([str(out / "coco.json"), "--home", str(other), "--person", "ben"]) == 0
    assert {k: json.loads(v)["instances"] for k, v in labels(other, LabelSource.IMPORTED).items()} == {
        k: json.loads(v)["instances"] for k, v in before.items()
    }


def test_a_file_that_is_no_coco_is_said(home, tmp_path, capsys):
    path = tmp_path / "bad.json"
    path.write_text("[1, 2")
    assert export_labels.main([str(path), "--home", str(home)]) == 1
    assert "bad.json: it is no COCO JSON" in capsys.readouterr().err
