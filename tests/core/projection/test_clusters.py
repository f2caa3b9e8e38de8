import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score, silhouette_score

from core.projection.axes import principal_axes
from core.projection.clusters import find_clusters, nearest_cluster
from data.errors import MapError
from tests.core.projection.map_examples import blobs


@pytest.fixture(scope="module")
def parted():
    matrix, members = blobs(240, clusters=7)
    reduced = principal_axes(matrix).reduced(matrix)
    return reduced, members, find_clusters(reduced, None, 0)


def test_clusters_that_stand_apart_are_found_and_counted(parted):
    _, members, found = parted
    assert len(found.middles) == 7
    assert adjusted_rand_score(members, found.members) == 1


def test_the_silhouette_said_is_that_of_the_clusters(parted):
    reduced, members, found = parted
    assert found.silhouettes[7] == pytest.approx(silhouette_score(reduced, members), abs=1e-6)
    assert max(found.silhouettes, key=found.silhouettes.__getitem__) == 7
    assert list(found.silhouettes) == list(range(4, 25))


def test_middles_are_the_means_of_their_members(parted):
    reduced, _, found = parted
    means = np.array([reduced[found.members == k].mean(axis=0) for k in range(7)])
    assert found.middles == pytest.approx(means, abs=1e-5)  # float32


def test_a_person_can_set_the_number(parted):
    found = find_clusters(parted[0], 3, 0)
    assert len(found.middles) == 3
    assert list(found.silhouettes) == [3]


def test_more_clusters_than_wafers_are_refused(parted):
    with pytest.raises(MapError, match=r"9 clusters are asked for among 8 wafers\. Ask"):
        find_clusters(parted[0][:8], 9, 0)


@pytest.mark.filterwarnings("ignore:Number of distinct clusters")
def test_wafers_that_all_look_the_same_are_parted_all_the_same():
    found = find_clusters(np.ones((30, 3), dtype=np.float32), None, 0)
    assert found.members.tolist() == [0] * 30


def test_the_largest_cluster_comes_first():
    matrix, members = blobs(240, clusters=4)
    reduced = principal_axes(matrix).reduced(matrix)
    chosen = (members != 2) | (np.arange(240) < 80)
    sizes = np.bincount(find_clusters(reduced[chosen], None, 0).members)
    assert sizes.tolist() == [60, 60, 60, 20]


def test_the_same_seed_gives_the_same_clusters(parted):
    again = find_clusters(parted[0], None, 0)
    assert (again.members == parted[2].members).all()
    assert (again.middles == parted[2].middles).all()


def test_the_nearest_cluster_is_that_of_brute_force():
    rng = np.random.default_rng(1)
    points = rng.standard_normal((50, 6)).astype(np.float32)
    middles = rng.standard_normal((5, 6)).astype(np.float32)
    expected = [int(np.argmin([np.sum((p - m) ** 2) for m in middles])) for p in points]
    assert nearest_cluster(points, middles).tolist() == expected
