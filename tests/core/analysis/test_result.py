import numpy as np
import pytest

from core.analysis.result import BATCH_CELLS, analyse, analyse_stream
from core.instances import find_instances
from core.segmentation import Segmenter
from core.severity import severity
from data.wafer import WaferMap
from tests.core.wafers import disc, radius, segmentation, wafer


@pytest.fixture(scope="module")
def segmenter(tiny_model_path) -> Segmenter:
    return Segmenter.load(str(tiny_model_path), threads=1)


def lot(count: int, size: int = 27) -> list[WaferMap]:
    rng = np.random.default_rng(count)
    return [
        wafer((radius(size) > 0.8) & (rng.random((size, size)) < 0.9), dies=disc(size), name=f"W{i}")
        for i in range(count)
    ]


def test_a_result_holds_what_the_parts_say(segmenter):
    shown = lot(1)[0]
    (result,) = analyse([shown], segmenter)
    assert result.wafer is shown
    assert result.segmentation.classes_present == ("edge",)
    again = find_instances(result.segmentation, shown)
    assert [one.die_count for one in result.instances] == [one.die_count for one in again] != []
    assert result.severity == severity(again, shown)


def test_a_stream_gives_what_a_list_gives(segmenter):
    wafers = lot(7)
    streamed = list(analyse_stream(iter(wafers), segmenter, batch=3))
    assert [r.wafer.key for r in streamed] == [w.key for w in wafers]
    for one, other in zip(streamed, analyse(wafers, segmenter), strict=True):
        assert np.array_equal(one.segmentation.masks, other.segmentation.masks)
        assert one.severity.score == other.severity.score


def test_a_stream_reads_no_further_than_a_batch_ahead(segmenter):
    read = []

    def reading():
        for shown in lot(10):
            read.append(shown.key)
            yield shown

    next(analyse_stream(reading(), segmenter, batch=4))
    assert len(read) == 5


def test_a_stream_holds_fewer_large_wafers(segmenter, monkeypatch):
    sizes = []

    def segment(wafers, *, tta):
        sizes.append([w.dies.size for w in wafers])
        return [segmentation(shown, {}) for shown in wafers]

    monkeypatch.setattr(segmenter, "segment", segment)
    large = [WaferMap(dies=np.ones((1500, 1500), dtype=np.uint8), lot_id="L", wafer_id=str(i)) for i in range(3)]
    assert len(list(analyse_stream(large, segmenter))) == 3
    assert [sum(batch) <= BATCH_CELLS for batch in sizes] == [True] * 3


def test_an_empty_stream_is_empty(segmenter):
    assert list(analyse_stream(iter([]), segmenter)) == []
