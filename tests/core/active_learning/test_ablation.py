import json
from itertools import pairwise

import numpy as np
import pytest
from scipy import stats

from core.active_learning.ablation import (
    ARMS,
    FORMAT,
    MEASURES,
    RESULTS,
    SYNTHETIC,
    measures_of,
    read_ablation,
    verdicts,
)
from data.errors import FormatError

BUDGETS = (200, 400, 800)
KEYS = {"format": FORMAT, "about": {"steps": 9}, "in_use": {}, "model": "", "on": [], "made_by": "again"}


def run(iou, f1, false):
    return {"synthetic_iou": iou, "macro_f1": f1, "false_alarms": false}


def scores(arm, seed, labelled):
    """Seeds differ in luck, presence labels help F1 by 0.1 a budget and hurt IoU, FixMatch helps every other seed."""
    luck, place = 0.1 * seed, BUDGETS.index(labelled) + 1 if labelled else 0
    if arm == SYNTHETIC:
        return run(0.2 + luck, 0.3 + luck, 0.5)
    if arm == "presence":
        return run(0.1 + luck, 0.3 + luck + 0.1 * place, 0.5 - 0.1 * place)
    return run(0.1 + luck, 0.3 + luck + 0.1 * place + 0.05 * (-1) ** seed, 0.5 - 0.1 * place)


def runs(seeds):
    return [
        {"arm": arm, "seed": seed, "labelled": labelled, **scores(arm, seed, labelled)}
        for seed in range(seeds)
        for arm in ARMS
        for labelled in ((0,) if arm == SYNTHETIC else BUDGETS)
    ]


def read(tmp_path, held):
    path = tmp_path / "ablation.json"
    path.write_text(json.dumps(KEYS | {"runs": held}))
    return read_ablation(path)


def test_an_arm_is_a_curve_over_budgets_and_the_one_without_labels_is_flat(tmp_path):
    found = read(tmp_path, runs(3)[::-1])
    assert (found.budgets, found.seeds, found.made_by) == ([200, 400, 800], 3, "again")
    assert found.arms["presence"]["macro_f1"][1] == pytest.approx([0.5, 0.6, 0.7])
    assert found.arms[SYNTHETIC]["macro_f1"][1].tolist() == [0.4] * 3
    by_hand = (200 * (0.4 + 0.5) / 2 + 400 * (0.5 + 0.6) / 2) / 600
    assert found.areas("presence", "macro_f1")[0] == pytest.approx(by_hand)
    assert (SYNTHETIC, "macro_f1") not in found.gains()
    assert found.gains()["presence", "macro_f1"].mean == pytest.approx(by_hand - 0.3)
    assert found.gains()["presence", "macro_f1"].certain
    assert not found.gains()["fixmatch", "macro_f1"].certain


def test_a_seed_that_is_not_through_is_left_out(tmp_path):
    assert read(tmp_path, runs(3)[:-1]).seeds == 2
    assert read(tmp_path, runs(1)[:4]).seeds == 0
    assert read(tmp_path, []).seeds == 0


def test_what_the_interval_shows_helped_or_hurt_and_the_rest_is_undecided(tmp_path):
    presence, fixmatch, tta = verdicts(read(tmp_path, runs(4)))
    assert presence == (
        "Presence labels helped macro-F1 of presence (+21.7 points) and false alarms (-21.7 points) and hurt mean IoU "
        "over dies (-10.0 points)."
    )
    assert fixmatch.startswith("Unlabelled wafers (FixMatch) left macro-F1 of presence (+0.0 points)")
    assert tta.endswith("undecided.")


def test_one_seed_decides_nothing(tmp_path):
    assert all(" left " in line and "helped" not in line for line in verdicts(read(tmp_path, runs(1))))


def test_numbers_of_synthetic_and_of_real_wafers_come_from_their_own_reports():
    presence = {"macro_f1": 0.1, "false_alarm_share": 0.2}
    synthetic = {"iou_over_dies": {"mean": 0.55556}, "presence": {"macro_f1": 0.9, "false_alarm_share": 0.9}}
    assert measures_of([synthetic, {"presence": presence}]) == run(0.5556, 0.1, 0.2)


def test_no_table_is_none_and_a_damaged_one_is_said(tmp_path):
    path = tmp_path / "ablation.json"
    assert read_ablation(path) is None
    kept = KEYS | {"runs": runs(1)}
    for damaged in (
        {**kept, "format": 1},
        {**kept, "runs": [{"macro_f1": 1}]},
        {**kept, "runs": [{**r, "macro_f1": "?"} for r in runs(1)]},
        [],
    ):
        path.write_text(json.dumps(damaged))
        with pytest.raises(FormatError, match=r"python -m jobs\.ablate"):
            read_ablation(path)


def test_the_table_that_comes_with_the_app_has_every_arm_and_measure():
    found = read_ablation(RESULTS)
    assert found.seeds >= 3
    shapes = {found.arms[arm][measure.key].shape for arm in ARMS for measure in MEASURES}
    assert shapes == {(found.seeds, len(found.budgets))}
    assert np.isfinite([found.areas(arm, measure.key) for arm in ARMS for measure in MEASURES]).all()


@pytest.mark.skipif(not RESULTS.exists(), reason="the table of results is not there")
def test_nine_comparisons_of_the_table_beside_the_docs_are_corrected_together():
    """Holm by hand: the smallest p by nine, the next by eight, none below the one before."""
    found = read_ablation()
    arms, alone = list(ARMS), {}
    for before, arm in pairwise(arms):
        for measure in MEASURES:
            sides = (found.areas(arm, measure.key), found.areas(before, measure.key))
            alone[arm, measure.key] = float(stats.ttest_rel(*sides).pvalue)
    least, by_hand = 0.0, {}
    for place, name in enumerate(sorted(alone, key=alone.__getitem__)):
        least = by_hand[name] = min(1.0, max(least, (9 - place) * alone[name]))
    assert len(alone) == 9
    assert {name: one.p for name, one in found.gains().items()} == pytest.approx(by_hand)
    sure = {name for name, one in found.gains().items() if one.certain}
    assert sure == {("presence", "false_alarms"), ("fixmatch", "synthetic_iou")}
