import json

import numpy as np
import pytest

from core.exports import coordinates_json, result_json
from core.exports.records import UNITS
from core.instances.clusters import REFERENCE_PX
from tests.core.exports.examples import example_result


def strict(text):
    def refuse(name):
        raise AssertionError(f"{name} is not JSON")

    return json.loads(text, parse_constant=refuse)


def instance_of(record, key):
    return next(instance for instance in record["instances"] if instance["class"] == key)


def test_a_result_tells_wafer_severity_and_clusters():
    result = example_result(product="P9", attributes={"tool": "CMP-2"})
    record = strict(result_json(result))
    assert record["units"] == UNITS
    assert (record["key"], record["lot"], record["wafer"], record["product"]) == ("LOT1:W01", "LOT1", "W01", "P9")
    assert record["attributes"] == {"tool": "CMP-2"}
    assert record["classes"] == ["scratch", "particle"]
    assert record["presence"]["particle"] == pytest.approx(0.8, abs=1e-4)
    assert record["severity"]["score"] == pytest.approx(result.severity.score, abs=1e-4)
    assert record["severity"]["assumed_geometry"] is True
    assert record["failing_dies"] == 21


def test_dies_of_a_cluster_are_the_dies_of_its_mask():
    record = strict(result_json(example_result()))
    dies = {tuple(die) for die in instance_of(record, "particle")["dies"]}
    assert dies == {(row, column) for row in range(4, 8) for column in range(6, 11)}
    assert instance_of(record, "particle")["die_count"] == 20


def test_the_same_place_is_told_in_dies_millimetres_and_pixels():
    # 30 x 24 dies, pitch 10 x 5 mm: the cluster's middle die is (5.5, 8), the wafer's is (14.5, 11.5).
    record = strict(result_json(example_result(die_pitch_mm=(10.0, 5.0), diameter_mm=300.0)))
    centroid = instance_of(record, "particle")["centroid"]
    assert centroid["die"] == pytest.approx([5.5, 8])
    assert centroid["mm"] == pytest.approx([(8 - 11.5) * 5, (14.5 - 5.5) * 10])
    assert centroid["px"] == pytest.approx([8.5 * REFERENCE_PX / 24, 6 * REFERENCE_PX / 30])


@pytest.mark.parametrize("unit", ["mm", "px"])
def test_an_outline_fills_its_bounding_box_in_every_unit(unit):
    record = strict(result_json(example_result(die_pitch_mm=(10.0, 5.0), diameter_mm=300.0)))
    for instance in record["instances"]:
        outline = np.array(instance["polygon"][unit])
        box = [*outline.min(axis=0), *outline.max(axis=0)]
        assert box == pytest.approx(instance["bbox"][unit], abs=2e-4)


def test_coordinates_of_many_wafers_are_one_json_text():
    text = coordinates_json(example_result(wafer_id=f"W{n}") for n in range(3))
    records = strict(text)
    assert records["units"] == UNITS
    assert [wafer["key"] for wafer in records["wafers"]] == ["LOT1:W0", "LOT1:W1", "LOT1:W2"]


def test_coordinates_of_no_wafer_are_json_too():
    assert strict(coordinates_json([]))["wafers"] == []
