import math

import numpy as np
import pytest

from core.analysis.result import WaferResult
from core.analysis.summaries import summarise
from core.instances import find_instances
from core.severity import severity
from tests.core.wafers import disc, radius, segmentation, wafer


def result_of(shown, masks, probability=0.9):
    found = segmentation(shown, masks, probability)
    instances = find_instances(found, shown)
    return WaferResult(shown, found, instances, severity(instances, shown))


def test_counts_and_shares_are_those_of_the_dies():
    size = 40
    on, at = disc(size) > 0, radius(size)
    rows, columns = np.indices((size, size))
    edge = on & (at >= 0.85) & (rows < size / 2) & (columns >= size / 2)
    blob = on & (at < 0.2)
    lone = np.zeros_like(on)
    lone[30, 10] = True
    shown = wafer(edge | blob | lone, dies=disc(size))
    said = summarise(result_of(shown, {"edge": edge, "center": blob}))
    assert said.dies_by_class == {"edge": edge.sum(), "center": blob.sum()}
    assert (said.affected_dies, said.unexplained_dies) == ((edge | blob).sum(), 1)
    total = edge.sum() + blob.sum()
    assert said.zones == pytest.approx({"center": blob.sum() / total, "middle": 0, "edge": edge.sum() / total})
    quarter = blob.sum() / 4 / total
    assert said.quadrants == pytest.approx(
        {
            "upper right": quarter + edge.sum() / total,
            "upper left": quarter,
            "lower left": quarter,
            "lower right": quarter,
        }
    )
    assert said.dominant_class == ("edge" if edge.sum() >= blob.sum() else "center")
    assert said.mean_confidence == pytest.approx(0.9, abs=1e-6)
    assert said.clusters_by_class == {"edge": 1, "center": 1}
    assert said.confidences.size == total


def test_dies_on_a_line_between_quadrants_count_half_in_each():
    cross = np.zeros((9, 9), dtype=bool)
    cross[4, :] = cross[:, 4] = True
    said = summarise(result_of(wafer(cross), {"scratch": cross}))
    assert list(said.quadrants.values()) == pytest.approx([0.25] * 4)


def test_a_clean_wafer_has_no_shares():
    said = summarise(result_of(wafer(np.zeros((9, 9), dtype=bool)), {}))
    assert (said.cluster_count, said.affected_dies, said.dominant_class, said.dies_by_class) == (0, 0, None, {})
    assert all(math.isnan(x) for x in (said.mean_confidence, *said.zones.values(), *said.quadrants.values()))
