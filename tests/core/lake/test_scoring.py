from dataclasses import replace

import numpy as np
import pyarrow.parquet as pq
import pytest

from core.lake import Lake
from core.lake.embedding_rows import Embedded
from core.lake.rows import dies_hash
from core.lake.scoring import LEAST_NORMAL, count_outdated, main_reasons, normal_fail_shares, rescore
from core.severity import SEVERITY_VERSION, severity
from tests.core.lake_examples import drawn, found_on

CLASSES = (("edge",), ("ring", "scratch"), (), ("center",))


@pytest.fixture
def results():
    return [found_on(drawn(n), *CLASSES[n % 4], seed=n) for n in range(80)]


@pytest.fixture
def old(tmp_path, results):
    """A lake as it was written before severity had versions."""
    lake = Lake(tmp_path)
    lake.append_wafers(result.wafer for result in results)
    lake.append_results((replace(r, severity=replace(r.severity, score=1.5)) for r in results), seconds=0.25)
    for part in (tmp_path / "segmentations").glob("*.parquet"):
        pq.write_table(pq.read_table(part).drop_columns(["severity_version", "normal_fail_share"]), part)
    return Lake(tmp_path)


def scored_anew(lake):
    return list(rescore(lake))[-1]


def test_the_normal_of_a_product_is_the_median_of_its_wafers(tmp_path):
    lake = Lake(tmp_path)
    wafers = [drawn(n, product="TC38") for n in range(LEAST_NORMAL)]
    few = [drawn(100 + n, product="TC39") for n in range(LEAST_NORMAL - 1)]
    lake.append_wafers([*wafers, *few, *(drawn(200 + n, product="") for n in range(30))])
    assert normal_fail_shares(lake) == {"TC38": pytest.approx(np.median([1 - w.yield_fraction for w in wafers]))}


def test_results_without_a_version_are_of_the_first(old, results):
    assert count_outdated(old) == 80
    assert {r.severity.version for r in old.results_by_keys([r.wafer.key for r in results]).values()} == {1}


def test_todays_results_are_not_outdated_and_say_what_they_were_held_against(tmp_path, results):
    lake = Lake(tmp_path)
    lake.append_wafers(result.wafer for result in results)
    lake.append_results(results)
    assert count_outdated(lake) == 0
    for result in results[:9]:
        kept = lake.result(result.wafer.key)
        assert vars(kept.severity) == pytest.approx(vars(result.severity), nan_ok=True)


@pytest.mark.slow
def test_scoring_anew_changes_scores_alone(old, results):
    columns = "key, model, seconds, segmented_at, cluster_count, affected_dies"
    before = old.query(f"SELECT {columns} FROM wafers ORDER BY key")
    assert scored_anew(old) == (80, 80)
    assert old.query(f"SELECT {columns} FROM wafers ORDER BY key").equals(before)
    assert count_outdated(old) == 0
    normal = normal_fail_shares(old)
    assert normal
    for result in results:
        kept = old.result(result.wafer.key)
        expected = severity(kept.instances, result.wafer, normal_fail_share=normal.get(result.wafer.product))
        assert kept.severity.score == pytest.approx(expected.score)
        assert kept.severity.version == SEVERITY_VERSION
        assert kept.severity.reason == expected.reason
        assert len(kept.instances) == len(result.instances)
        assert np.array_equal(kept.segmentation.masks, result.segmentation.masks)


def test_scoring_anew_is_the_same_after_a_merge_and_done_once(old):
    assert scored_anew(old) == (80, 80)
    scores = old.query("SELECT key, severity FROM wafers ORDER BY key")
    old.compact(settled_seconds=0, least=2)
    assert Lake(old.root).query("SELECT key, severity FROM wafers ORDER BY key").equals(scores)
    assert list(rescore(Lake(old.root))) == [(0, 0)]


def test_a_product_is_scored_anew_by_rules_that_have_changed(old, results, tmp_path, monkeypatch):
    assert scored_anew(old) == (80, 80)
    before = old.query("SELECT key, product, severity FROM wafers ORDER BY key")
    product = before["product"].value_counts().index[0]
    (tmp_path / "rules.toml").write_text(f'[product."{product}"]\nnormal_fail_share = 0.0\ncount_saturation = 1\n')
    monkeypatch.setenv("WAFERSCOPE_SEVERITY", str(tmp_path / "rules.toml"))
    assert list(rescore(old))[-1] == (0, 0)
    own = int((before["product"] == product).sum())
    assert list(rescore(old, product))[-1] == (own, own)
    after = old.query("SELECT key, product, severity FROM wafers ORDER BY key")
    risen = after["severity"] > before["severity"]
    assert risen.any()
    assert set(after["product"][after["severity"] != before["severity"]]) == {product}
    assert risen[after["product"] == product].all()


def test_a_newer_result_stands(old, results):
    steps = rescore(old)
    next(steps)
    newer = replace(results[0], severity=replace(results[0].severity, score=77.0))
    Lake(old.root).append_results([newer])
    list(steps)
    assert Lake(old.root).result(newer.wafer.key).severity.score == 77.0


def test_vectors_of_clusters_go_on_belonging_to_them(old, results):
    key = results[0].wafer.key
    held = int(old.query("SELECT segmentation_sequence AS s FROM wafers WHERE key = ?", [key])["s"].iloc[0])
    vector, clusters = np.ones(4, dtype=np.float32), np.ones((1, 4), dtype=np.float32)
    old.append_embeddings([Embedded(key, dies_hash(results[0].wafer), "model@1", vector, held, (1,), clusters)])
    scored_anew(old)
    sql = """SELECT e.segmented = w.segmentation_sequence AS same, e.cluster_numbers AS numbers
             FROM embeddings AS e JOIN wafers AS w USING (key) WHERE key = ?"""
    row = old.query(sql, [key]).iloc[0]
    assert row["same"]
    assert list(row["numbers"]) == [1]


def test_the_reasons_are_those_of_the_results_and_unsegmented_wafers_have_none(tmp_path, results):
    lake = Lake(tmp_path)
    lake.append_wafers([*(result.wafer for result in results), drawn(99)])
    lake.append_results(results)
    keys = [*(result.wafer.key for result in results), drawn(99).key]
    expected = {result.wafer.key: result.severity.main_reason for result in results}
    assert main_reasons(lake, keys) == expected
    assert any(expected.values())
