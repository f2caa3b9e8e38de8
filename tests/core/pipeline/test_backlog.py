import numpy as np
import pytest

from core.analysis.result import analyse
from core.lake import Lake
from core.lake.scoring import normal_fail_shares
from core.pipeline.backlog import WAFERS_PER_PART, WAFERS_PER_STEP, backlog, segment_kept
from core.registry.traffic import Challenger
from core.segmentation import Segmenter
from tests.core.lake_examples import drawn
from tests.tiny_model import METADATA, write_tiny_model

WAFERS = [drawn(n) for n in range(WAFERS_PER_STEP + 8)]
KEYS = sorted(wafer.key for wafer in WAFERS)


@pytest.fixture(scope="module")
def segmenter(tiny_model_path) -> Segmenter:
    return Segmenter.load(str(tiny_model_path), threads=1)


@pytest.fixture(scope="module")
def challenger(tmp_path_factory) -> Challenger:
    path = write_tiny_model(tmp_path_factory.mktemp("rival") / "rival.onnx", metadata={**METADATA, "name": "rival"})
    return Challenger(Segmenter.load(str(path), threads=1), 0.5)


@pytest.fixture
def lake(tmp_path) -> Lake:
    lake = Lake(tmp_path / "lake")
    lake.append_wafers(WAFERS)
    return lake


def finish(lake, segmenter, keys):
    return list(segment_kept(lake, segmenter, keys, tidy=False))


def test_without_a_challenger_all_that_this_model_did_not_segment_waits(lake, segmenter):
    assert backlog(lake, segmenter) == [(segmenter, KEYS)]
    finish(lake, segmenter, KEYS[:5])
    assert backlog(lake, segmenter) == [(segmenter, KEYS[5:])]
    assert backlog(lake, segmenter, among=[*KEYS[3:8], "NO:SUCH"]) == [(segmenter, KEYS[5:8])]


def test_a_challenger_waits_for_its_own_and_the_champion_for_the_rest(lake, segmenter, challenger):
    theirs = [key for key in KEYS if challenger.takes(key)]
    ours = [key for key in KEYS if not challenger.takes(key)]
    assert theirs
    assert ours
    assert backlog(lake, segmenter, challenger) == [(challenger.segmenter, theirs), (segmenter, ours)]


def test_what_the_champion_segmented_before_the_trial_waits_for_nobody(lake, segmenter, challenger):
    before = KEYS[:20]
    finish(lake, segmenter, before)
    waiting = dict(zip(("theirs", "ours"), (keys for _, keys in backlog(lake, segmenter, challenger)), strict=True))
    assert waiting["theirs"] == [key for key in KEYS[20:] if challenger.takes(key)]
    assert waiting["ours"] == [key for key in KEYS[20:] if not challenger.takes(key)]


def test_what_the_challenger_segmented_does_not_wait_for_it_again(lake, segmenter, challenger):
    theirs = [key for key in KEYS if challenger.takes(key)]
    finish(lake, challenger.segmenter, theirs)
    assert [keys for _, keys in backlog(lake, segmenter, challenger)] == [[], [k for k in KEYS if k not in theirs]]


def test_what_is_kept_is_what_the_model_finds_and_steps_say_how_far(lake, segmenter):
    expected = {r.wafer.key: r for r in analyse(WAFERS, segmenter, normal=normal_fail_shares(lake))}
    assert finish(lake, segmenter, KEYS) == [WAFERS_PER_STEP, len(WAFERS)]
    kept = lake.results_by_keys(KEYS)
    assert sorted(kept) == KEYS
    for key, result in kept.items():
        np.testing.assert_array_equal(result.segmentation.masks, expected[key].segmentation.masks)
        assert result.severity.score == pytest.approx(expected[key].severity.score, abs=1e-6)
        assert result.segmentation.model == segmenter.name


def test_work_that_is_stopped_keeps_whole_parts_and_is_taken_up_again(tmp_path, segmenter):
    small = [drawn(n, size=6) for n in range(WAFERS_PER_PART + 10)]
    keys = sorted(wafer.key for wafer in small)
    lake = Lake(tmp_path / "lake")
    lake.append_wafers(small)
    for done in segment_kept(lake, segmenter, keys, tidy=False):
        if done > WAFERS_PER_PART:
            break
    assert backlog(lake, segmenter) == [(segmenter, keys[WAFERS_PER_PART:])]
    assert finish(lake, segmenter, keys[WAFERS_PER_PART:]) == [10]
    assert backlog(lake, segmenter) == [(segmenter, [])]


def test_keys_of_no_wafer_are_passed_over(lake, segmenter):
    assert finish(lake, segmenter, ["NO:SUCH", KEYS[0]]) == [1]
    assert finish(lake, segmenter, ["NO:SUCH"]) == []
