import json

import numpy as np
import pyarrow as pa
import pytest

from core.lake import Lake
from core.lake.embedding_rows import Embedded
from core.similarity import SimilarityIndex
from core.similarity.index import IndexKind, trained
from data.errors import IndexDamagedError, IndexMissingError, ModelError
from tests.core.embedding_examples import in_clusters, of_wafers, unit

VECTORS = in_clusters(3000)
QUERIES = unit(VECTORS[:40] + 0.2 * in_clusters(40, spread=5, seed=1))


class EarlySorted(SimilarityIndex):
    """An index that sorts its vectors into cells when there are few."""

    exact_below = 5


def exact(queries, vectors, count=10, among=None):
    """Rows nearest to each query by brute force."""
    cosines = queries.astype(np.float64) @ vectors.T
    if among is not None:
        cosines[:, ~np.isin(np.arange(len(vectors)), among)] = -np.inf
    return np.argsort(-cosines, axis=1, kind="stable")[:, :count]


def rows(near):
    return [int(key.partition(":")[2]) for key in near.keys]


@pytest.fixture
def index():
    made = SimilarityIndex("model@1", IndexKind.WAFERS)
    made.add(of_wafers(VECTORS))
    return made


@pytest.fixture
def in_cells():
    made = SimilarityIndex("model@1", IndexKind.WAFERS, trained([VECTORS[:1500], VECTORS[1500:]], len(VECTORS)))
    made.exact_below = 200
    made.add(of_wafers(VECTORS))
    return made


def test_a_small_index_finds_what_brute_force_finds(index):
    for query, expected in zip(QUERIES, exact(QUERIES, VECTORS), strict=True):
        near = index.search(query[None], 10)
        assert rows(near) == expected.tolist()
        assert near.cosines == pytest.approx(VECTORS[expected] @ query, abs=1e-6)
        assert near.numbers == [0] * 10


def test_a_large_index_finds_nearly_all_that_brute_force_finds(in_cells):
    found = [set(rows(in_cells.search(query[None], 10))) for query in QUERIES]
    shared = [len(f & set(e)) for f, e in zip(found, exact(QUERIES, VECTORS).tolist(), strict=True)]
    assert np.mean(shared) >= 9.7
    assert type(in_cells._index).__name__ == "IndexIVFScalarQuantizer"


@pytest.mark.parametrize("made", ["index", "in_cells"])
@pytest.mark.parametrize("share", [0.02, 0.2])
def test_a_filter_loses_no_result(made, share, request):
    part = np.flatnonzero(np.random.default_rng(3).random(len(VECTORS)) < share)
    among = pa.array([f"L:{i}" for i in part])
    shared = []
    for query, expected in zip(QUERIES, exact(QUERIES, VECTORS, among=part).tolist(), strict=True):
        found = rows(request.getfixturevalue(made).search(query[None], 10, among))
        assert set(found) <= set(part)
        assert len(found) == 10
        shared.append(len(set(found) & set(expected)))
    assert np.mean(shared) >= (10 if made == "index" else 9.7)


def test_more_looks_at_one_thing_give_the_best_of_each_vector_once(index):
    near = index.search(VECTORS[[7, 11]], 5)
    assert set(rows(near)[:2]) == {7, 11}
    assert len(set(rows(near))) == 5
    assert near.cosines.tolist() == sorted(near.cosines, reverse=True)
    best = np.max(VECTORS[rows(near)] @ VECTORS[[7, 11]].T, axis=1)
    assert near.cosines == pytest.approx(best, abs=1e-6)
    assert near.looks[rows(near).index(7)] == 0
    assert near.looks[rows(near).index(11)] == 1


def test_a_wafer_added_again_is_found_by_its_new_vector_alone(index):
    newer = unit(-VECTORS[5:6])
    assert index.add(of_wafers(newer, first=5, sequence=2)) == 1
    assert len(index) == len(VECTORS)
    assert "L:5" not in index.search(VECTORS[5:6], 100).keys
    assert index.search(newer, 1).keys == ["L:5"]


def test_few_vectors_give_few_results_and_none_give_none():
    index = SimilarityIndex("model@1", IndexKind.WAFERS)
    assert index.search(VECTORS[:1], 10).keys == []
    index.add(of_wafers(VECTORS[:3]))
    assert len(index.search(VECTORS[:1], 10).keys) == 3
    assert index.search(VECTORS[:1], 10, pa.array(["L:99"])).keys == []


def test_vectors_of_another_model_are_refused(index):
    with pytest.raises(ModelError, match=r"model@2: its vectors cannot be compared with those of model@1"):
        index.add(of_wafers(VECTORS[:1], model="model@2"))


@pytest.mark.parametrize("made", ["index", "in_cells"])
def test_a_saved_index_comes_back(made, tmp_path, request):
    index = request.getfixturevalue(made)
    index.add(of_wafers(unit(-VECTORS[5:6]), first=5, sequence=9))
    for _ in range(2):
        index.save(tmp_path)
    again = SimilarityIndex.load(tmp_path, "model@1", IndexKind.WAFERS)
    assert (len(again), again.sequence) == (len(index), 9)
    for query in QUERIES[:5]:
        assert again.search(query[None], 10).keys == index.search(query[None], 10).keys


def test_an_index_that_is_not_there_damaged_or_of_another_model_is_refused_with_a_way_out(index, tmp_path):
    with pytest.raises(IndexMissingError, match=r"it was not built yet. Build it on the Similar page"):
        SimilarityIndex.load(tmp_path, "model@1", IndexKind.WAFERS)
    index.save(tmp_path)
    with pytest.raises(IndexMissingError, match=r"it was not built yet"):
        SimilarityIndex.load(tmp_path, "model@1", IndexKind.CLUSTERS)
    with pytest.raises(IndexMissingError, match=r"it is of the model model@1, the one in use is model@2"):
        SimilarityIndex.load(tmp_path, "model@2", IndexKind.WAFERS)
    whole = next((tmp_path / "index").glob("*.faiss")).read_bytes()
    flipped = whole[:-9] + bytes([whole[-9] ^ 1]) + whole[-8:]
    for content in (b"noise", whole[:-100], flipped):
        next((tmp_path / "index").glob("*.faiss")).write_bytes(content)
        with pytest.raises(IndexDamagedError, match=r"it cannot be read \(wafers-.*faiss is not what was written"):
            SimilarityIndex.load(tmp_path, "model@1", IndexKind.WAFERS)
    next((tmp_path / "index").glob("*.faiss")).unlink()
    with pytest.raises(IndexDamagedError, match=r"it cannot be read \(.*faiss is missing"):
        SimilarityIndex.load(tmp_path, "model@1", IndexKind.WAFERS)
    (tmp_path / "index" / "wafers.json").write_text(json.dumps([1]), encoding="utf-8")
    with pytest.raises(IndexMissingError, match="it cannot be read"):
        SimilarityIndex.load(tmp_path, "model@1", IndexKind.WAFERS)


@pytest.fixture
def lake(tmp_path):
    """40 wafers' vectors, wafer n with n % 3 clusters, and a few of another model."""
    lake = Lake(tmp_path / "lake")
    rows = [
        Embedded(f"L:{n}", n, "model@1", VECTORS[n], 1, tuple(range(1, n % 3 + 1)), VECTORS[100 + n : 100 + n + n % 3])
        for n in range(40)
    ]
    lake.append_embeddings(rows)
    lake.append_embeddings([Embedded("L:0", 0, "other@1", VECTORS[50])])
    return lake


@pytest.mark.parametrize("index_type", [SimilarityIndex, EarlySorted])
def test_an_index_is_built_of_all_that_the_lake_keeps_of_a_model(lake, index_type):
    told = []
    index = index_type.build(lake, "model@1", IndexKind.WAFERS, lambda done, total: told.append((done, total)))
    assert hasattr(index._index, "nlist") == (index_type is EarlySorted)
    assert told[-1] == (40, 40)
    assert [index.search(VECTORS[n : n + 1], 1).keys for n in range(40)] == [[f"L:{n}"] for n in range(40)]
    clusters = index_type.build(lake, "model@1", IndexKind.CLUSTERS)
    assert len(clusters) == sum(n % 3 for n in range(40))
    near = clusters.search(VECTORS[100 + 5 + 1][None], 1)  # the second cluster of wafer 5
    assert (near.keys, near.numbers) == (["L:5"], [2])


def test_an_index_catches_up_with_the_lake(lake):
    index = SimilarityIndex.build(lake, "model@1", IndexKind.CLUSTERS)
    assert index.catch_up(lake) == 0
    lake.append_embeddings([Embedded("L:5", 5, "model@1", VECTORS[5], 2, (7,), VECTORS[300:301])])
    lake.append_embeddings([Embedded("L:99", 5, "model@1", VECTORS[6])])
    assert index.catch_up(lake) == 1
    near = index.search(VECTORS[300:301], 1)
    assert (near.keys, near.numbers) == (["L:5"], [7])
    every = index.search(VECTORS[:1], 500)
    assert [n for key, n in zip(every.keys, every.numbers, strict=True) if key == "L:5"] == [7]


def test_of_an_empty_lake_an_index_is_empty(tmp_path):
    index = SimilarityIndex.build(Lake(tmp_path / "lake"), "model@1", IndexKind.CLUSTERS)
    assert (len(index), index.search(VECTORS[:1], 5).keys) == (0, [])
