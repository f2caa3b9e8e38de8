import time
import uuid
from dataclasses import replace

import numpy as np
import pyarrow.parquet as pq
import pytest

from core.lake import Lake
from core.lake import compaction as merging
from core.lake.compaction import DAY_SECONDS, compact
from core.lake.earlier import earlier_answers, result_of_model
from core.lake.parts import Parts
from data.errors import LakeError, SettingError
from tests.core.lake_examples import drawn, found_on

WAFER = drawn(0)
OLD, NEW = found_on(WAFER, "edge", "ring", model="old@1", seed=1), found_on(WAFER, "center", model="new@1", seed=2)


@pytest.fixture(params=["path", "memory"])
def lake(request, tmp_path) -> Lake:
    return Lake({"path": str(tmp_path / "lake"), "memory": f"memory://{uuid.uuid4().hex}"}[request.param])


def keep(lake, *results):
    """Append results one after the other, each in a part of its own."""
    for result in results:
        lake.append_wafers([result.wafer])
        lake.append_results([result])


def said(lake, key=WAFER.key):
    return [(answer.model, answer.classes, answer.same_dies) for answer in earlier_answers(Lake(lake.root), key)]


def same_result(one, other):
    assert np.array_equal(one.segmentation.masks, other.segmentation.masks)
    assert one.segmentation.model == other.segmentation.model
    assert one.severity.score == pytest.approx(other.severity.score, rel=1e-12)
    assert [(i.class_key, i.die_count) for i in one.instances] == [(i.class_key, i.die_count) for i in other.instances]


@pytest.mark.slow
@pytest.mark.parametrize("merged", [False, True])
def test_what_an_older_model_said_is_answered_before_and_after_a_merge(lake, merged):
    keep(lake, OLD, NEW)
    lake.append_wafers([drawn(1)])
    if merged:
        lake.compact(settled_seconds=0)
    assert said(lake) == [("old@1", ("edge", "ring"), True)]
    (answer,) = earlier_answers(lake, WAFER.key)
    assert answer.severity == pytest.approx(OLD.severity.score, rel=1e-12)
    assert (answer.cluster_count, answer.segmented_at.tzinfo is not None) == (len(OLD.instances), True)
    same_result(result_of_model(lake, WAFER.key, "old@1"), OLD)
    same_result(result_of_model(lake, WAFER.key, "new@1"), NEW)
    same_result(lake.result(WAFER.key), NEW)
    assert result_of_model(lake, WAFER.key, "none@1") is None


@pytest.mark.slow
def test_of_each_model_the_newest_answer_is_kept_through_many_merges(lake):
    answers = [found_on(WAFER, key, model=f"m{n % 3}@1") for n, key in enumerate(("edge", "ring", "center") * 3)]
    for answer in answers:
        keep(lake, answer)
        lake.compact(settled_seconds=0)
    assert said(lake) == [("m1@1", ("ring",), True), ("m0@1", ("edge",), True)]
    counts = lake.query("SELECT (SELECT count(*) FROM segmentations) AS s, (SELECT count(*) FROM instances) AS i")
    assert counts.to_dict("records") == [{"s": 1, "i": len(answers[-1].instances)}]


def test_the_same_model_again_leaves_no_earlier_answer(lake):
    keep(lake, OLD, found_on(WAFER, "edge", model="old@1"))
    assert said(lake) == []
    lake.compact(settled_seconds=0)
    assert said(lake) == []


@pytest.mark.slow
def test_a_wafer_tested_again_keeps_what_was_said_of_the_first_test(lake):
    again = drawn(0, seed=1)
    keep(lake, OLD)
    lake.append_wafers([again])
    assert said(lake) == [("old@1", ("edge", "ring"), False)]
    keep(lake, found_on(again, "center", model="old@1"))
    for _ in range(2):
        assert said(lake) == [("old@1", ("edge", "ring"), False)]
        assert result_of_model(lake, WAFER.key, "old@1").segmentation.classes_present == ("center",)
        lake.compact(settled_seconds=0)


def test_a_wafer_without_earlier_answers_or_that_is_not_there_has_none(lake):
    assert said(lake) == []
    keep(lake, NEW)
    assert said(lake) == []
    with pytest.raises(LakeError, match="there is no wafer 'L:none'"):
        result_of_model(lake, "L:none", "new@1")


@pytest.mark.parametrize(("days", "left"), [(729, True), (731, False)])
def test_answers_are_kept_as_long_as_the_setting_says_from_the_day_they_were_replaced(lake, monkeypatch, days, left):
    keep(lake, OLD, NEW)
    lake.compact(settled_seconds=0)
    later = time.time_ns() + days * DAY_SECONDS * 10**9
    monkeypatch.setattr(merging.time, "time_ns", lambda: later)
    lake.compact(settled_seconds=0)
    assert bool(said(lake)) is left
    if not left:
        assert lake.query("SELECT * FROM earlier_instances").empty


def test_what_was_replaced_long_ago_is_not_even_set_apart(lake, monkeypatch):
    keep(lake, OLD, NEW)
    later = time.time_ns() + 731 * DAY_SECONDS * 10**9
    monkeypatch.setattr(merging.time, "time_ns", lambda: later)
    lake.compact()
    assert said(lake) == []
    assert lake._parts.listing()["earlier_segmentations"] == frozenset()


def test_with_the_setting_at_0_answers_are_kept_for_ever(lake, monkeypatch):
    monkeypatch.setenv("WAFERSCOPE_KEEP_RESULTS_DAYS", "0")
    keep(lake, OLD, NEW)
    later = time.time_ns() + 10_000 * DAY_SECONDS * 10**9
    monkeypatch.setattr(merging.time, "time_ns", lambda: later)
    for _ in range(2):
        lake.compact()
        assert said(lake) == [("old@1", ("edge", "ring"), True)]


def test_nonsense_in_the_setting_is_said_and_nothing_is_merged(lake, monkeypatch):
    monkeypatch.setenv("WAFERSCOPE_KEEP_RESULTS_DAYS", "-1")
    keep(lake, OLD, NEW)
    with pytest.raises(SettingError, match="WAFERSCOPE_KEEP_RESULTS_DAYS: expected a whole number from 0"):
        lake.compact()


def test_a_large_part_of_answers_is_written_anew_once_half_of_them_were_kept_long_enough(lake, monkeypatch):
    keep(lake, OLD, NEW)
    lake.compact(settled_seconds=0)
    later = time.time_ns() + 731 * DAY_SECONDS * 10**9
    monkeypatch.setattr(merging.time, "time_ns", lambda: later)
    compact(Parts(lake.root), keep_days=730, target_bytes=1)
    assert said(lake) == []


@pytest.mark.slow
def test_a_merge_that_dies_after_it_set_answers_apart_leaves_each_once(tmp_path, monkeypatch):
    lake = Lake(tmp_path)
    keep(lake, OLD, NEW)
    write = merging._write

    def dying(parts, table, rows, inputs=()):
        if table.name == "segmentations":
            raise KeyboardInterrupt
        write(parts, table, rows, inputs)

    with monkeypatch.context() as patched:
        patched.setattr(merging, "_write", dying)
        with pytest.raises(KeyboardInterrupt):
            lake.compact(settled_seconds=0)
    assert said(lake) == [("old@1", ("edge", "ring"), True)]
    same_result(result_of_model(lake, WAFER.key, "old@1"), OLD)
    for _ in range(2):
        lake.compact(settled_seconds=0)
        assert said(lake) == [("old@1", ("edge", "ring"), True)]
        same_result(result_of_model(lake, WAFER.key, "old@1"), OLD)
    parts = list((tmp_path / "earlier_segmentations").iterdir())
    assert sum(pq.read_metadata(part).num_rows for part in parts) == 1


def test_the_newest_answers_stand_in_parts_of_their_own(tmp_path):
    """Who asks for the newest must not read past what was said before."""
    lake = Lake(tmp_path)
    wafers = [drawn(n) for n in range(20)]
    for model in ("a@1", "b@1", "c@1"):
        lake.append_wafers(wafers)
        lake.append_results([found_on(wafer, "edge", model=model) for wafer in wafers])
    lake.compact(settled_seconds=0)
    rows = {
        name: sum(pq.read_metadata(part).num_rows for part in (tmp_path / name).iterdir())
        for name in ("segmentations", "earlier_segmentations")
    }
    assert rows == {"segmentations": 20, "earlier_segmentations": 40}


@pytest.mark.slow
def test_a_lake_from_before_answers_were_kept_opens_as_it_is(tmp_path):
    lake = Lake(tmp_path)
    keep(lake, OLD, NEW, found_on(replace(WAFER, product="P"), "center", model="new@1"))
    compact(lake._parts, settled_seconds=0)
    for name in ("earlier_segmentations", "earlier_instances"):
        for part in (tmp_path / name).iterdir():
            part.unlink()
        (tmp_path / name).rmdir()
    old = Lake(tmp_path)
    assert (old.count(), said(old)) == (1, [])
    same_result(old.result(WAFER.key), found_on(WAFER, "center", model="new@1"))
