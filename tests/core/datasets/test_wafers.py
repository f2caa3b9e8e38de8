import numpy as np
import pytest

from core.database import AppDatabase
from core.datasets.frozen_sets import freeze
from core.datasets.label_set import Split
from core.datasets.wafers import labelled_wafers, unlabelled_maps
from core.identity import Person
from core.lake import Lake
from data.errors import AppDatabaseError, SettingError
from tests.core.label_examples import labelled_home


@pytest.fixture
def home(tmp_path):
    labelled_home(tmp_path)
    return AppDatabase(tmp_path / "decisions.db"), Lake(tmp_path / "lake")


def everything(sides):
    return sorted(name for side in sides.values() for name in side.names)


def test_labels_that_count_now_come_with_masks_on_failing_dies(home):
    database, lake = home
    sides = labelled_wafers(database, lake, "now")
    names = everything(sides)
    assert len(names) == 4
    wafers = lake.wafers_by_keys(names)
    for side in sides.values():
        for dies, masks, name in zip(side.maps, side.masks, side.names, strict=True):
            assert np.array_equal(dies, wafers[name].dies)
            assert not (masks & ~wafers[name].failing).any()
    assert sum(int(side.labelled.presence.sum()) for side in sides.values()) == 3  # one of four is without a defect


def test_a_frozen_dataset_keeps_its_split_and_its_labels(home):
    database, lake = home
    keys = everything(labelled_wafers(database, lake, "now"))
    with database.writing() as session:
        frozen = freeze(session, "v1", list(lake.wafers_by_keys(keys[:3]).values()), Person("ana"))
    sides = labelled_wafers(database, lake, "v1")
    assert everything(sides) == keys[:3]
    for side in Split:
        assert sides[side].names == [m.wafer_key for m in frozen.of(side)]


def test_what_is_not_there_is_said(home, tmp_path):
    database, lake = home
    with pytest.raises(AppDatabaseError, match="dataset v9: there is no such dataset"):
        labelled_wafers(database, lake, "v9")
    with pytest.raises(SettingError, match="no wafer of it is in the lake as labelled"):
        labelled_wafers(database, Lake(tmp_path / "other"), "now")


def test_unlabelled_wafers_are_those_of_the_lake_that_nobody_labelled(home):
    database, lake = home
    found = unlabelled_maps(database, lake, ["lake"])
    assert len(found) == 2
    assert len(unlabelled_maps(database, lake, ["lake"], most=1)) == 1


def test_files_give_their_wafers_without_their_labels(home, tmp_path):
    np.savez(tmp_path / "a.npz", maps=np.ones((3, 9, 9), np.uint8), labels=np.eye(3, 2), label_names=["Donut", "Loc"])
    assert len(unlabelled_maps(*home, [str(tmp_path / "a.npz")])) == 3  # type: ignore[call-arg]
    assert unlabelled_maps(*home, []) == []  # type: ignore[call-arg]
