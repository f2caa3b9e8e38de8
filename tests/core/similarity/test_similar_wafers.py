import math
from dataclasses import replace

import numpy as np
import pytest

from core.analysis.result import analyse
from core.lake import Lake, WaferFilter
from core.segmentation import Segmenter
from core.similarity import SimilarityIndex
from core.similarity.index import IndexKind
from core.similarity.similar_wafers import (
    OVERLAP_SHARE,
    find,
    on_common_grid,
    overlap,
    query_cluster,
    query_drawing,
    query_wafer,
    shared_history,
)
from core.similarity.upkeep import bring_up_to_date
from data.errors import ModelError, WaferValueError
from data.turning import symmetry
from data.wafer import FAIL
from tests.core.similarity.similar_examples import WAFERS, blank, shown


@pytest.fixture(scope="module")
def segmenter(tiny_model_path) -> Segmenter:
    return Segmenter.load(str(tiny_model_path), threads=1)


@pytest.fixture(scope="module")
def home(segmenter, tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    lake = Lake(home / "lake")
    lake.append_wafers(WAFERS)
    lake.append_results(analyse(WAFERS, segmenter))
    list(bring_up_to_date(lake, segmenter, home))
    return home


@pytest.fixture(scope="module")
def lake(home):
    return Lake(home / "lake")


@pytest.fixture(scope="module")
def index(home, segmenter):
    return {kind: SimilarityIndex.load(home, segmenter.name, kind) for kind in IndexKind}


def names(matches):
    return [match.result.wafer.wafer_id for match in matches]


@pytest.mark.slow
def test_a_wafer_of_the_lake_looks_like_itself_to_the_last_die(segmenter, lake, index):
    query = query_wafer(lake.result("LOT:B03"), segmenter)
    first = find(query, index[IndexKind.WAFERS], lake)[0]
    assert first.result.wafer.key == "LOT:B03"
    assert (first.cosine, first.overlap, first.turn) == (pytest.approx(1, abs=1e-5), 1.0, 0)
    assert first.score == pytest.approx(1, abs=1e-5)


def test_the_nearest_come_first_and_the_wafer_itself_can_be_left_out(segmenter, lake, index):
    query = query_wafer(lake.result("LOT:E03"), segmenter)
    found = find(query, index[IndexKind.WAFERS], lake, without=["LOT:E03"])
    assert set(names(found)[:2]) == {"E02", "E04"}
    assert len(found) == 10
    scores = [match.score for match in found]
    assert scores == sorted(scores, reverse=True)
    for match in found:
        assert match.score == pytest.approx((1 - OVERLAP_SHARE) * match.cosine + OVERLAP_SHARE * match.overlap)


def test_a_filter_is_applied_before_ranking(segmenter, lake, index):
    query = query_wafer(lake.result("LOT:E03"), segmenter)
    found = find(query, index[IndexKind.WAFERS], lake, WaferFilter(product="B"), count=12)
    assert sorted(names(found)) == [f"B{hour:02d}" for hour in range(12)]
    assert find(query, index[IndexKind.WAFERS], lake, WaferFilter(product="none")) == []


def test_turned_wafers_match_where_that_is_wanted(segmenter, lake, index):
    turned = [
        find(query_wafer(lake.result("LOT:E03"), segmenter, turned=flag), index[IndexKind.WAFERS], lake)
        for flag in (False, True)
    ]
    found = {match.result.wafer.wafer_id: match for match in turned[1]}
    for opposite in ("E00", "E06", "E09"):
        assert found[opposite].cosine == pytest.approx(1, abs=1e-3)
        assert found[opposite].overlap > 0.9
        assert found[opposite].turn > 0
    assert "E09" not in names(turned[0][:4])


def test_one_cluster_of_a_mixed_wafer_finds_those_that_have_it_whatever_else_they_have(segmenter, lake, index):
    mixed = lake.result("LOT:B03")
    rim = next(i for i in mixed.instances if i.class_key == "edge")
    found = find(query_cluster(mixed.wafer, rim, segmenter), index[IndexKind.CLUSTERS], lake, count=4)
    assert set(names(found[:2])) == {"B03", "E03"}
    for match in found[:2]:
        assert match.cluster > 0
        assert match.overlap == 1.0
        assert set(map(tuple, np.argwhere(match.mask))) == set(map(tuple, rim.dies))


def test_a_drawing_finds_clusters_where_it_was_drawn(segmenter, lake, index):
    drawing = shown("sketch", 6, ["edge"])
    found = find(query_drawing(drawing, segmenter), index[IndexKind.CLUSTERS], lake, count=2)
    assert set(names(found)) == {"E06", "B06"}
    with pytest.raises(WaferValueError, match="no die is drawn"):
        query_drawing(shown("sketch", 6, []), segmenter)


def test_a_wafer_stands_in_the_list_once(segmenter, lake, index):
    found = find(query_drawing(shown("s", 0, ["edge", "center"]), segmenter), index[IndexKind.CLUSTERS], lake, count=50)
    assert len(names(found)) == len(set(names(found)))


def test_wafers_without_a_pattern_are_ranked_by_their_embeddings_alone(segmenter, lake, index):
    first = find(query_wafer(lake.result("LOT:N"), segmenter), index[IndexKind.WAFERS], lake)[0]
    assert first.result.wafer.wafer_id == "N"
    assert math.isnan(first.overlap)
    assert first.score == first.cosine


def test_an_index_of_another_model_or_kind_is_refused(segmenter, lake, index):
    query = query_wafer(lake.result("LOT:N"), segmenter)
    with pytest.raises(ModelError, match=r"an index of clusters by tiny@\w+ cannot find wafers"):
        find(query, index[IndexKind.CLUSTERS], lake)
    with pytest.raises(ModelError, match="other@1: an index of wafers"):
        find(replace(query, model="other@1"), index[IndexKind.WAFERS], lake)


def test_overlap_is_the_iou_over_dies():
    dies = blank()
    rng = np.random.default_rng(2)
    one, other = (rng.random(dies.shape) < share for share in (0.3, 0.5))
    both, either = int((one & other).sum()), int((one | other).sum())
    assert overlap(one, dies, other, dies) == both / either
    assert math.isnan(overlap(one & False, dies, other & False, dies))
    assert overlap(one, dies, other & False, dies) == 0


def test_overlap_of_grids_that_differ_goes_by_place_on_the_wafer():
    small, large = shown("s", 3, ["edge"], size=30).dies, shown("l", 3, ["edge"], size=60).dies
    assert overlap(small == FAIL, small, large == FAIL, large) > 0.8
    padded = np.zeros((80, 70), dtype=np.uint8)
    padded[5:65, 3:63] = large
    assert overlap(small == FAIL, small, padded == FAIL, padded) == overlap(small == FAIL, small, large == FAIL, large)
    ours, theirs = on_common_grid(small == FAIL, small, large == FAIL, large)
    assert ours.shape == theirs.shape == (60, 60)


def test_turning_both_wafers_leaves_the_overlap_as_it_is():
    one, other = (shown("w", hour, ["edge"]).dies for hour in (3, 4))
    expected = overlap(one == FAIL, one, other == FAIL, other)
    for k in range(8):
        a, b = symmetry(one, k), symmetry(other, k)
        assert overlap(a == FAIL, a, b == FAIL, b) == expected


def test_shared_history_counts_against_the_whole_lake(lake):
    keys = [f"LOT:B{hour:02d}" for hour in range(6)] + ["LOT:E00", "LOT:C0"]
    table = shared_history(lake, keys)
    assert table[["attribute", "value", "matches", "of_matches"]].values.tolist() == [["tool", "T2", 6, 8]]
    assert table["share"][0] == pytest.approx(12 / 27)
    assert table["times"][0] == pytest.approx((6 / 8) / (12 / 27))
