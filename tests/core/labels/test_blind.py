import numpy as np
import pytest

from core.labels.blind import LabelMaking, accepted_unchanged, made
from core.labels.label import Label, LabelInstance, Origin, Verdict

SHAPE = (4, 4)
ONE, TWO = np.array([[0, 1], [0, 2]]), np.array([[2, 0], [2, 1]])


def proposed(number, key, dies, state=Verdict.PROPOSED):
    return LabelInstance(number, key, dies, Origin.PROPOSAL, state)


def label(*instances):
    return Label("L:W", SHAPE, instances)


SHOWN = label(proposed(1, "ring", ONE), proposed(2, "ring", TWO), proposed(3, "edge", TWO))


@pytest.mark.parametrize(
    ("kept", "counts"),
    [
        ([proposed(1, "ring", ONE, Verdict.ACCEPTED), proposed(2, "ring", TWO, Verdict.ACCEPTED)], (2, 2)),
        ([proposed(1, "ring", ONE, Verdict.ACCEPTED), proposed(2, "ring", TWO, Verdict.REJECTED)], (2, 1)),
        ([proposed(1, "ring", ONE[:1], Verdict.ACCEPTED)], (2, 0)),
        ([proposed(1, "edge", ONE, Verdict.ACCEPTED)], (2, 0)),
        ([LabelInstance(1, "ring", ONE)], (2, 0)),
        ([], (2, 0)),
    ],
)
def test_a_proposal_is_unchanged_where_dies_class_and_origin_stay_and_it_is_accepted(kept, counts):
    found = accepted_unchanged(SHOWN, label(*kept))
    assert found == {"ring": counts, "edge": (1, 0)}


def test_a_label_that_started_from_proposals_is_not_blind_whatever_is_said():
    own = label(LabelInstance(1, "ring", ONE))
    assert made(own, SHOWN, blind=True).blind is False
    assert made(label(proposed(1, "ring", ONE, Verdict.REJECTED)), None, blind=True).blind is False
    assert made(own, None, blind=True, note="rim") == LabelMaking(blind=True, proposals={}, note="rim")
    assert made(own, None, blind=None).blind is None
