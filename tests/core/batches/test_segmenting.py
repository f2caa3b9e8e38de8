import pytest

from core.analysis.result import analyse
from core.batches.results import results_of
from core.batches.segmenting import segment_part, unfinished, waiting_in
from core.exports import instances_csv, wafers_csv
from core.segmentation import Segmenter
from tests.core.batches.batch_examples import Choosy, mixed_folder, read_batch, segment_all


@pytest.fixture(scope="module")
def segmenter(tiny_model_path) -> Segmenter:
    return Segmenter.load(str(tiny_model_path), threads=1)


@pytest.fixture
def batch(tmp_path):
    """Seven wafers in parts of three."""
    return read_batch(tmp_path, mixed_folder(tmp_path / "in"), wafers_per_part=3)


def results(batch):
    return [result for result, _ in results_of(batch)]


def test_the_pieces_hold_what_analysing_at_once_gives(batch, segmenter):
    assert segment_all(batch, segmenter) == 7
    wafers = [one for number in range(3) for one in batch.wafers(number)]
    expected = analyse(wafers, segmenter)
    assert wafers_csv(results(batch)) == wafers_csv(expected)
    assert instances_csv(results(batch)) == instances_csv(expected)
    assert sum(len(one.instances) for one in expected) > 0


def test_what_is_finished_is_not_done_again(batch, segmenter):
    sum(segment_part(batch, 1, segmenter))
    choosy = Choosy(segmenter)
    assert unfinished(batch, segmenter.name) == [0, 2]
    assert segment_all(batch, choosy) == 4
    assert sorted(choosy.seen) == ["W00", "W01", "W05", "W90"]
    assert segment_all(batch, choosy) == 0


def test_a_piece_that_was_broken_off_is_not_there(batch, segmenter):
    steps = segment_part(batch, 0, segmenter)
    next(steps)
    steps.close()  # type: ignore[attr-defined]
    assert batch.finished() == frozenset()
    assert waiting_in(batch, 0, segmenter.name) == 3


def test_another_models_pieces_are_made_anew(batch, segmenter):
    segment_all(batch, segmenter)
    assert unfinished(batch, "another@1") == [0, 1, 2]
    assert [waiting_in(batch, number, "another@1") for number in range(3)] == [3, 3, 1]


def test_a_wafer_that_the_model_fails_on_holds_up_no_other_and_is_tried_again_alone(batch, segmenter):
    choosy = Choosy(segmenter, "W03")
    assert segment_all(batch, choosy) == 7
    assert [one.wafer.wafer_id for one in results(batch)] == ["W90", "W00", "W01", "W02", "W04", "W05"]
    reasons = {one.source_name: one.reason for one in batch.failures()}
    assert reasons["in/lot.npz"].startswith("LOT1:W03: choosy: the network fails")
    assert unfinished(batch, choosy.name) == []
    choosy.refused, choosy.seen = set(), []
    assert segment_all(batch, choosy, retry=True) == 1
    assert choosy.seen == ["W03"]
    assert [one.wafer.wafer_id for one in results(batch)][4] == "W03"
    assert [one.source_name for one in batch.failures()] == ["in/broken.png"]
