import numpy as np
import pytest

from core.explain.attribution import Attribution, shared_out


def test_driving_dies_are_the_fewest_with_half_of_the_evidence():
    evidence = np.array([[0.4, 0.3, 0.2], [0.1, np.nan, 0.0]])
    assert Attribution(evidence).driving.tolist() == [[True, True, False], [False, False, False]]
    assert Attribution(np.array([[0.5, 0.5]])).driving.sum() == 1


def test_without_evidence_nothing_drives():
    failing = np.array([[True, False]])
    silent = Attribution(shared_out(np.zeros((1, 2)), failing))
    assert silent.evidence[0, 0] == 0
    assert not silent.driving.any()


def test_evidence_on_another_pattern_is_no_reason_for_this_one():
    found = Attribution(np.array([[0.4, 0.3, 0.2], [0.1, np.nan, 0.0]]))
    own = np.array([[False, False, True], [True, False, False]])
    assert found.share_on(own) == pytest.approx(0.3)
    np.testing.assert_allclose(found.within(own).evidence, [[0, 0, 2 / 3], [1 / 3, np.nan, 0]])
    assert found.within(own).driving.tolist() == [[False, False, True], [False, False, False]]
    assert not found.within(np.zeros((2, 3), dtype=bool)).driving.any()
