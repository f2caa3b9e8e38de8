import re
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from core.alarms.store import open_alarms
from core.analysis.result import analyse
from core.database import AppDatabase
from core.lake import Lake
from core.pipeline import Pipeline, take_in
from core.pipeline.taking_in import Stage, TakenIn
from core.registry.traffic import Challenger
from core.segmentation import Segmenter
from data.errors import AppDatabaseError, ModelError
from tests.core.alarms.examples import severe
from tests.core.lake_examples import drawn, found_on
from tests.source_tree import source_files
from tests.tiny_model import METADATA, write_tiny_model

WAFERS = [drawn(n) for n in range(12)]


@pytest.fixture(scope="module")
def segmenter(tiny_model_path) -> Segmenter:
    return Segmenter.load(str(tiny_model_path), threads=1)


@pytest.fixture
def challenger(tmp_path) -> Challenger:
    path = write_tiny_model(tmp_path / "rival.onnx", metadata={**METADATA, "name": "rival"})
    return Challenger(Segmenter.load(str(path), threads=1), 0.5)


@pytest.fixture
def lake(tmp_path) -> Lake:
    return Lake(tmp_path / "lake")


@pytest.fixture
def database(tmp_path) -> AppDatabase:
    return AppDatabase(tmp_path / "database.db")


def models(lake):
    return lake.query("SELECT key, model FROM wafers ORDER BY key").set_index("key")["model"].to_dict()


def test_wafers_are_kept_segmented_and_shared_with_the_challenger(lake, segmenter, challenger):
    told = []
    taken = take_in(Pipeline(lake, segmenter, challenger), WAFERS, told=lambda *step: told.append(step))
    assert taken == TakenIn(new=12, segmented=12)
    expected = {w.key: (challenger.segmenter if challenger.takes(w.key) else segmenter).name for w in WAFERS}
    assert models(lake) == expected
    assert len(set(expected.values())) == 2
    assert (told[0], told[-1]) == ((Stage.KEEPING, 12, None), (Stage.SEGMENTING, 12, 12))


def test_results_are_kept_with_their_wafers_and_the_challenger_s_share_is_its_own(lake, challenger):
    results = [found_on(wafer, "edge", model="champion@1") for wafer in WAFERS]
    theirs = {wafer.key for wafer in WAFERS if challenger.takes(wafer.key)}
    taken = take_in(Pipeline(lake, challenger=challenger), results=results)
    assert (taken.new, taken.segmented, taken.shared) == (12, 0, len(theirs))
    assert {key for key, model in models(lake).items() if model == challenger.segmenter.name} == theirs


def test_taking_in_again_changes_nothing(lake, segmenter, challenger):
    pipeline = Pipeline(lake, segmenter, challenger)
    take_in(pipeline, WAFERS)
    before = lake.query("SELECT * FROM wafers ORDER BY key")
    assert take_in(pipeline, WAFERS, also=None) == TakenIn(already=12)
    assert lake.query("SELECT * FROM wafers ORDER BY key").equals(before)


@pytest.mark.parametrize(("also", "expected"), [((), 1), ([WAFERS[3].key], 2), (None, 12)])
def test_of_the_wafers_that_are_there_those_named_are_segmented(lake, segmenter, also, expected):
    lake.append_wafers(WAFERS[1:])
    assert take_in(Pipeline(lake, segmenter), WAFERS[:1], also=also).segmented == expected
    assert sum(model == segmenter.name for model in models(lake).values()) == expected


def test_what_is_taken_in_raises_alarms_which_are_sent(lake, database):
    sent = []

    def send(opened, _lake):
        sent.append(opened)
        return 1, 0

    pipeline = Pipeline(lake, database=lambda: database, send=send)
    taken = take_in(pipeline, results=[severe(0, 90.0, "edge")])
    assert (taken.alarms.raised, taken.problem) == (1, "")
    assert sent == []  # there is no channel, so nothing is due
    with database.reading() as session:
        assert len(open_alarms(session)) == 1


def test_wafers_that_nobody_segments_open_no_database(lake):
    def refuse():
        raise AssertionError("opened")

    assert take_in(Pipeline(lake, database=refuse), WAFERS).alarms is None


def test_results_stand_whatever_becomes_of_the_alarms(lake):
    def broken():
        raise AppDatabaseError("database.db", "the database cannot be used", "Restore it.")

    taken = take_in(Pipeline(lake, database=broken), results=[found_on(WAFERS[0], "edge")])
    assert (taken.new, taken.alarms) == (1, None)
    assert "the database cannot be used" in taken.problem
    assert Lake(lake.root).result(WAFERS[0].key) is not None


def test_wafers_stand_where_a_network_fails_and_are_taken_up_again(lake, segmenter, monkeypatch):
    def fails(*_given, **_named):
        raise ModelError("tiny", "it failed", "Try again.")

    with monkeypatch.context() as patched:
        patched.setattr(segmenter, "segment", fails)
        with pytest.raises(ModelError):
            take_in(Pipeline(lake, segmenter), WAFERS)
    assert lake.count() == 12
    assert take_in(Pipeline(lake, segmenter), WAFERS) == TakenIn(already=12, segmented=12)


def test_averaging_over_turns_is_the_challenger_s_and_the_segmenter_s_too(lake, segmenter, challenger, monkeypatch):
    asked = []
    for one in (segmenter, challenger.segmenter):
        segment = one.segment
        monkeypatch.setattr(one, "segment", lambda w, tta=False, segment=segment: (asked.append(tta), segment(w))[1])
    take_in(Pipeline(lake, segmenter, challenger, tta=True), WAFERS, [found_on(drawn(n)) for n in range(12, 24)])
    assert len(asked) >= 3
    assert all(asked)


def test_large_wafers_are_kept_a_few_at_a_time(lake):
    told = []
    pipeline = Pipeline(lake, cells_per_part=2 * WAFERS[0].dies.size)
    take_in(pipeline, results=[found_on(w) for w in WAFERS[:5]], told=lambda _, done, __: told.append(done))
    assert told == [2, 4, 5]
    assert np.array_equal(lake.wafer(WAFERS[4].key).dies, WAFERS[4].dies)


def test_nobody_but_the_pipeline_chains_what_it_does():
    """Pages and jobs hand wafers to `take_in`; the demo draws its own, and who looks for alarms does that alone."""
    words = re.compile(r"\b(append_wafers|append_results|shared_out|check_and_send|segment_kept)\(")
    found = {source.name: set(words.findall(source.text)) for source in source_files("pages", "jobs")}
    assert {name: used for name, used in found.items() if used} == {
        "jobs/check_alarms.py": {"check_and_send"},
        "jobs/demo.py": {"append_wafers"},
        "pages/alarms.py": {"check_and_send"},
    }


def test_a_retest_that_was_segmented_alone_is_segmented_again_as_it_was_merged(lake, segmenter):
    first = drawn(0, source_sha256="ab" * 32)
    dies = np.where(np.arange(first.dies.size).reshape(first.dies.shape) % 3 == 1, first.dies, 0)
    again = drawn(0, source_sha256="cd" * 32, tested_at=first.tested_at + timedelta(hours=1))
    again = replace(again, dies=dies.astype(np.uint8) // 2 + (dies > 0))
    take_in(Pipeline(lake, segmenter), results=analyse([first], segmenter))
    taken = take_in(Pipeline(lake, segmenter), results=analyse([again], segmenter))
    assert taken.said == (f"merged {again.tested_count} retested dies into {first.key}",)
    shown = lake.result(first.key)
    assert shown.wafer.tested_count == first.tested_count
    assert np.array_equal(shown.wafer.dies[dies > 0], again.dies[dies > 0])
    assert lake.keys_without_result([first.key]) == []
