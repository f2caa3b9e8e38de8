from benchmarks import selection
from core.segmentation.network import SHIPPED_WEIGHTS


def test_passes_are_told_against_one_pass():
    (row,) = selection.dropout_passes(str(SHIPPED_WEIGHTS), 1)
    assert row.work.startswith("MC dropout, 20 passes")
    assert row.ratio > 0


def test_coreset_is_timed_over_as_many_vectors_as_said():
    (row,) = selection.coreset(500)
    assert row.work == "CoreSet, 100 of 500 x 512"
    assert row.measured.endswith(" s")
