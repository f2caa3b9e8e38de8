import numpy as np

from core.database import AppDatabase
from core.datasets.label_set import Split
from core.datasets.wafers import labelled_wafers
from core.lake import Lake
from core.segmentation import Segmenter
from core.settings import Settings
from data.classes import CLASS_INDEX
from data.datasets import together
from jobs.teachers import as_reported, teachers
from tests.core.label_examples import labelled_home


def test_without_a_source_nothing_teaches_and_nothing_is_opened(tmp_path):
    assert teachers((), "", 0, 0.1, 7, Settings(home=tmp_path)) == (None, None)
    assert not list(tmp_path.iterdir())


def test_people_and_the_model_in_use_teach_apart_and_no_wafer_twice(tmp_path, tiny_model_path):
    labelled_home(tmp_path)
    every = together(teachers((), "now", 5, 0.5, 7, Settings(home=tmp_path, model=str(tiny_model_path))))
    sides = labelled_wafers(AppDatabase(tmp_path / "decisions.db"), Lake(tmp_path / "lake"), "now")
    people = [f"people:{name}" for side in (Split.TRAIN, Split.VALIDATION) for name in sides[side].names]
    assert sorted(every.names) == sorted([*people, "lake:000000", "lake:000001"])


def test_wafers_are_labelled_as_a_model_reports_them(tiny_model_path):
    dies = np.ones((20, 20), np.uint8)
    dies[8:12, 8:12] = 2
    found = as_reported([dies, np.ones((20, 20), np.uint8)], Segmenter.load(str(tiny_model_path)))
    assert found.names == ["lake:000000", "lake:000001"]
    assert np.argwhere(found.presence).tolist() == [[0, CLASS_INDEX["center"]]]
