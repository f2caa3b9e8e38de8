import numpy as np
import pytest

from core.settings import Settings
from data.datasets import LabelledMaps, together
from jobs.teachers import as_reported, teachers
from tests.core.label_examples import labelled_home


def test_without_a_source_nothing_teaches(tmp_path):
    assert teachers((), "", 0, 0.1, 7, Settings(home=tmp_path)) == (None, None)


def test_people_and_the_model_in_use_teach_apart_and_no_wafer_twice(tmp_path, tiny_model_path):
    labelled_home(tmp_path)
    parts = teachers((), "now", 5, 0.5, 7, Settings(home=tmp_path, model=str(tiny_model_path)))
    every = together(parts)
    by = [name.split(":")[0] for name in every.names]
    assert sorted(by) == ["lake"] * 2 + ["people"] * 4 or sorted(by) == ["lake"] * 2 + ["people"] * (len(by) - 2)
    assert len(set(every.names)) == len(every)
    people = np.array(by) == "people"
    assert every.presence[people].sum() == 3  # one of four is without a defect


def test_wafers_are_labelled_as_a_model_reports_them(tiny_model_path):
    from core.segmentation import Segmenter

    dies = np.ones((20, 20), np.uint8)
    dies[8:12, 8:12] = 2
    found = as_reported([dies], Segmenter.load(str(tiny_model_path)))
    assert found.names == ["lake:000000"]
    assert np.flatnonzero(found.presence[0]).tolist() == [1]


def test_wafers_of_several_sources_stand_in_one_row():
    def some(name: str, count: int) -> LabelledMaps:
        names = [f"{name}:{i}" for i in range(count)]
        maps = [np.ones((3, 3), np.uint8)] * count
        return LabelledMaps(maps, np.full((count, 8), count, np.float32), names, np.zeros(count, bool))

    every = together([some("a", 2), None, some("b", 0), some("c", 1)])
    assert every.names == ["a:0", "a:1", "c:0"]
    assert every.presence[:, 0].tolist() == [2, 2, 1]
    assert together([None]) is None
    with pytest.raises(AttributeError):
        _ = together([None]).names
