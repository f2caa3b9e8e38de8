import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

import jobs.demo
from core.lake import Lake
from core.similarity import SimilarityIndex
from core.similarity.index import IndexKind
from data.synthesis.fab import demo_fab
from jobs.demo import DemoConfig, fill, main
from tests.core.lake_examples import drawn, same_wafer

pytestmark = pytest.mark.slow

WAFERS = 30


def words(home: Path, model: Path, *more: str) -> list[str]:
    return ["--home", str(home), "--model", str(model), "--wafers", str(WAFERS), *more]


def check(home: Path) -> None:
    """The lake holds the demo fab, whole, and nothing but what the model said of it."""
    lake = Lake(home / "lake")
    fab = [one.wafer for one in demo_fab(seed=jobs.demo.SEED, wafers=WAFERS)]
    held = lake.wafers_by_keys([one.key for one in fab])
    assert lake.count() == len(fab) == WAFERS
    assert all(same_wafer(held[one.key], one) for one in fab)
    assert set(lake.query("SELECT model FROM wafers")["model"].str[:5]) == {"tiny@"}
    assert json.loads((home / "demo.json").read_text())["complete"] is True
    (model,) = set(lake.query("SELECT model FROM wafers")["model"])
    assert len(SimilarityIndex.load(home, model, IndexKind.WAFERS)) == WAFERS


def test_an_empty_workspace_gets_the_demo_fab_segmented_by_the_model(tmp_path, tiny_model_path, capsys):
    assert main(words(tmp_path, tiny_model_path)) == 0
    check(tmp_path)
    said = capsys.readouterr().err
    assert "drew 30 of 30 wafers [########################]" in said
    assert "segmented 30 of 30 wafers [########################]" in said


def test_a_demo_that_is_there_is_not_made_again(tmp_path, tiny_model_path, capsys):
    assert main(words(tmp_path, tiny_model_path)) == 0
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.parquet")}
    assert main(words(tmp_path, Path("no_model.onnx"))) == 0
    assert "holds 30 wafers; it stays as it is" in capsys.readouterr().err
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.parquet")} == before


def test_a_lake_with_wafers_of_ones_own_stays_as_it_is(tmp_path, tiny_model_path):
    Lake(tmp_path / "lake").append_wafers([drawn(0)])
    assert main(words(tmp_path, tiny_model_path)) == 0
    assert Lake(tmp_path / "lake").count() == 1


@pytest.mark.parametrize("step", ["drawing", "segmenting"])
def test_an_interrupted_demo_goes_on_as_it_was_begun(tmp_path, tiny_model_path, monkeypatch, step):
    def interrupted(*_args, **_kwargs):
        raise KeyboardInterrupt

    def half_a_fab(**given):
        for number, one in enumerate(demo_fab(**given)):
            if number == WAFERS // 2:
                raise KeyboardInterrupt
            yield one

    with monkeypatch.context() as patch:
        if step == "drawing":
            patch.setattr(jobs.demo, "demo_fab", half_a_fab)
        else:
            patch.setattr(jobs.demo, "segment_lake", interrupted)
        with pytest.raises(KeyboardInterrupt):
            fill(DemoConfig(WAFERS, home=tmp_path, model=str(tiny_model_path)), wafers_per_part=10)
    assert Lake(tmp_path / "lake").count() == (10 if step == "drawing" else WAFERS)
    assert main(["--home", str(tmp_path), "--model", str(tiny_model_path), "--wafers", "999"]) == 0
    check(tmp_path)


def test_a_demo_killed_by_the_system_goes_on(tmp_path, tiny_model_path):
    killed = subprocess.Popen(
        [sys.executable, "-m", "jobs.demo", *words(tmp_path, tiny_model_path)],
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    while killed.poll() is None and not any((tmp_path / "lake" / "dies").glob("*.parquet")):
        time.sleep(0.01)
    killed.kill()
    killed.wait()
    assert main(words(tmp_path, tiny_model_path)) == 0
    check(tmp_path)


def test_without_a_model_nothing_is_made(tmp_path, capsys):
    assert main(words(tmp_path / "home", Path("no_model.onnx"))) == 1
    assert "no_model.onnx: the model file cannot be read" in capsys.readouterr().err
    assert not (tmp_path / "home" / "lake").exists()
    assert not (tmp_path / "home" / "demo.json").exists()
