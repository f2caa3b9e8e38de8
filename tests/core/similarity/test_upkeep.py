import numpy as np
import pytest

from core.analysis.result import analyse
from core.lake import Lake
from core.segmentation import Segmenter
from core.similarity import SimilarityIndex
from core.similarity.index import IndexKind
from core.similarity.upkeep import EMBEDDING, bring_up_to_date, embed_new
from data.synthesis import WaferRecipe, draw_wafer
from data.wafer import WaferMap

RECIPE = WaferRecipe(shortest=30, longest=34, classes=("edge", "center", "particle"))


@pytest.fixture(scope="module")
def segmenter(tiny_model_path) -> Segmenter:
    return Segmenter.load(str(tiny_model_path), threads=1)


@pytest.fixture(scope="module")
def results(segmenter):
    wafers = [WaferMap(draw_wafer(np.random.default_rng(i), RECIPE).wafer.dies, "LOT", f"W{i:02d}") for i in range(6)]
    return analyse(wafers, segmenter)


def kept(home, segmenter):
    return [len(SimilarityIndex.load(home, segmenter.name, kind)) for kind in IndexKind]


def files(home):
    return sorted(path.name for path in (home / "index").iterdir())


def put(lake, results):
    lake.append_wafers(result.wafer for result in results)
    lake.append_results(results)


@pytest.mark.parametrize("anew", [False, True])
def test_what_is_new_in_the_lake_is_found_after(results, segmenter, tmp_path, anew):
    lake = Lake(tmp_path / "lake")
    for some in (results[:4], results[4:]):
        put(lake, some)
        steps = list(bring_up_to_date(lake, segmenter, tmp_path, anew=anew))
    assert steps[0].what == EMBEDDING
    assert steps[-1].done == steps[-1].total
    assert kept(tmp_path, segmenter) == [6, sum(len(r.instances) for r in results)]
    index = SimilarityIndex.load(tmp_path, segmenter.name, IndexKind.WAFERS)
    for result in results:
        assert index.search(result.segmentation.embedding[None], 1).keys == [result.wafer.key]


def test_clusters_of_new_wafers_are_found_by_an_index_that_is_open(results, segmenter, tmp_path):
    lake = Lake(tmp_path / "lake")
    put(lake, results[:3])
    list(bring_up_to_date(lake, segmenter, tmp_path))
    index = SimilarityIndex.load(tmp_path, segmenter.name, IndexKind.CLUSTERS)
    put(lake, results[3:])
    assert embed_new(lake, segmenter, 2) == 0  # more than one waits for
    assert index.catch_up(lake) == 0
    assert embed_new(lake, segmenter, 3) == 3
    assert index.catch_up(lake) == sum(len(r.instances) for r in results[3:])
    assert embed_new(lake, segmenter, 3) == 0


def test_where_nothing_is_new_the_indexes_stay_as_they_are(results, segmenter, tmp_path):
    lake = Lake(tmp_path / "lake")
    put(lake, results)
    list(bring_up_to_date(lake, segmenter, tmp_path))
    before = files(tmp_path)
    list(bring_up_to_date(lake, segmenter, tmp_path))
    assert files(tmp_path) == before
    list(bring_up_to_date(lake, segmenter, tmp_path, anew=True))
    assert files(tmp_path) != before


def test_work_that_is_stopped_leaves_the_indexes_before(results, segmenter, tmp_path):
    lake = Lake(tmp_path / "lake")
    put(lake, results[:3])
    list(bring_up_to_date(lake, segmenter, tmp_path))
    put(lake, results[3:])
    steps = bring_up_to_date(lake, segmenter, tmp_path)
    for step in steps:
        if step.what != EMBEDDING:
            break
    steps.close()  # type: ignore[attr-defined]
    assert kept(tmp_path, segmenter)[0] == 3
    list(bring_up_to_date(lake, segmenter, tmp_path))
    assert kept(tmp_path, segmenter)[0] == 6


def test_a_damaged_index_is_built_anew_and_a_step_says_so(results, segmenter, tmp_path):
    lake = Lake(tmp_path / "lake")
    put(lake, results)
    assert not [step for step in bring_up_to_date(lake, segmenter, tmp_path) if "anew" in step.what]
    next((tmp_path / "index").glob("wafers-*.faiss")).write_bytes(b"noise")
    said = [step.what for step in bring_up_to_date(lake, segmenter, tmp_path) if "anew" in step.what]
    assert len(said) == 1
    assert said[0].startswith("building wafers anew, for it cannot be read (wafers-")
    assert kept(tmp_path, segmenter)[0] == 6
