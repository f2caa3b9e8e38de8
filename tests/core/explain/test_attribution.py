import numpy as np

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
