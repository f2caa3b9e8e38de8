import json
from dataclasses import replace

import pytest

from core.evaluation.report import BLIND_LABELS
from core.registry.card import Card, card_of
from core.registry.gate import gate, scores, still_to_score
from core.registry.latency import Latency
from core.settings import Settings
from data.classes import CLASS_KEYS
from data.errors import ModelError
from tests.core.registry.models import report, write_model

LIMITS = Settings()
FAST = Latency(20.0, 40.0, 30, "here", ratio=1.0)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("gate")


@pytest.fixture(scope="module")
def champion(folder) -> Card:
    return made(folder, "before", {})


def made(folder, name, better, n=9, **parity) -> Card:
    model = write_model(folder, name, **parity)
    return replace(card_of(model, [report(folder, model, better, n=n)]), latency=FAST)


def failed(candidate, champion, limits=LIMITS) -> dict[str, str]:
    """What fails of a candidate that was timed beside this champion, by the check's name."""
    if candidate.latency:
        candidate = candidate.with_latency(replace(candidate.latency, champion=champion.sha256))
    return {check.name: check.found for check in gate(candidate, champion, limits) if not check.passed}


def test_a_better_model_passes(folder, champion):
    candidate = made(folder, "better", dict.fromkeys(CLASS_KEYS, 0.02))
    assert failed(candidate, champion) == {}


def test_a_mean_just_under_the_margin_fails_by_name(folder, champion):
    candidate = made(folder, "close", dict.fromkeys(CLASS_KEYS, 0.0199))
    assert failed(candidate, champion) == {"Mean IoU": "0.620 against 0.600 on synthetic:9:1"}
    assert failed(candidate, champion, replace(LIMITS, gate_margin=0.0199)) == {}


def test_a_class_that_loses_more_than_two_points_is_named_whatever_the_mean_says(folder, champion):
    candidate = made(folder, "uneven", {**dict.fromkeys(CLASS_KEYS, 0.1), "ring": -0.03})
    assert failed(candidate, champion) == {"Every class": "Ring 0.600 to 0.570 on synthetic:9:1"}
    assert failed(made(folder, "slight", {**dict.fromkeys(CLASS_KEYS, 0.1), "ring": -0.02}), champion) == {}


def test_reports_on_other_wafers_compare_nothing(folder, champion):
    found = failed(made(folder, "elsewhere", dict.fromkeys(CLASS_KEYS, 0.1), n=10), champion)
    assert set(found) == {"Mean IoU", "Every class"}
    assert all("that both have; the champion was scored on synthetic:9:1" in words for words in found.values())


def with_labels(card, mean, n, wafers="a1") -> Card:
    """The card with a report on wafers that people labelled, on which one class is reached."""
    told = {"n": n, "tta": False, "wafers": wafers, "iou_over_dies": {"edge": mean, "mean": mean}}
    return replace(card, reports={**card.reports, "labels:now": told})


def test_thirty_wafers_that_people_labelled_judge_and_fewer_do_not(folder):
    before = made(folder, "people-before", {}, n=300)
    better = made(folder, "people", dict.fromkeys(CLASS_KEYS, 0.05), n=300)
    assert failed(with_labels(better, 0.71, 30), with_labels(before, 0.7, 30)) == {
        "Mean IoU": "0.710 against 0.700 on labels:now, 30 wafers, by all labels"
    }
    assert failed(with_labels(better, 0.71, 29), with_labels(before, 0.7, 29)) == {}
    assert failed(with_labels(better, 0.67, 29), with_labels(before, 0.7, 29)) == {}
    assert failed(with_labels(better, 0.67, 30), with_labels(before, 0.7, 30)) == {
        "Mean IoU": "0.670 against 0.700 on labels:now, 30 wafers, by all labels",
        "Every class": "Edge 0.700 to 0.670 on labels:now",
    }


def test_the_gate_says_that_blind_labels_judged(folder):
    before, better = (made(folder, name, {}, n=300) for name in ("blind-before", "blind"))
    pair = [with_labels(card, mean, 30) for card, mean in ((better, 0.71), (before, 0.7))]
    for card in pair:
        card.reports["labels:now"]["scored"] = BLIND_LABELS
    assert failed(*pair)["Mean IoU"].endswith("on labels:now, 30 wafers, by blind labels")


def test_classes_that_only_a_few_people_s_labels_could_compare_are_not_compared(champion):
    few = replace(champion, reports={})
    assert failed(with_labels(few, 0.8, 29), with_labels(few, 0.7, 29)).keys() == {"Every class"}


def test_labels_that_changed_in_between_compare_nothing_and_are_still_to_score(folder, champion):
    candidate = with_labels(made(folder, "later", dict.fromkeys(CLASS_KEYS, 0.05)), 0.1, 40, "b2")
    before = with_labels(champion, 0.9, 40)
    assert failed(candidate, before) == {}
    assert still_to_score(candidate.reports, before) == ["labels:now"]
    assert still_to_score(before.reports, before) == []
    assert still_to_score({}, before) == ["labels:now", "synthetic:9:1"]


def test_files_of_the_champion_are_not_asked_for_again(champion):
    assert still_to_score({}, replace(champion, reports={"mine.npz": champion.reports["synthetic:9:1"]})) == []


def test_parity_and_latency_have_bounds_and_what_was_not_measured_does_not_pass(folder, champion):
    better = dict.fromkeys(CLASS_KEYS, 0.1)
    rough = made(folder, "rough", better, int8_mean_iou_over_dies=0.59, flipped_share=0.02)
    assert failed(rough, champion) == {"IoU lost by INT8": "0.0100", "Sets of classes changed by INT8": "2.0 %"}
    slow = made(folder, "slow", better).with_latency(Latency(90.0, 121.0, 30, "here", ratio=1.26))
    assert failed(slow, champion) == {"Latency": "1.26 times the champion's, p50 90 ms, p95 121 ms"}
    assert failed(slow, champion, replace(LIMITS, gate_latency_ratio=1.26)) == {}
    unknown = replace(made(folder, "unknown", better), latency=None, parity={})
    assert set(failed(unknown, champion)) == {"Latency", "IoU lost by INT8", "Sets of classes changed by INT8"}


def test_a_busy_machine_fails_nobody_unless_a_site_bounds_the_milliseconds(folder, champion):
    busy = made(folder, "busy", dict.fromkeys(CLASS_KEYS, 0.1)).with_latency(Latency(150.0, 241.0, 30, "here", ratio=1))
    assert failed(busy, champion) == {}
    assert failed(busy, champion, replace(LIMITS, gate_latency_ms=120.0)) == {"Milliseconds": "p95 241 ms"}


def test_a_time_beside_another_champion_or_none_says_nothing(folder, champion):
    candidate = made(folder, "alone", dict.fromkeys(CLASS_KEYS, 0.1))
    for latency in (replace(FAST, champion="0" * 64), replace(FAST, champion=champion.sha256, ratio=None)):
        (check,) = [one for one in gate(candidate.with_latency(latency), champion, LIMITS) if not one.passed]
        assert (check.name, check.found, check.measured) == ("Latency", "not timed beside the champion", False)


def test_a_report_on_another_model_is_refused(folder):
    model, other = write_model(folder, "mine"), write_model(folder, "theirs")
    with pytest.raises(ModelError, match=r"expected a report on mine@.*, found one on theirs@"):
        card_of(model, [report(folder, other, {})])


def test_labelled_reports_are_scored_by_f1_of_the_classes_that_they_show():
    presence = {key: {"f1": None} for key in CLASS_KEYS} | {"edge": {"f1": 0.9}}
    assert scores({"presence": presence}) == {"edge": 0.9}


def test_a_card_survives_its_json(champion):
    from core.registry.card import read_card

    again = read_card(champion.text, "card.json")
    assert json.loads(again.text) == json.loads(champion.text)
    assert again.latency == FAST
    with pytest.raises(ModelError, match=r"no model card"):
        read_card('{"name": "x"}', "card.json")
