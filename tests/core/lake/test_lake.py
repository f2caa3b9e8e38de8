import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.lake import Lake, WaferFilter
from data.classes import CLASS_COUNT, CLASS_KEYS
from data.errors import LakeError
from data.wafer import Notch, WaferMap
from tests.core.lake_examples import drawn, found_on, same_wafer


@pytest.fixture(params=["path", "file", "memory"])
def root(request, tmp_path) -> str:
    return {"path": str(tmp_path), "file": f"file://{tmp_path}/lake", "memory": f"memory://{uuid.uuid4().hex}"}[
        request.param
    ]


def test_an_empty_lake_answers_everything(root):
    lake = Lake(root)
    assert lake.count() == 0
    assert len(lake.wafers_page()) == 0
    assert lake.distinct("product") == []
    assert lake.wafers_by_keys(["L:W"]) == {}
    for view in ("wafers", "dies", "segmentations", "instances", "embeddings", "evaluations"):
        assert len(lake.query(f"SELECT * FROM {view}")) == 0


@pytest.mark.slow
def test_wafers_come_back_as_they_were_for_this_and_any_other_reader(root):
    lake = Lake(root)
    wafers = [drawn(n) for n in range(30)]
    assert lake.append_wafers(wafers) == (30, 0)
    for reader in (lake, Lake(root)):
        assert reader.count() == 30
        assert all(same_wafer(reader.wafer(wafer.key), wafer) for wafer in wafers)


def test_the_same_wafers_again_change_nothing(root):
    lake = Lake(root)
    wafers = [drawn(n) for n in range(5)]
    lake.append_wafers(wafers)
    before = lake.query("SELECT * FROM wafers ORDER BY key")
    assert lake.append_wafers(wafers) == Lake(root).append_wafers(wafers) == (0, 5)
    assert lake.query("SELECT * FROM wafers ORDER BY key").equals(before)


def test_another_file_name_alone_is_no_change():
    lake = Lake(f"memory://{uuid.uuid4().hex}")
    lake.append_wafers([drawn(0)])
    assert lake.append_wafers([replace(drawn(0), source_name="renamed.png")]) == (0, 1)


@pytest.mark.slow
@pytest.mark.parametrize(
    "change",
    [
        {"product": "TC99"},
        {"tested_at": datetime(2026, 9, 9, tzinfo=UTC)},
        {"tested_at": None},
        {"attributes": {"cmp_tool": "CMP9"}},
        {"die_pitch_mm": (3.0, 4.0)},
        {"diameter_mm": 200.0},
        {"notch": Notch.LEFT},
        {"source_sha256": "f" * 64},
        {"test_program": "prog_9"},
        {"bins": np.full((12, 13), 7, dtype=np.uint16)},
        {"dies": np.ones((12, 13), dtype=np.uint8)},
        {"dies": np.ones((13, 12), dtype=np.uint8)},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_changed_wafer_becomes_the_newest(change):
    root = f"memory://{uuid.uuid4().hex}"
    lake = Lake(root)
    lake.append_wafers([drawn(0), drawn(1)])
    changed = replace(drawn(0), **change)
    assert lake.append_wafers([changed, drawn(1)]) == (1, 1)
    for reader in (lake, Lake(root)):
        assert reader.count() == 2
        assert same_wafer(reader.wafer(changed.key), changed)


def test_of_a_key_given_twice_at_once_the_last_counts():
    lake = Lake(f"memory://{uuid.uuid4().hex}")
    assert lake.append_wafers([drawn(0), replace(drawn(0), product="LAST")]) == (1, 1)
    assert lake.wafer(drawn(0).key).product == "LAST"


def test_rows_are_newer_than_those_already_there_even_when_the_clock_went_back(monkeypatch):
    root = f"memory://{uuid.uuid4().hex}"
    Lake(root).append_wafers([drawn(0)])
    monkeypatch.setattr("core.lake.appending.time.time_ns", lambda: 1)
    Lake(root).append_wafers([replace(drawn(0), product="NEXT")])
    assert Lake(root).wafer(drawn(0).key).product == "NEXT"


grids = (
    st.integers(1, 40)
    .flatmap(
        lambda rows: st.integers(1, 40).flatmap(
            lambda columns: st.binary(min_size=rows * columns, max_size=rows * columns).map(
                lambda content: (np.frombuffer(content, dtype=np.uint8) % 3).reshape(rows, columns)
            )
        )
    )
    .filter(lambda dies: bool(dies.any()))
)
names = (
    st.text(min_size=1, max_size=12)
    .filter(lambda text: bool(text.strip()) and "\x00" not in text)
    .filter(lambda text: text.encode("utf-8", "ignore").decode() == text)
)
EASTERN = timezone(timedelta(hours=5))
LAKE = Lake(f"memory://{uuid.uuid4().hex}")


@pytest.mark.slow
@settings(max_examples=30)
@given(
    dies=grids,
    lot=names,
    wafer=names,
    attributes=st.dictionaries(names, names, max_size=3),
    pitch=st.none() | st.tuples(st.floats(1e-3, 100), st.floats(1e-3, 100)),
    binned=st.booleans(),
    center=st.none() | st.tuples(st.floats(-9, 9), st.floats(-9, 9)),
    tested_at=st.none() | st.datetimes(datetime(1971, 1, 1), datetime(2200, 1, 1), timezones=st.just(EASTERN)),
)
def test_any_wafer_comes_back_as_it_was(dies, lot, wafer, attributes, pitch, binned, center, tested_at):
    bins = (dies.astype(np.uint16) * 21845) if binned else None
    given_wafer = WaferMap(
        dies=dies,
        lot_id=lot,
        wafer_id=wafer,
        attributes=attributes,
        die_pitch_mm=pitch,
        bins=bins,
        tested_at=tested_at,
        center=center,
    )
    LAKE.append_wafers([given_wafer])
    assert same_wafer(LAKE.wafer(given_wafer.key), given_wafer)


def test_an_unknown_wafer_is_said_in_a_sentence():
    lake = Lake(f"memory://{uuid.uuid4().hex}")
    with pytest.raises(LakeError, match="there is no wafer 'L:W'"):
        lake.wafer("L:W")
    with pytest.raises(LakeError, match="there is no wafer 'L:W'"):
        lake.result("L:W")


def test_wafers_by_keys_keep_the_order_asked_and_leave_out_what_is_missing():
    lake = Lake(f"memory://{uuid.uuid4().hex}")
    lake.append_wafers([drawn(n) for n in range(9)])
    keys = [drawn(n).key for n in (7, 2, 5)]
    assert list(lake.wafers_by_keys([keys[0], "no:where", *keys[1:]])) == keys


def test_a_result_comes_back_with_masks_exact_and_probabilities_to_a_255th(root):
    lake = Lake(root)
    wafer = drawn(3)
    given_result = found_on(wafer, "edge", "particle")
    lake.append_wafers([wafer])
    assert lake.result(wafer.key) is None
    lake.append_results([given_result], seconds=0.25)
    for reader in (lake, Lake(root)):
        result = reader.result(wafer.key)
        assert same_wafer(result.wafer, wafer)
        assert np.array_equal(result.segmentation.masks, given_result.segmentation.masks)
        failing = wafer.failing
        given_probabilities = given_result.segmentation.probabilities[:, failing]
        assert np.abs(result.segmentation.probabilities[:, failing] - given_probabilities).max() <= 0.5 / 255 + 1e-6
        assert not result.segmentation.probabilities[:, ~failing].any()
        assert np.array_equal(result.segmentation.presence, given_result.segmentation.presence)
        assert (result.segmentation.model, result.segmentation.key) == ("model@1", wafer.key)
        assert result.severity == given_result.severity
        assert len(result.instances) == len(given_result.instances) > 0
        for one, other in zip(result.instances, given_result.instances, strict=True):
            assert vars(one).keys() == vars(other).keys()
            for name, value in vars(one).items():
                assert np.array_equal(value, getattr(other, name)), name
                assert type(value) is type(getattr(other, name)), name


def test_a_wafer_on_which_nothing_was_found_has_an_empty_result():
    lake = Lake(f"memory://{uuid.uuid4().hex}")
    clean = (
        drawn(0, dies=np.ones((5, 5), dtype=np.uint8)) if False else replace(drawn(0), dies=np.ones((5, 5), np.uint8))
    )
    lake.append_wafers([clean])
    lake.append_results([found_on(clean)])
    result = lake.result(clean.key)
    assert result.instances == []
    assert result.segmentation.masks.shape == (CLASS_COUNT, 5, 5)
    assert not result.segmentation.masks.any()
    assert (result.severity.score, result.severity.cluster_count) == (0.0, 0)
    assert np.isnan(result.severity.edge_ratio)


def test_the_newest_result_replaces_the_older_with_all_its_clusters():
    root = f"memory://{uuid.uuid4().hex}"
    lake = Lake(root)
    wafer = drawn(0)
    lake.append_wafers([wafer])
    lake.append_results([found_on(wafer, "edge", "center", "random")])
    lake.append_results([found_on(wafer, model="model@2")])
    for reader in (lake, Lake(root)):
        assert reader.result(wafer.key).segmentation.model == "model@2"
        assert len(reader.query("SELECT * FROM instances")) == 0
        assert len(reader.query("SELECT * FROM segmentations")) == 1


def test_a_result_does_not_outlive_the_grid_it_was_made_of_but_outlives_other_changes():
    root = f"memory://{uuid.uuid4().hex}"
    lake = Lake(root)
    wafer = drawn(0)
    lake.append_wafers([wafer])
    lake.append_results([found_on(wafer, "edge")])
    lake.append_wafers([replace(wafer, product="RENAMED")])
    for reader in (lake, Lake(root)):
        assert reader.result(wafer.key).wafer.product == "RENAMED"
        assert reader.keys_not_segmented_by("model@1") == []
    lake.append_wafers([replace(wafer, dies=3 - np.maximum(wafer.dies, 1))])
    for reader in (lake, Lake(root)):
        assert reader.result(wafer.key) is None
        assert reader.keys_not_segmented_by("model@1") == [wafer.key]
        assert reader.count(WaferFilter(defect_class="edge")) == 0
        assert len(reader.query("SELECT * FROM instances")) == len(reader.query("SELECT * FROM segmentations")) == 0


def test_a_result_that_arrives_before_its_wafer_shows_once_the_wafer_is_there():
    root = f"memory://{uuid.uuid4().hex}"
    lake = Lake(root)
    lake.append_results([found_on(drawn(0), "edge")])
    assert lake.count() == 0
    lake.append_wafers([drawn(0)])
    for reader in (lake, Lake(root)):
        assert reader.result(drawn(0).key).segmentation.classes_present == ("edge",)


def test_measures_of_the_table_are_those_of_the_result():
    lake = Lake(f"memory://{uuid.uuid4().hex}")
    wafer = drawn(0)
    result = found_on(wafer, "center", "scratch")
    lake.append_wafers([wafer])
    lake.append_results([result], seconds=0.5)
    row = lake.query("SELECT * FROM wafers").iloc[0]
    affected = dict(zip(CLASS_KEYS, result.segmentation.masks.sum(axis=(1, 2)), strict=True))
    assert {key: row[f"affected_{key}"] for key in CLASS_KEYS} == affected
    assert list(row["classes_present"]) == ["center", "scratch"]
    assert row["dominant_class"] == max(affected, key=lambda key: affected[key])
    assert row["severity"] == result.severity.score
    assert row["cluster_count"] == result.severity.cluster_count == len(result.instances)
    assert row["mean_confidence"] == result.severity.confidence
    assert (row["model"], row["seconds"]) == ("model@1", 0.5)
    assert (row["tested_count"], row["fail_count"]) == (wafer.tested_count, wafer.fail_count)
    assert row["yield_fraction"] == wafer.yield_fraction


def test_process_history_can_be_grouped_by():
    lake = Lake(f"memory://{uuid.uuid4().hex}")
    lake.append_wafers([drawn(n) for n in range(10)])
    table = lake.query("SELECT attributes['cmp_tool'] AS tool, count(*) AS n FROM wafers GROUP BY tool ORDER BY tool")
    assert table.to_dict("list") == {"tool": ["CMP0", "CMP1", "CMP2", "CMP3"], "n": [3, 3, 2, 2]}


def test_a_wrong_query_is_said_in_a_sentence():
    with pytest.raises(LakeError, match="the query failed"):
        Lake(f"memory://{uuid.uuid4().hex}").query("SELECT nothing FROM wafers")
