import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.instances import find_instances
from core.severity import SEVERITY_VERSION, Severity, SeverityRules, severity
from data.wafer import WaferMap
from tests.core.wafers import disc, segmentation, wafer

RULES = SeverityRules(density_saturation=1.0, coverage_saturation=0.3, count_saturation=10)


def scored(masks: dict[str, np.ndarray], rules: SeverityRules = RULES, **fields) -> Severity:
    shown = wafer(np.any(list(masks.values()), axis=0), **fields)
    return severity(find_instances(segmentation(shown, masks), shown), shown, rules)


def squares(*corners: tuple[int, int], size: int = 40, side: int = 4) -> np.ndarray:
    mask = np.zeros((size, size), dtype=bool)
    for r, c in corners:
        mask[r : r + side, c : c + side] = True
    return mask


def test_measures_are_those_one_computes_by_hand():
    found = scored({"particle": squares((4, 18), (20, 20), (30, 10))}, die_pitch_mm=(5.0, 5.0), diameter_mm=200.0)
    area_cm2 = math.pi * 10**2
    assert (found.cluster_count, found.affected_dies) == (3, 48)
    assert found.density_per_cm2 == pytest.approx(48 / area_cm2)
    assert found.clusters_per_cm2 == pytest.approx(3 / area_cm2)
    assert found.coverage == pytest.approx(48 * 0.25 / area_cm2)
    assert (found.cluster_dies_min, found.cluster_dies_mean, found.cluster_dies_max) == (16, 16, 16)
    assert found.cluster_mm2_max == pytest.approx(400)
    assert found.confidence == pytest.approx(0.9, abs=1e-6)
    assert found.density_term == pytest.approx(40 * 48 / area_cm2)
    assert found.coverage_term == pytest.approx(30 * 12 / area_cm2 / 0.3)
    assert found.count_term == pytest.approx(30 * 0.3)
    assert found.score == pytest.approx(found.density_term + found.coverage_term + found.count_term)


def test_edge_ratio_is_the_share_of_affected_dies_within_ten_mm_of_the_edge():
    mask = np.zeros((40, 40), dtype=bool)
    mask[0:4, 18:22] = True  # rows 0 to 3 lie 97.5, 92.5, 87.5, 82.5 mm above the centre
    found = scored({"edge": mask}, die_pitch_mm=(5.0, 5.0), diameter_mm=200.0)
    assert found.edge_ratio == 0.5


def test_a_die_in_two_classes_counts_once():
    mask = squares((10, 10))
    found = scored({"edge": mask, "particle": mask})
    assert (found.cluster_count, found.affected_dies) == (2, 16)


def test_a_clean_wafer_scores_zero_and_its_shares_are_undefined():
    found = severity([], wafer(np.zeros((9, 9), dtype=bool)), RULES)
    assert (found.score, found.cluster_count, found.affected_dies, found.coverage) == (0, 0, 0, 0)
    undefined = (
        found.edge_ratio,
        found.confidence,
        found.cluster_dies_min,
        found.cluster_dies_mean,
        found.cluster_mm2_max,
    )
    assert all(math.isnan(value) for value in undefined)


def test_a_wafer_that_fails_everywhere_fills_density_and_coverage():
    found = scored({"random": disc(60) > 0}, dies=disc(60))
    assert (found.density_term, found.coverage_term, found.count_term) == (40, 30, 3)


def test_coverage_never_exceeds_the_wafer():
    assert scored({"random": np.ones((30, 30), dtype=bool)}).coverage == 1.0


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**32 - 1), st.floats(0.01, 10), st.floats(0.01, 1), st.floats(1, 50))
def test_the_score_is_the_sum_of_its_terms_and_stays_within_a_hundred(seed, density, coverage, count):
    mask = np.random.default_rng(seed).random((30, 30)) < 0.4
    found = scored({"particle": mask}, SeverityRules(density, coverage, count))
    terms = found.density_term, found.coverage_term, found.count_term, found.collapse_term
    assert found.score == pytest.approx(sum(terms))
    assert 0 <= found.score <= 100
    assert 0 <= found.density_term <= 40
    assert 0 <= found.coverage_term <= 30
    assert 0 <= found.count_term <= 30


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 5))
def test_more_of_the_same_is_never_less_severe(more):
    places = [(4, 4), (4, 14), (4, 24), (14, 4), (14, 14), (14, 24)]
    fewer, all_of_them = (scored({"particle": squares(*places[: n + 1])}) for n in (max(more - 1, 0), more))
    assert all_of_them.score >= fewer.score


def test_what_was_assumed_is_said_in_words():
    mask = squares((10, 10))
    nothing = scored({"particle": mask})
    assert nothing.assumed_geometry
    assert nothing.assumption == (
        "The file does not say it: assumed a diameter of 300 mm and dies of 7.5 x 7.5 mm, so that they fill the wafer."
    )
    pitch = scored({"particle": mask}, die_pitch_mm=(5.0, 5.0))
    assert pitch.assumption == "The file does not say it: assumed a diameter of 300 mm."
    known = scored({"particle": mask}, die_pitch_mm=(5.0, 5.0), diameter_mm=200.0)
    assert (known.assumed_geometry, known.assumption) == (False, "")


def test_saturations_come_from_the_settings(monkeypatch):
    monkeypatch.setenv("WAFERSCOPE_SEVERITY_COUNT_SATURATION", "2")
    mask = squares((4, 4), (20, 20))
    shown = wafer(mask)
    found = severity(find_instances(segmentation(shown, {"particle": mask}), shown), shown)
    assert found.count_term == 30


def failing_at_random(share: float, size: int = 40) -> np.ndarray:
    """Failing dies of a disc, each larger share holding the smaller ones."""
    return (np.random.default_rng(2).random((size, size)) < share) & (disc(size) > 0)


SIZES = [{}, {"die_pitch_mm": (5.0, 5.0), "diameter_mm": 200.0}, {"die_pitch_mm": (1.5, 1.5), "diameter_mm": 300.0}]


@pytest.mark.parametrize("classes", [(), ("random",), ("random", "edge")])
@pytest.mark.parametrize("fields", SIZES)
@pytest.mark.parametrize("normal", [None, 0.0, 0.06, 0.9, 1.0])
def test_a_dead_wafer_is_critical_whatever_its_pattern(classes, fields, normal):
    dead = wafer(disc(40) > 0, dies=disc(40), **fields)
    found = find_instances(segmentation(dead, dict.fromkeys(classes, disc(40) > 0)), dead)
    assert severity(found, dead, RULES, normal_fail_share=normal).score == pytest.approx(100)


@pytest.mark.parametrize("fields", SIZES)
@pytest.mark.parametrize("normal", [None, 0.02, 0.3])
def test_severity_rises_with_the_failing_share(fields, normal):
    scores = []
    for share in (0.02, 0.1, 0.2, 0.36, 0.5, 0.73, 0.85, 0.95, 1.0):
        mask = failing_at_random(share)
        shown = wafer(mask, dies=disc(40), **fields)
        found = find_instances(segmentation(shown, {"random": mask}), shown)
        scores.append(severity(found, shown, RULES, normal_fail_share=normal).score)
    assert scores == sorted(scores)
    assert scores[-2] > 95


def test_a_wafer_that_hardly_yields_is_worse_than_one_full_of_patterns():
    lost = scored({"random": failing_at_random(0.95)}, dies=disc(40))
    worse = scored({"random": failing_at_random(0.73)}, dies=disc(40))
    many = scored({"particle": squares(*((r, c) for r in range(2, 36, 8) for c in range(2, 36, 8)), side=5)})
    assert (many.density_term, many.coverage_term, many.count_term) == (40, 30, 30)
    assert lost.score > worse.score > 95


def test_patterns_decide_where_no_more_fails_than_is_normal():
    mask = squares((4, 18), (20, 20))
    found = scored({"particle": mask})
    assert found.collapse_term == 0
    assert found.reason == ""


def test_the_reason_says_what_fails_and_what_is_normal():
    mask = np.zeros((10, 10), dtype=bool)
    mask.reshape(-1)[:82] = True
    shown = wafer(mask)
    assert severity([], shown, RULES, normal_fail_share=0.06).reason == "82 % of its dies fail; normal is 6 %."
    assert severity([], shown, RULES).reason == "82 % of its dies fail; normal taken as 10 %."
    assert severity([], shown, RULES, normal_fail_share=0.004).reason == "82 % of its dies fail; normal is 0.4 %."


def test_a_wafer_of_a_product_that_mostly_fails_is_held_against_half():
    shown = wafer(np.ones((10, 10), dtype=bool))
    found = severity([], shown, RULES, normal_fail_share=1.0)
    assert (found.score, found.normal_fail_share) == (100, 0.5)


def test_without_known_passes_only_patterns_count():
    mask = squares((10, 10))
    sizes = {"die_pitch_mm": (5.0, 5.0), "diameter_mm": 200.0}
    known, unknown = (
        scored({"particle": mask}, dies=mask.astype(np.uint8), passing_known=k, **sizes) for k in (True, False)
    )
    assert known.score == pytest.approx(100)
    assert unknown.collapse_term == 0
    assert unknown.score == pytest.approx(unknown.density_term + unknown.coverage_term + unknown.count_term)
    assert math.isnan(unknown.fail_share)
    assert unknown.reason == ""


@pytest.mark.parametrize("fields", [{}, {"die_pitch_mm": (3.0, 3.0)}, {"diameter_mm": 200.0}])
def test_an_assumed_size_does_not_decide(fields):
    coarse, fine = (scored({"edge": squares((0, 0), size=n, side=n // 4)}, **fields) for n in (24, 96))
    assert coarse.coverage == fine.coverage == 1 / 16
    assert coarse.score == fine.score
    assert coarse.density_term == pytest.approx(40 / 16 / 0.3)


def test_scores_say_which_formula_made_them():
    assert severity([], wafer(np.zeros((9, 9), dtype=bool)), RULES).version == SEVERITY_VERSION == 2


def test_the_main_reason_is_what_makes_most_of_the_score():
    few = squares((4, 18), side=4)
    many = squares(*((r, c) for r in range(8, 32, 6) for c in range(8, 32, 6)), side=2)
    known = {"die_pitch_mm": (5.0, 5.0), "diameter_mm": 200.0}
    broad = scored({"etching": squares((10, 10), side=18)}, SeverityRules(1.0, 0.9, 10), **known)
    assert broad.main_reason == f"patterns on {broad.coverage * 100:.0f} % of the wafer"
    assert scored({"particle": many}, **known).main_reason == "16 clusters"
    assert scored({"particle": few}, SeverityRules(9.0, 0.9, 1), **known).main_reason == "1 cluster"
    dead = WaferMap(dies=np.where(disc(40), 2, 0).astype(np.uint8), lot_id="L", wafer_id="W")
    assert severity([], dead, RULES).main_reason == "100 % of the dies fail"
    clean = WaferMap(dies=np.where(disc(40), 1, 0).astype(np.uint8), lot_id="L", wafer_id="W")
    assert severity([], clean, RULES).main_reason == ""
