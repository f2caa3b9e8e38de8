import numpy as np
import pytest

from core.registry.side_by_side import side_by_side
from core.segmentation import Segmenter
from tests.core.wafers import disc, radius, wafer
from tests.tiny_model import METADATA, write_tiny_model


def test_dies_on_which_two_models_differ_are_those_counted_by_hand(tiny_model_path, tmp_path):
    deaf = {**METADATA, "name": "deaf", "presence_threshold": [2.0, *[0.5] * 7]}  # hears no edge
    first = Segmenter.load(str(tiny_model_path), threads=1)
    second = Segmenter.load(str(write_tiny_model(tmp_path / "deaf.onnx", metadata=deaf)), threads=1)
    r, on = radius(30), disc(30)
    edge = wafer((on > 0) & (r > 0.85), dies=on, name="W1")
    center = wafer((on > 0) & (r < 0.3), dies=on, name="W2")
    clean = wafer(np.zeros((30, 30), dtype=bool), dies=on, name="W3")
    pairs = list(side_by_side([edge, center, clean], first, second))
    assert [pair.first.wafer.wafer_id for pair in pairs] == ["W1", "W2", "W3"]
    assert [pair.same_classes for pair in pairs] == [False, True, True]
    assert pairs[0].differing == pairs[0].affected == int(pairs[0].first.segmentation.masks[0].sum()) > 0
    assert [pair.difference for pair in pairs] == [1.0, 0.0, 0.0]
    assert pairs[1].affected == pytest.approx(int(pairs[1].first.segmentation.masks[1].sum()))
