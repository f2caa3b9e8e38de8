import json

import numpy as np
import pytest

from core.active_learning.ablation import ARMS, MEASURES, SYNTHETIC, read_ablation
from core.settings import Settings
from core.training.inputs import read_inputs
from data.datasets import load_labelled
from jobs import ablate
from jobs.ablate import FIXMATCH, PRESENCE, AblateConfig, main, to_run, train_config
from jobs.learning import Wafers
from tests.jobs.labelled_examples import write_labelled

pytestmark = pytest.mark.slow

SMALL = {"budgets": 40, "unlabelled": 50, "judged": 8, "drawn": 4, "steps": 2, "pixels": 4096, "seeds": 1}
FEW = [word for name, value in SMALL.items() for word in (f"--{name}", str(value))]


@pytest.fixture
def files(tmp_path):
    write_labelled(tmp_path / "train.npz", 60, 1)
    write_labelled(tmp_path / "test.npz", 12, 2)
    return ["--train", str(tmp_path / "train.npz"), "--test", str(tmp_path / "test.npz")]


@pytest.fixture
def out(tmp_path):
    return tmp_path / "ablation.json"


def scores(arm, seed, labelled, value=0.5):
    return {"arm": arm, "seed": seed, "labelled": labelled, **{m.key: value for m in MEASURES}}


def test_arms_are_trained_and_judged_and_what_is_held_is_not_run_again(files, out, monkeypatch):
    assert main([*files, *FEW, "--out", str(out)]) == 0
    found = read_ablation(out)
    assert (found.seeds, found.budgets, found.in_use) == (1, [40], {})
    assert all(0 <= found.arms[arm][m.key][0, 0] <= 1 for arm in ARMS for m in MEASURES)
    assert found.made_by == f"python -m jobs.ablate --train train.npz --test test.npz {' '.join(FEW)}"
    trained = []
    monkeypatch.setattr(ablate, "ablate", lambda config, runs: trained.extend(runs) or [])
    assert main([*files, *FEW, "--out", str(out)]) == 0
    assert main([*files, *FEW, "--seeds", "2", "--budgets", "40", "50", "--out", str(out)]) == 0
    assert trained == [
        (PRESENCE, 0, 50),
        (FIXMATCH, 0, 50),
        (SYNTHETIC, 1, 0),
        (PRESENCE, 1, 40),
        (FIXMATCH, 1, 40),
        (PRESENCE, 1, 50),
        (FIXMATCH, 1, 50),
    ]


def test_runs_of_other_settings_are_kept_unless_it_begins_anew(files, out, monkeypatch, capsys):
    about = {"steps": 9}
    beside = {"in_use": {"plain": {}}, "model": "m@1", "on": ["x"]}
    held = {"format": 2, "made_by": "", "about": about, "runs": [scores(SYNTHETIC, 0, 0)], **beside}
    out.write_text(json.dumps(held))
    assert main([*files, *FEW, "--out", str(out)]) == 1
    assert "it holds runs of other settings: " in (said := capsys.readouterr().err)
    assert "steps 9 in place of 2" in said
    assert json.loads(out.read_text()) == held
    monkeypatch.setattr(ablate, "ablate", lambda config, runs: ([scores(*run)] for run in runs))
    assert main([*files, *FEW, "--anew", "--out", str(out)]) == 0
    found = json.loads(out.read_text())
    assert [(run["arm"], run["labelled"]) for run in found["runs"]] == [(SYNTHETIC, 0), (PRESENCE, 40), (FIXMATCH, 40)]
    assert {name: found[name] for name in beside} == beside
    assert "--anew" not in found["made_by"]


def test_reports_of_a_model_stand_beside_the_runs_that_are_held(files, out, tmp_path):
    runs = [scores(arm, 0, 0 if arm == SYNTHETIC else 40) for arm in ARMS]
    about = {"steps": 9}
    held = {"format": 2, "made_by": "as it was", "about": about, "runs": runs, "in_use": {}, "model": "", "on": []}
    said = {"synthetic": {"iou_over_dies": {"mean": 0.6}}, "real": {}}
    for name, one in said.items():
        presence = {"macro_f1": 0.8, "false_alarm_share": 0.1}
        for tta in (False, True):
            report = {"model": "m@1", "tta": tta, "data": name, "n": 2000, "presence": presence, **one}
            (tmp_path / f"{name}-{tta}.json").write_text(json.dumps(report))
    reports = [str(tmp_path / f"{name}-{tta}.json") for name in said for tta in (False, True)]
    words = [*files, "--seeds", "0", "--reports", *reports, "--out", str(out)]
    assert main(words) == 1
    out.write_text(json.dumps(held))
    assert main(words) == 0
    again = read_ablation(out)
    assert (again.seeds, again.model, again.made_by) == (1, "m@1", "as it was")
    assert again.on == ["synthetic (2,000 wafers)", "real (2,000 wafers)"]
    assert again.in_use["tta"] == {"synthetic_iou": 0.6, "macro_f1": 0.8, "false_alarms": 0.1}


def test_a_larger_budget_holds_the_wafers_of_a_smaller_one_and_seeds_have_their_own(files, tmp_path):
    flat = {}
    for seed, count in ((0, 20), (0, 40), (1, 20)):
        drawn = load_labelled(ablate._some(tmp_path / "train.npz", count, seed, tmp_path / "some.npz"))
        flat[seed, count] = {dies.tobytes() for dies in drawn.maps}
    assert [len(one) for one in flat.values()] == [20, 40, 20]
    assert flat[0, 20] < flat[0, 40]
    assert flat[0, 20] != flat[1, 20]


def test_arms_differ_in_what_they_are_shown_alone(files, tmp_path):
    config = AblateConfig(tmp_path / "train.npz", tmp_path / "test.npz")
    arms = (SYNTHETIC, PRESENCE, FIXMATCH)
    of = {arm: train_config(config, arm, 0, tmp_path / "train.npz", tmp_path / "test.npz") for arm in arms}
    shown = {arm: Wafers(one, read_inputs(one, Settings(home=tmp_path))) for arm, one in of.items()}
    assert [shown[arm].train_part is None for arm in arms] == [True, False, False]
    assert [len(shown[arm].more.unlabelled) for arm in arms] == [0, 0, 12]
    differing = ("name", "real", "unlabelled")
    rest = [{k: v for k, v in vars(one).items() if k not in differing} for one in of.values()]
    assert rest[0] == rest[1] == rest[2]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--budgets", "10"], "--budgets: expected numbers from 20"),
        (["--budgets", "500"], "expected 500 wafers, found 60"),
    ],
)
def test_budgets_that_cannot_be_had_are_a_sentence(files, out, capsys, monkeypatch, words, sentence):
    monkeypatch.setattr(ablate, "to_run", lambda config, held: [(PRESENCE, 0, config.budgets[0])])
    assert main([*files, *FEW, *words, "--out", str(out)]) == 1
    assert sentence in capsys.readouterr().err
    assert not out.exists()


def test_files_without_one_label_a_wafer_are_a_sentence(tmp_path, out, capsys):
    words = ["--train", str(tmp_path / "no.npz"), "--test", str(tmp_path / "no.npz"), "--out", str(out)]
    assert main(words) == 1
    assert "no.npz" in capsys.readouterr().err


def test_the_first_seed_is_through_before_the_second_begins(tmp_path):
    runs = to_run(AblateConfig(tmp_path, tmp_path, budgets=(600, 200), seeds=2), [])
    assert [seed for _, seed, _ in runs] == [0] * 5 + [1] * 5
    assert [labelled for _, _, labelled in runs[:5]] == [0, 200, 200, 600, 600]
    assert np.array_equal([run[0] for run in runs[:5]], [run[0] for run in runs[5:]])
