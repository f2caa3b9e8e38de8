from dataclasses import replace

import numpy as np
import pytest

from core.annotation.submissions import submit
from core.database import AppDatabase
from core.datasets.frozen_sets import freeze
from core.datasets.label_marks import (
    blind_wafers,
    demo_wafers,
    judged_wafers,
    labels_mark,
    scored_wafers,
    wafers_sha256,
)
from core.datasets.label_set import Split
from core.datasets.wafers import labelled_wafers
from core.identity import Person
from core.labels.blind import LEAST_BLIND
from core.labels.label import from_masks
from core.lake import Lake
from data.classes import CLASS_COUNT
from data.datasets import MaskedMaps
from data.errors import SettingError
from tests.core.label_examples import labelled_home
from tests.core.lake_examples import drawn

NOTHING = MaskedMaps([], [], [])


@pytest.fixture
def wafers() -> MaskedMaps:
    rng = np.random.default_rng(4)
    maps = [rng.integers(0, 3, (5, 6), dtype=np.uint8) for _ in range(3)]
    return MaskedMaps(maps, [np.stack([dies == 2] * CLASS_COUNT) for dies in maps], ["A:3", "A:1", "B:2"])


def test_the_hash_is_of_what_was_said_and_not_of_its_order(wafers):
    other_way = MaskedMaps(wafers.maps[::-1], wafers.masks[::-1], wafers.names[::-1])
    assert wafers_sha256(other_way) == wafers_sha256(wafers)


@pytest.mark.parametrize("changed", ["maps", "masks", "names"])
def test_one_die_one_mark_or_one_name_makes_another_hash(wafers, changed):
    if changed == "names":
        other = replace(wafers, names=["A:4", *wafers.names[1:]])
    else:
        arrays = [array.copy() for array in getattr(wafers, changed)]
        arrays[2].flat[7] = not arrays[2].flat[7]
        other = replace(wafers, **{changed: arrays})
    assert wafers_sha256(other) != wafers_sha256(wafers)


def test_the_mark_counts_all_wafers_and_tells_sides_apart(wafers):
    marks = {side: labels_mark("v1", {**dict.fromkeys(Split, NOTHING), side: wafers}) for side in Split}
    assert all(mark.startswith("v1: 3 wafers, ") for mark in marks.values())
    assert len(set(marks.values())) == 3


def test_judged_are_the_wafers_of_the_test_part(tmp_path):
    labelled_home(tmp_path / "four", lots=6)
    labelled_home(tmp_path / "one")
    database, lake = AppDatabase(tmp_path / "four" / "decisions.db"), Lake(tmp_path / "four" / "lake")
    found = judged_wafers(database, lake, "now")
    assert found.names == labelled_wafers(database, lake, "now")[Split.TEST].names
    assert len(found) == 1
    with pytest.raises(SettingError, match=r"labels now: none of its wafers is in the test part"):
        judged_wafers(AppDatabase(tmp_path / "one" / "decisions.db"), Lake(tmp_path / "one" / "lake"), "now")


def test_wafers_of_the_demo_fab_are_counted_by_where_they_say_they_are_from(tmp_path):
    lake = Lake(tmp_path / "lake")
    lake.append_wafers([*(drawn(n, source_name="demo fab") for n in range(3)), drawn(3, source_name="lot7.klarf")])
    assert demo_wafers(lake, [drawn(n).key for n in (1, 2, 3)]) == 2
    assert demo_wafers(lake, []) == 0


def test_blind_are_those_of_the_judged_wafers_with_what_the_blind_label_says(tmp_path):
    labelled_home(tmp_path, lots=6)
    database, lake = AppDatabase(tmp_path / "decisions.db"), Lake(tmp_path / "lake")
    judged = judged_wafers(database, lake, "now")
    assert not len(blind_wafers(database, lake, "now", judged))
    wafer = lake.wafer(judged.names[0])
    masks = np.zeros((CLASS_COUNT, *wafer.dies.shape), dtype=bool)
    masks[2, :9] = wafer.failing[:9]
    with database.writing() as session:
        submit(session, wafer, from_masks(wafer, masks), Person("ben"), 9.0, blind=True)
        submit(session, wafer, from_masks(wafer, masks[::-1]), Person("eve"), 9.0)  # counts, and is not blind
        freeze(session, "v1", [wafer], Person("ana"))
    found = blind_wafers(database, lake, "now", judged)
    assert found.names == judged.names
    np.testing.assert_array_equal(found.masks[0], masks)
    assert not len(blind_wafers(database, lake, "v1", judged))  # the label that was frozen is not blind


@pytest.mark.parametrize(("count", "by_blind"), [(LEAST_BLIND - 1, False), (LEAST_BLIND, True)])
def test_blind_labels_are_scored_alone_where_there_are_enough(wafers, count, by_blind):
    blind = MaskedMaps(wafers.maps[:1] * count, wafers.masks[:1] * count, [f"B:{n}" for n in range(count)])
    assert scored_wafers(wafers, blind) is (blind if by_blind else wafers)
