from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from core.analysis.result import analyse
from core.database.schema import now
from core.lake import Lake
from core.registry.traffic import load_challenger, shared_out, trial
from core.segmentation import Segmenter
from core.segmentation.serving import ServedModel, Serving, challenger_takes, keep_served
from core.settings import Settings
from jobs.segment import main
from tests.core.registry.models import write_model
from tests.core.wafers import disc, radius, wafer
from tests.tiny_model import METADATA, write_tiny_model

SHARE = 0.4


@pytest.fixture(scope="module")
def served_by_two(tmp_path_factory):
    """Twenty wafers, every second with an edge; a challenger that hears no edge has its share of them."""
    home = tmp_path_factory.mktemp("trial")
    champion = write_model(home, "champion")
    deaf = {**METADATA, "name": "deaf", "presence_threshold": [2.0, *[0.5] * 7]}
    challenger = write_tiny_model(home / "deaf.onnx", metadata=deaf)
    names = [Segmenter.load(str(path), threads=1).name for path in (champion, challenger)]
    serving = Serving(
        ServedModel(1, names[0], str(champion)),
        ServedModel(2, names[1], str(challenger)),
        SHARE,
        (now() - timedelta(hours=1)).isoformat(),
    )
    at = Settings(home=home)
    keep_served(at, serving)
    edge = (disc(24) > 0) & (radius(24) > 0.85)
    shown = [wafer(edge & (n % 2 == 0), dies=disc(24), name=f"W{n:02d}") for n in range(20)]
    Lake(at.lake_url).append_wafers(shown)
    assert main(["--lake", "--home", str(home)]) == 0
    return at, serving


@pytest.mark.slow
def test_each_wafer_is_segmented_by_the_model_that_its_key_chooses_and_only_once(served_by_two):
    at, serving = served_by_two
    rows = Lake(at.lake_url).query("SELECT key, model FROM wafers")
    assert len(rows) == 20
    for key, model in rows.itertuples(index=False):
        assert model == (serving.challenger if challenger_takes(key, SHARE) else serving.champion).name
    before = Lake(at.lake_url).query("SELECT max(segmentation_sequence) AS newest FROM wafers")["newest"][0]
    assert main(["--lake", "--home", str(at.home)]) == 0
    assert Lake(at.lake_url).query("SELECT max(segmentation_sequence) AS newest FROM wafers")["newest"][0] == before


def test_both_models_reports_are_compared_as_counted_by_hand(served_by_two):
    at, serving = served_by_two
    lake = Lake(at.lake_url)
    found = trial(lake, serving, serving.champion.name)
    keys = [f"LOT1:W{n:02d}" for n in range(20)]
    theirs = [key for key in keys if challenger_takes(key, SHARE)]
    ours = [key for key in keys if key not in theirs]
    assert (found.champion_wafers, found.challenger_wafers) == (len(ours), len(theirs))
    edge = next(row for row in found.rows if row.what == "Edge")
    assert edge.champion == np.mean([int(key[-2:]) % 2 == 0 for key in ours])
    assert edge.challenger == 0.0
    assert edge.difference.change == pytest.approx(-edge.champion)
    assert found.champion_severity > found.challenger_severity  # which counts failing dies alone, without any pattern


def test_results_that_the_split_does_not_give_a_model_are_left_out(served_by_two, tmp_path):
    at, serving = served_by_two
    lake = Lake(tmp_path / "lake")
    champion, challenger = (Segmenter.load(one.path, threads=1) for one in (serving.champion, serving.challenger))
    held = list(Lake(at.lake_url).wafers_by_keys([f"LOT1:W{n:02d}" for n in range(20)]).values())
    lake.append_wafers(held)
    lake.append_results(analyse(held, champion))  # as a batch by a named model leaves them
    theirs = [one for one in held if challenger_takes(one.key, SHARE)]
    ours = [one for one in held if not challenger_takes(one.key, SHARE)]
    lake.append_results(analyse([theirs[0], ours[0]], challenger))
    found = trial(lake, serving, serving.champion.name)
    assert (found.champion_wafers, found.challenger_wafers) == (len(ours) - 1, 1)
    later = replace(serving, since=(now() + timedelta(hours=1)).isoformat())
    found = trial(lake, later, serving.champion.name)
    assert (found.champion_wafers, found.challenger_wafers, found.rows) == (0, 0, [])


def test_results_to_be_kept_are_shared_out_in_their_order(served_by_two):
    at, serving = served_by_two
    wafers = list(Lake(at.lake_url).wafers_by_keys([f"LOT1:W{n:02d}" for n in range(20)]).values())
    results = analyse(wafers, Segmenter.load(serving.champion.path, threads=1))
    kept = shared_out(results, load_challenger(at))
    for before, after in zip(results, kept, strict=True):
        assert after.wafer.key == before.wafer.key
        if challenger_takes(before.wafer.key, SHARE):
            assert after.segmentation.model == serving.challenger.name
        else:
            assert after is before
    assert shared_out(results, None) == results


def test_without_a_challenger_or_with_a_model_by_setting_there_is_no_trial(served_by_two, tmp_path):
    at, serving = served_by_two
    assert load_challenger(Settings(home=tmp_path)) is None
    assert load_challenger(Settings(home=at.home, model="any.onnx")) is None
    assert trial(Lake(at.lake_url), Serving(), "any") is None
    challenger = load_challenger(at)
    assert (challenger.share, challenger.segmenter.name) == (SHARE, serving.challenger.name)
