import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.labels.agreement import LEAST_AGREEMENT, agreement
from data.errors import LabelError

masks = st.lists(st.booleans(), min_size=8 * 6, max_size=8 * 6).map(lambda bits: np.array(bits).reshape(8, 2, 3))


def reference(one, other):
    """Counting dies one by one."""
    shared = [0] * 8
    either = [0] * 8
    total = [0] * 8
    for k in range(8):
        for a, b in zip(one[k].ravel(), other[k].ravel(), strict=True):
            shared[k] += bool(a and b)
            either[k] += bool(a or b)
            total[k] += int(a) + int(b)
    return shared, either, total


@given(masks, masks)
def test_agreement_is_what_counting_dies_one_by_one_gives(one, other):
    shared, either, total = reference(one, other)
    found = agreement(one, other)
    for k in range(8):
        if either[k]:
            assert (found.iou[k], found.dice[k]) == (shared[k] / either[k], 2 * shared[k] / total[k])
        else:
            assert np.isnan(found.iou[k])
            assert np.isnan(found.dice[k])
    assert found.overall_iou == (sum(shared) / sum(either) if sum(either) else 1.0)
    assert found.overall_dice == (2 * sum(shared) / sum(total) if sum(total) else 1.0)


@given(masks, masks)
def test_agreement_does_not_know_who_came_first_and_dice_follows_from_iou(one, other):
    found, turned = agreement(one, other), agreement(other, one)
    np.testing.assert_array_equal(found.iou, turned.iou)
    assert found.overall_dice == pytest.approx(2 * found.overall_iou / (1 + found.overall_iou), rel=1e-12)


def test_two_labels_of_no_defect_agree():
    none = np.zeros((8, 2, 2), dtype=bool)
    assert agreement(none, none).sufficient


def test_a_class_taken_for_another_does_not_agree():
    one, other = np.zeros((2, 8, 2, 2), dtype=bool)
    one[0] = other[2] = True
    assert agreement(one, other).overall_iou == 0.0


@pytest.mark.parametrize(("dies", "enough"), [(17, True), (16, False)])
def test_the_limit_is_085(dies, enough):
    one, other = np.zeros((2, 8, 4, 5), dtype=bool)
    one[0] = True
    other[0].ravel()[:dies] = True
    assert agreement(one, other).sufficient == (dies / 20 >= LEAST_AGREEMENT) == enough


def test_labels_of_different_grids_cannot_be_compared():
    with pytest.raises(LabelError, match="one label is"):
        agreement(np.zeros((8, 2, 2), dtype=bool), np.zeros((8, 3, 2), dtype=bool))
