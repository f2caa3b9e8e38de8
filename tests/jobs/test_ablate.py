import json

import pytest

from core.learning.ablation import MEASURES, read_ablation
from core.settings import Settings
from jobs import ablate
from jobs.ablate import TRAINED, AblateConfig, main, train_config
from jobs.learning import Wafers
from tests.jobs.test_simulate_learning import write_labelled


@pytest.fixture
def files(tmp_path):
    write_labelled(tmp_path / "train.npz", 60, 1)
    write_labelled(tmp_path / "test.npz", 12, 2)
    return ["--train", str(tmp_path / "train.npz"), "--test", str(tmp_path / "test.npz")]


def test_arms_are_trained_and_judged_and_the_table_can_be_read(files, tmp_path, monkeypatch):
    monkeypatch.setattr(ablate, "CALIBRATING", 4)
    monkeypatch.setattr(ablate, "TRAINED", ("fixmatch",))
    out = tmp_path / "ablation.json"
    few = ["--steps", "2", "--pixels", "8192", "--seeds", "1", "--labelled", "40", "--judged", "8", "--drawn", "4"]
    assert main([*files, *few, "--out", str(out)]) == 0
    found = read_ablation(out)
    assert (list(found.arms), found.about["seeds"], found.in_use) == (["fixmatch", "careful"], 1, {})
    assert all(0 <= found.scores(arm, m.key)[0] <= 1 for arm in found.arms for m in MEASURES)
    said = {"synthetic": {"iou_over_dies": {"mean": 0.6}}, "real": {}}
    for name, one in said.items():
        presence = {"macro_f1": 0.8, "false_alarm_share": 0.1}
        for careful in (False, True):
            report = {"model": "m@1", "careful": careful, "data": name, "n": 2000, "presence": presence, **one}
            (tmp_path / f"{name}-{careful}.json").write_text(json.dumps(report))
    reports = [str(tmp_path / f"{name}-{careful}.json") for name in said for careful in (False, True)]
    assert main([*files, "--seeds", "0", "--reports", *reports, "--out", str(out)]) == 0
    again = read_ablation(out)
    assert (again.arms, again.model) == (found.arms, "m@1")
    assert again.on == ["synthetic (2,000 wafers)", "real (2,000 wafers)"]
    assert again.in_use["careful"] == {"synthetic_iou": 0.6, "macro_f1": 0.8, "false_alarms": 0.1}


def test_arms_differ_in_what_they_are_shown_alone(files, tmp_path):
    config = AblateConfig(tmp_path / "train.npz", tmp_path / "test.npz")
    of = {arm: train_config(config, arm, 0, tmp_path / "train.npz") for arm in TRAINED}
    shown = {arm: Wafers(one, Settings(home=tmp_path)) for arm, one in of.items()}
    assert [shown[arm].train_part is None for arm in TRAINED] == [True, False, False]
    assert [len(shown[arm].more.unlabelled) for arm in TRAINED] == [0, 0, 60]
    differing = ("name", "real", "unlabelled")
    rest = [{k: v for k, v in vars(one).items() if k not in differing} for one in of.values()]
    assert rest[0] == rest[1] == rest[2]


def test_files_without_one_label_a_wafer_are_a_sentence(tmp_path, capsys):
    assert main(["--train", str(tmp_path / "no.npz"), "--test", str(tmp_path / "no.npz")]) == 1
    assert "no.npz" in capsys.readouterr().err
