import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.datasets.label_set import SHARES, LabelSet, Member, Split, changes, label_sha256, read_label_set, split_by_lot
from data.errors import LabelError


def member(key, split=Split.TRAIN, label="x", grid="g"):
    return Member(key, key.partition(":")[0], grid, 1, label_sha256(label), ("edge",), split)


@settings(max_examples=60)
@given(st.lists(st.integers(0, 12), min_size=1, max_size=80), st.randoms(use_true_random=False))
def test_a_lot_is_on_one_side_and_no_side_is_empty_where_lots_suffice(numbers, random):
    lots = [f"L{n}" for n in numbers]
    present = np.array([[random.random() < 0.3 for _ in range(8)] for _ in lots])
    sides = split_by_lot(lots, present)
    where = {}
    for lot, side in zip(lots, sides, strict=True):
        assert where.setdefault(lot, side) is side
    assert len(set(sides)) == min(3, len(set(lots)))


def test_sides_hold_eight_one_one_of_ten_and_of_every_class():
    rng = np.random.default_rng(5)
    lots = [f"L{n // 10:03d}" for n in range(2000)]
    kind = np.repeat(rng.integers(0, 9, 200), 10)  # a lot has a class of its own, some have none
    present = np.eye(9, dtype=bool)[kind][:, :8]
    sides = np.array(split_by_lot(lots, present))
    for side in Split:
        assert (sides == side).mean() == pytest.approx(SHARES[side], abs=0.01)
        for k in range(8):
            assert (sides[present[:, k]] == side).mean() == pytest.approx(SHARES[side], abs=0.06)


def test_the_order_of_the_wafers_does_not_matter():
    lots = [f"L{n % 17}" for n in range(100)]
    present = np.random.default_rng(1).random((100, 8)) < 0.2
    turned = np.random.default_rng(2).permutation(100)
    sides = split_by_lot(lots, present)
    again = split_by_lot([lots[i] for i in turned], present[turned])
    assert [sides[i] for i in turned] == again


def test_lots_of_an_earlier_version_stay_on_their_side():
    known = {"L1": Split.TEST, "L2": Split.VALIDATION}
    lots = [f"L{n}" for n in range(30) for _ in range(4)]
    sides = dict(zip(lots, split_by_lot(lots, np.zeros((120, 8), dtype=bool), known), strict=True))
    assert (sides["L1"], sides["L2"]) == (Split.TEST, Split.VALIDATION)


def test_a_dataset_survives_its_text_and_equal_members_have_equal_hashes():
    one = LabelSet("v1", (member("A:1"), member("B:ü", Split.TEST)))
    again = read_label_set("other name", one.text)
    assert (again.members, again.sha256) == (one.members, one.sha256)
    assert one.of(Split.TEST) == (one.members[1],)
    assert LabelSet("v1", (member("A:1", label="y"),)).sha256 != LabelSet("v1", (member("A:1"),)).sha256


def test_the_changelog_names_each_wafer_that_changed():
    before = LabelSet("v1", (member("A:1"), member("A:2"), member("A:3"), member("A:4")))
    after = LabelSet("v2", (member("A:2"), member("A:3", label="y"), member("A:4", Split.TEST), member("A:5")))
    found = changes(before, after)
    assert (found.added, found.removed, found.relabelled, found.moved) == (("A:5",), ("A:1",), ("A:3",), ("A:4",))
    assert found.text.splitlines()[0] == "1 added, 1 removed, 1 relabelled, 1 moved"
    assert changes(before, before).text == "0 added, 0 removed, 0 relabelled, 0 moved"


@pytest.mark.parametrize("text", ["", "{}", '{"version": 9, "members": []}', '{"version": 1, "members": [{"a": 1}]}'])
def test_what_is_no_dataset_is_refused(text):
    with pytest.raises(LabelError):
        read_label_set("v1", text)


def test_a_wafer_is_there_once():
    with pytest.raises(LabelError, match="twice or out of order"):
        LabelSet("v1", (member("A:1"), member("A:1")))
