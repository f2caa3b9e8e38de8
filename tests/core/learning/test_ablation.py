import json

import pytest

from core.learning.ablation import ARMS, FORMAT, MEASURES, RESULTS, Ablation, measures_of, read_ablation, verdicts
from data.errors import FormatError


def run(iou, f1, false):
    return {"synthetic_iou": iou, "macro_f1": f1, "false_alarms": false}


@pytest.fixture
def found():
    arms = {
        "synthetic": [run(0.20, 0.30, 0.50), run(0.30, 0.20, 0.40)],
        "presence": [run(0.21, 0.50, 0.20), run(0.28, 0.40, 0.30)],
        "fixmatch": [run(0.19, 0.55, 0.30), run(0.27, 0.35, 0.40)],
    }
    return Ablation({"steps": 9}, arms, {})


def test_what_all_seeds_agree_on_helped_or_hurt_and_the_rest_is_undecided(found):
    presence, fixmatch = verdicts(found)
    assert presence == (
        "Presence labels helped macro-F1 of presence (+20.0 points) and false alarms (-20.0 points) and left mean "
        "IoU over dies (-0.5 points) undecided."
    )
    assert fixmatch == (
        "Unlabelled wafers (FixMatch) hurt mean IoU over dies (-1.5 points) and false alarms (+10.0 points) and left "
        "macro-F1 of presence (+0.0 points) undecided."
    )


def test_numbers_of_synthetic_and_of_real_wafers_come_from_their_own_reports():
    presence = {"macro_f1": 0.1, "false_alarm_share": 0.2}
    synthetic = {"iou_over_dies": {"mean": 0.55556}, "presence": {"macro_f1": 0.9, "false_alarm_share": 0.9}}
    assert measures_of([synthetic, {"presence": presence}]) == run(0.5556, 0.1, 0.2)


def test_the_table_comes_back_and_a_damaged_one_is_said(found, tmp_path):
    path = tmp_path / "ablation.json"
    assert read_ablation(path) is None
    kept = {"format": FORMAT, "about": found.about, "arms": found.arms, "in_use": {}, "model": "", "on": []}
    path.write_text(json.dumps(kept))
    assert read_ablation(path).scores("presence", "macro_f1").tolist() == [0.5, 0.4]
    for damaged in ({**kept, "format": 99}, {**kept, "arms": {"synthetic": [{"macro_f1": 1}]}}, []):
        path.write_text(json.dumps(damaged))
        with pytest.raises(FormatError, match=r"python -m jobs\.ablate"):
            read_ablation(path)


def test_the_table_that_comes_with_the_app_has_every_arm_and_measure():
    found = read_ablation(RESULTS)
    assert list(found.arms) == list(ARMS)
    runs = {len(found.scores(arm, measure.key)) for arm in ARMS for measure in MEASURES}
    assert runs == {found.about["seeds"]}
