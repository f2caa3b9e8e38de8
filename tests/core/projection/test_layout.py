import numpy as np
import pyarrow as pa
import pytest

from core.projection.layout import Placer, lay_out
from data.errors import MapError
from tests.core.embedding_examples import of_wafers
from tests.core.projection.map_examples import blobs

pytestmark = pytest.mark.slow

FITTED = 120


@pytest.fixture(scope="session")
def laid_out():
    """150 vectors in 6 clusters, the first 120 of them laid out, and a placer: the one fit by UMAP of all tests."""
    matrix, members = blobs(150)
    layout = lay_out(of_wafers(matrix[:FITTED]).keys, matrix[:FITTED], 3)
    middles = np.array([layout.reduced[members[:FITTED] == k].mean(axis=0) for k in range(6)])
    return layout, Placer(layout, middles), matrix, members


def nearest_members(places, wafers, members):
    """For each of some wafers the clusters of its five nearest fitted ones on the map."""
    far = np.linalg.norm(places[wafers][:, None] - places[None, :FITTED], axis=-1)
    far[np.arange(len(wafers)), np.minimum(wafers, FITTED - 1)] = np.inf
    return members[np.argsort(far, axis=1)[:, :5]]


def test_similar_wafers_lie_together_and_the_map_is_100_either_way(laid_out):
    layout, _, _, members = laid_out
    near = nearest_members(layout.places, np.arange(FITTED), members)
    assert np.mean(near == members[:FITTED, None]) > 0.95
    assert layout.places.min(axis=0).tolist() == [0, 0]
    assert layout.places.max(axis=0) == pytest.approx([100, 100], rel=1e-5)  # float32


def test_wafers_it_was_fitted_on_stay_and_others_come_among_their_similar_wafers(laid_out):
    layout, placer, matrix, members = laid_out
    placed = placer.place(of_wafers(matrix).keys, matrix)
    assert (placed.places[:FITTED] == layout.places).all()
    new = np.arange(FITTED, 150)
    assert np.mean(nearest_members(placed.places, new, members) == members[new, None]) > 0.95
    assert (placed.clusters == members).all()


def test_a_fitted_wafer_that_looks_otherwise_now_leaves_its_place(laid_out):
    layout, placer, matrix, members = laid_out
    placed = placer.place(pa.array(["L:0"]), matrix[1:2])
    far = np.linalg.norm(layout.places - placed.places[0], axis=1)
    assert members[:FITTED][np.argsort(far)[:5]].tolist() == [members[1]] * 5


def test_a_place_does_not_depend_on_who_is_placed_with_it(laid_out):
    _, placer, matrix, _ = laid_out
    keys = of_wafers(matrix).keys
    one, all_of_them = placer.place(keys[130:131], matrix[130:131]), placer.place(keys, matrix)
    assert one.places[0] == pytest.approx(all_of_them.places[130], abs=1e-3)  # float32 sums of another order
    assert one.novelty[0] == all_of_them.novelty[130]


def test_too_few_wafers_make_no_map():
    matrix, _ = blobs(19)
    with pytest.raises(MapError, match=r"19 wafers have embeddings, a map needs 20 or more. Take in and segment more"):
        lay_out(of_wafers(matrix).keys, matrix, 0)
