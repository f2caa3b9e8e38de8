import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.exports.review_points import Places, review_points, spread
from core.exports.review_table import load_review_table
from data.classes import CLASS_COUNT, CLASS_INDEX
from data.wafer import WaferMap
from tests.core.exports.examples import analysed, example_result


def farthest_first(places, first, count):
    """Farthest-point sampling as its definition reads, place by place."""
    chosen = list(first[:count])
    while len(chosen) < min(count, len(places)):
        gaps = [
            min(np.square(places[at] - places[one]).sum() for one in [*first, *chosen]) for at in range(len(places))
        ]
        chosen.append(int(np.argmax(gaps)))
    return chosen


@given(seed=st.integers(0, 999), size=st.integers(1, 20), count=st.integers(1, 25))
def test_spread_equals_its_definition(seed, size, count):
    places = np.random.default_rng(seed).integers(0, 1000, (size, 2)).astype(float)
    assert spread(places, [0], count) == farthest_first(places, [0], count)


def test_every_cluster_is_seen_before_any_is_seen_twice():
    dies = np.ones((40, 40), dtype=np.uint8)
    blocks = [(2, 2), (2, 30), (30, 2), (30, 30)]
    for row, column in blocks:
        dies[row : row + 6, column : column + 6] = 2
    masks = np.zeros((CLASS_COUNT, 40, 40), dtype=bool)
    masks[CLASS_INDEX["particle"]] = dies == 2
    result = analysed(WaferMap(dies=dies, lot_id="L", wafer_id="W"), masks)
    assert len(result.instances) == 4
    table = load_review_table()
    points = review_points(result, Places.DIES, table)
    seen = [point.instance.number for point in points]
    count = table.points("particle", result.severity.score)
    assert len(points) == count >= 4
    assert set(seen) == {1, 2, 3, 4}
    assert all(dies[round(point.die[0]), round(point.die[1])] == 2 for point in points)


def test_no_die_comes_twice_and_a_small_cluster_gives_no_more_than_it_has():
    result = example_result()
    points = review_points(result, Places.DIES, load_review_table())
    places = [(point.instance.class_key, point.die) for point in points]
    assert len(set(places)) == len(places)
    assert sum(key == "scratch" for key, _ in places) == min(
        5, load_review_table().points("scratch", result.severity.score)
    )


def test_centroids_are_those_of_the_clusters():
    result = example_result()
    points = review_points(result, Places.CENTROIDS, load_review_table())
    assert [point.die for point in points] == [one.centroid_die for one in result.instances]
    assert points[0].size_mm == pytest.approx(
        (
            result.instances[0].bbox_mm[2] - result.instances[0].bbox_mm[0],
            result.instances[0].bbox_mm[3] - result.instances[0].bbox_mm[1],
        )
    )
