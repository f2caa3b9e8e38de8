import numpy as np
import pytest

from core.analysis.result import analyse
from core.lake import Lake
from core.segmentation import Segmenter
from core.similarity.embeddings import alone, embed, embed_backlog, embed_turned, lacking, stored
from data.errors import ModelError
from data.synthesis import WaferRecipe, draw_wafer
from data.turning import symmetry
from data.wafer import WaferMap
from tests.tiny_model import METADATA, write_tiny_model

RECIPE = WaferRecipe(shortest=30, longest=34, classes=("edge", "center", "particle"))


@pytest.fixture(scope="module")
def segmenter(tiny_model_path) -> Segmenter:
    return Segmenter.load(str(tiny_model_path), threads=1)


@pytest.fixture(scope="module")
def wafers() -> list[WaferMap]:
    return [WaferMap(draw_wafer(np.random.default_rng(i), RECIPE).wafer.dies, "LOT", f"W{i:02d}") for i in range(8)]


@pytest.fixture(scope="module")
def results(wafers, segmenter):
    found = analyse(wafers, segmenter)
    assert sum(len(r.instances) for r in found) > 4
    assert any(not r.instances for r in analyse([_clean()], segmenter))
    return found


def _clean() -> WaferMap:
    return WaferMap(np.ones((30, 30), dtype=np.uint8), "LOT", "W99")


def test_embedding_is_what_segmenting_says_by_the_way(wafers, segmenter):
    expected = [found.embedding for found in segmenter.segment(wafers)]
    assert np.array_equal(embed(wafers, segmenter), expected)
    assert embed([], segmenter).shape == (0, 512)


def test_a_model_without_embeddings_is_refused_with_a_way_out(wafers, tmp_path):
    plain = Segmenter.load(str(write_tiny_model(tmp_path / "plain.onnx", dimension=0)), threads=1)
    with pytest.raises(ModelError, match=r"tiny@.*: the model gives no embeddings.* Export the model again"):
        embed(wafers, plain)


def test_a_wafer_turned_is_found_among_its_turns(wafers, segmenter):
    turns = embed_turned(wafers[0], segmenter)
    assert np.array_equal(turns[0], embed(wafers[:1], segmenter)[0])
    turned = WaferMap(np.ascontiguousarray(symmetry(wafers[0].dies, 6)), "LOT", "turned")
    assert turns @ embed([turned], segmenter)[0] == pytest.approx(turns @ turns[6], abs=1e-6)


def test_a_cluster_alone_is_the_wafer_with_only_its_dies_failing(results):
    result = next(r for r in results if len(r.instances) > 1)
    instance = result.instances[1]
    only = alone(result.wafer, instance)
    assert sorted(map(tuple, np.argwhere(only.failing))) == sorted(map(tuple, instance.dies))
    assert np.array_equal(only.on_wafer, result.wafer.on_wafer)


def test_what_is_segmented_into_the_lake_is_embedded_by_the_way(results, wafers, segmenter, tmp_path):
    lake = Lake(tmp_path / "lake")
    lake.append_wafers([*wafers, _clean()])
    lake.append_results([*results, *analyse([_clean()], segmenter)])
    (part,) = stored(lake, segmenter.name, clusters=False)
    assert part.keys.to_pylist() == [*sorted(w.key for w in wafers), "LOT:W99"]
    assert part.matrix[:8] == pytest.approx(embed(wafers, segmenter), abs=1e-6)
    # What has no clusters is done; of the rest only the clusters lack.
    assert lacking(lake, segmenter.name) == [r.wafer.key for r in results if r.instances]


def test_the_backlog_embeds_wafers_and_clusters_once(results, wafers, segmenter, tmp_path):
    lake = Lake(tmp_path / "lake")
    lake.append_wafers(wafers)
    lake.append_results(results[:6])  # two stay without a result
    steps = list(embed_backlog(lake, segmenter))
    assert (steps[0][0], steps[-1]) == (0, (steps[0][1], steps[0][1]))
    assert list(embed_backlog(lake, segmenter)) == [(0, 0)]
    plain = list(stored(lake, segmenter.name, clusters=False, rows=3))
    assert [key for part in plain for key in part.keys.to_pylist()] == [w.key for w in wafers]
    assert np.concatenate([p.matrix for p in plain]) == pytest.approx(embed(wafers, segmenter), abs=1e-6)
    found = {
        (key, number): row
        for part in stored(lake, segmenter.name, clusters=True, rows=3)
        for key, number, row in zip(part.keys.to_pylist(), part.numbers.tolist(), part.matrix, strict=True)
    }
    expected = {(r.wafer.key, i.number): alone(r.wafer, i) for r in results[:6] for i in r.instances}
    assert set(found) == set(expected)
    for name, only in expected.items():
        assert found[name] == pytest.approx(embed([only], segmenter)[0], abs=1e-6)


def test_a_wafer_tested_or_segmented_anew_is_embedded_anew(results, wafers, segmenter, tmp_path):
    lake = Lake(tmp_path / "lake")
    lake.append_wafers(wafers)
    lake.append_results(results)
    list(embed_backlog(lake, segmenter))
    lake.append_results(results[:1])
    changed = WaferMap(wafers[3].dies[::-1], "LOT", "W03")
    lake.append_wafers([changed])
    again = [r.wafer.key for r in results[:1] if r.instances] + ["LOT:W03"]
    assert lacking(lake, segmenter.name) == again
    list(embed_backlog(lake, segmenter))
    (part,) = stored(lake, segmenter.name, clusters=False)
    assert part.matrix[3] == pytest.approx(embed([changed], segmenter)[0], abs=1e-6)


def test_each_model_has_vectors_of_its_own(wafers, segmenter, tmp_path):
    lake = Lake(tmp_path / "lake")
    lake.append_wafers(wafers)
    list(embed_backlog(lake, segmenter))
    other = Segmenter.load(
        str(write_tiny_model(tmp_path / "o.onnx", metadata={**METADATA, "name": "other"})), threads=1
    )
    assert list(stored(lake, other.name, clusters=False)) == []
    assert len(lacking(lake, other.name)) == len(wafers)
    (newest,) = stored(lake, segmenter.name, clusters=False)
    assert list(stored(lake, segmenter.name, clusters=False, after=newest.sequence)) == []


@pytest.mark.slow
def test_vectors_survive_compaction(wafers, results, segmenter, tmp_path):
    lake = Lake(tmp_path / "lake")
    lake.append_wafers(wafers)
    for result in results:
        lake.append_results([result])
    list(embed_backlog(lake, segmenter))
    (before,) = stored(lake, segmenter.name, clusters=True)
    assert lake.compact(least=2, settled_seconds=0) > 0
    (after,) = stored(lake, segmenter.name, clusters=True)
    assert np.array_equal(before.matrix, after.matrix)
    assert before.keys.equals(after.keys)
