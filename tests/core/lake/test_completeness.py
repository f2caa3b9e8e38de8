from core.lake import Lake
from tests.core.lake_examples import drawn, found_on


def lake_of(root, *numbers: int) -> Lake:
    lake = Lake(root)
    results = [found_on(drawn(n), "edge", seed=n) for n in numbers]
    lake.append_wafers(result.wafer for result in results)
    lake.append_results(results)
    return lake


def test_taking_a_lost_wafer_in_again_brings_it_back_with_its_result(tmp_path):
    lake_of(tmp_path, 0, 1)
    lake_of(tmp_path, 2)
    min((tmp_path / "dies").iterdir()).unlink()
    lake = Lake(tmp_path)
    assert lake.count() == 1
    assert lake.damage.losses.wafers == {drawn(0).key, drawn(1).key}
    assert "2 wafers are left out, since the dies are lost" in lake.damage.sentence
    assert lake.append_wafers([drawn(0), drawn(2)]) == (1, 1)
    assert lake.result(drawn(0).key) is not None
    assert lake.damage.losses.wafers == {drawn(1).key}
    again = Lake(tmp_path)
    assert again.result(drawn(0).key) is not None
    assert again.count() == 2


def test_segmenting_again_brings_a_lost_result_back(tmp_path):
    lake_of(tmp_path, 0, 1)
    min((tmp_path / "instances").iterdir()).unlink()
    lake = Lake(tmp_path)
    assert lake.keys_without_result([drawn(0).key, drawn(1).key]) == [drawn(0).key, drawn(1).key]
    assert "2 wafers are shown as not segmented" in lake.damage.sentence
    lake.append_results([found_on(drawn(0), "edge", seed=0)])
    assert lake.result(drawn(0).key) is not None
    assert lake.damage.losses.results == {drawn(1).key}
    assert Lake(tmp_path).keys_without_result([drawn(0).key, drawn(1).key]) == [drawn(1).key]


def test_a_whole_lake_has_lost_nothing_whatever_was_replaced_and_merged(tmp_path):
    lake = lake_of(tmp_path, 0, 1, 2)
    lake.append_results([found_on(drawn(0), "center", model="other@1")])
    for _ in range(2):
        assert Lake(tmp_path).damage.sentence == ""
        again = Lake(tmp_path)
        assert again.count() == 3
        assert again.damage.sentence == ""
        lake.compact(settled_seconds=0)
