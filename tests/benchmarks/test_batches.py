import pytest

from benchmarks.batches import one_batch


@pytest.mark.slow
def test_a_batch_gives_its_time_and_its_memory(tiny_model_path):
    rows = one_batch(20, tiny_model_path)
    assert [row.work.partition(" (")[0] for row in rows] == [
        "batch of 20 wafers, start of the job to archive",
        "peak memory of a batch 4 times as large",
    ]
    assert all(row.ratio > 0 for row in rows)
