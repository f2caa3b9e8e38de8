import pytest

from benchmarks.labelling import labelling, many_annotators


@pytest.mark.slow
@pytest.mark.parametrize("kills", [0, 1])
def test_every_label_of_many_annotators_is_kept_once_even_when_a_process_is_killed(tmp_path, kills):
    found = labelling(str(tmp_path / "decisions.db"), annotators=6, labels=10, kills=kills)
    assert (found.kept, found.distinct, found.done, found.audited, found.lost) == (60, 60, 60, 60, 0)
    # What a killed process had kept but not told is no loss: it is not told twice either.
    assert 60 - 6 * kills <= found.acknowledged <= 60


def test_the_rows_say_that_nothing_is_lost_or_double():
    for row in many_annotators(2, 3):
        assert "6 of 6 there, 0 double, 0 lost" in row.measured
