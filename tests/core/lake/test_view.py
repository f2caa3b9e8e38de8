from typing import get_args

import pyarrow.parquet as pq
import pytest

from core.instances.clusters import Zone
from core.lake import Lake
from core.lake.schema import ZONE_COLUMNS, ZONES
from tests.core.lake_examples import drawn, found_on

NAMES = [name for name, _ in ZONE_COLUMNS]
CLASSES = (("edge",), ("ring", "scratch"), (), ("center",))


@pytest.fixture
def results():
    return [found_on(drawn(n), *CLASSES[n % 4], seed=n) for n in range(30)]


def filled(root, results):
    lake = Lake(root)
    lake.append_wafers(result.wafer for result in results)
    lake.append_results(results)
    return lake


def without_zones(root):
    """Write the segmentations again as they were before their sums by zone were kept."""
    for part in (root / "segmentations").glob("*.parquet"):
        file = pq.read_table(part)
        pq.write_table(file.drop_columns(NAMES), part)


def counted(results):
    dies = {result.wafer.key: dict.fromkeys(NAMES, 0) for result in results}
    for result in results:
        for found in result.instances:
            dies[result.wafer.key][f"zone_{found.zone}_{found.class_key}"] += found.die_count
    return dies


def shown(lake):
    table = lake.query(f"SELECT key, {', '.join(NAMES)} FROM wafers WHERE segmented_at IS NOT NULL")
    return table.set_index("key").to_dict("index")


def test_the_zones_of_the_sums_are_those_of_clusters():
    assert set(get_args(Zone)) == set(ZONES)


def test_wafers_show_the_dies_of_their_clusters_by_zone(tmp_path, results):
    assert shown(filled(tmp_path, results)) == counted(results)


def test_parts_written_before_sums_by_zone_get_them_from_their_clusters(tmp_path, results):
    filled(tmp_path, results)
    without_zones(tmp_path)
    assert shown(Lake(tmp_path)) == counted(results)


@pytest.mark.slow
@pytest.mark.parametrize("new", [0, 10])
def test_older_parts_are_merged_among_themselves_and_with_newer_ones(tmp_path, results, new):
    for half in (results[:10], results[10:20]):
        filled(tmp_path, half)
    without_zones(tmp_path)
    filled(tmp_path, results[20 : 20 + new])
    Lake(tmp_path).compact(settled_seconds=0)
    assert shown(Lake(tmp_path)) == counted(results[: 20 + new])


def test_a_wafer_without_a_result_has_no_sums(tmp_path):
    lake = Lake(tmp_path)
    lake.append_wafers([drawn(1)])
    assert lake.query(f"SELECT * FROM wafers WHERE {NAMES[0]} IS NULL")["key"].tolist() == [drawn(1).key]


def test_the_same_question_is_answered_from_memory_until_somebody_else_adds_wafers(tmp_path, results):
    lake, other = Lake(tmp_path), Lake(tmp_path)
    other.append_wafers(result.wafer for result in results[:3])
    sql = "SELECT count(*) AS n FROM wafers WHERE lot_id != ?"
    first = lake.arrow(sql, ["nobody"])
    assert lake.arrow(sql, ["nobody"]) is first
    assert lake.arrow(sql, [results[0].wafer.lot_id]) != first
    other.append_wafers(result.wafer for result in results[3:5])
    assert lake.arrow(sql, ["nobody"]).to_pylist() == [{"n": 5}]


def test_answers_are_forgotten_oldest_first_when_they_are_too_many_bytes(tmp_path, results):
    lake = Lake(tmp_path, remember=320)
    lake.append_wafers(result.wafer for result in results)
    answers = [lake.arrow("SELECT count(*) + ? AS n FROM wafers", [n]) for n in range(50)]
    assert lake.arrow("SELECT count(*) + ? AS n FROM wafers", [49]) is answers[49]
    assert lake.arrow("SELECT count(*) + ? AS n FROM wafers", [0]) is not answers[0]
    wide = lake.arrow("SELECT key FROM wafers")
    assert wide.nbytes > 320 / 8
    assert lake.arrow("SELECT key FROM wafers") is not wide


def test_nothing_is_remembered_where_that_is_asked_for(tmp_path, results):
    lake = Lake(tmp_path, remember=0)
    lake.append_wafers(result.wafer for result in results)
    assert lake.arrow("SELECT 1 AS n FROM wafers") is not lake.arrow("SELECT 1 AS n FROM wafers")
