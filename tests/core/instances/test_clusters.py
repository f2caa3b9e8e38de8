import math

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from core.instances import find_instances
from core.instances.clusters import CLASS_RULES, ClassRule, Grouping, InstanceRules, group_dies, zone
from core.segmentation import Segmentation
from data.classes import CLASS_INDEX, CLASS_KEYS
from data.wafer import WaferMap
from tests.core.wafers import disc, radius, segmentation, wafer


def found_on(masks: dict[str, np.ndarray], rules: InstanceRules | None = None, **fields):
    shown = wafer(np.any(list(masks.values()), axis=0), **fields)
    return find_instances(segmentation(shown, masks), shown, rules)


def patch(shape, rows, columns) -> np.ndarray:
    mask = np.zeros(shape, dtype=bool)
    mask[rows[0] : rows[1], columns[0] : columns[1]] = True
    return mask


def angle(size: int) -> np.ndarray:
    at = np.arange(size) - (size - 1) / 2
    return np.degrees(np.arctan2(at[None, :], -at[:, None])) % 360


def test_a_rectangle_has_the_measures_one_computes_by_hand():
    mask = patch((30, 20), (3, 8), (12, 16))  # 5 rows, 4 columns
    (one,) = found_on({"particle": mask}, die_pitch_mm=(5.0, 8.0), diameter_mm=200.0)
    assert (one.class_key, one.number, one.die_count) == ("particle", 1, 20)
    assert one.area_mm2 == pytest.approx(20 * 40)
    assert one.area_px == pytest.approx(20 * 10 * 15)
    assert one.perimeter_mm == pytest.approx(2 * (5 * 5 + 4 * 8))
    assert one.perimeter_px == pytest.approx(2 * (5 * 10 + 4 * 15))
    assert one.compactness == pytest.approx(4 * math.pi * 800 / 114**2)
    assert one.centroid_die == (5.0, 13.5)
    assert one.centroid_mm == pytest.approx(((13.5 - 9.5) * 8, (14.5 - 5) * 5))
    assert one.centroid_px == pytest.approx(((13.5 + 0.5) * 15, (5 + 0.5) * 10))
    assert one.bbox_die == (3, 12, 7, 15)
    assert one.bbox_mm == pytest.approx((16, 35, 48, 60))
    assert one.bbox_px == pytest.approx((180, 30, 240, 80))
    assert one.mean_confidence == pytest.approx(0.9, abs=1e-6)
    assert shapely.Polygon(one.polygon_die).equals(shapely.box(2.5, 11.5, 7.5, 15.5))
    assert one.dies.tolist() == np.argwhere(mask).tolist()


def test_confidence_is_the_mean_probability_over_the_dies():
    mask = patch((9, 9), (0, 2), (0, 2))
    shown = wafer(mask)
    probabilities = np.zeros((8, 9, 9), dtype=np.float32)
    probabilities[4, :2, :2] = [[0.5, 0.6], [0.7, 0.9]]
    probabilities[4, 5, 5] = 1.0
    by_hand = segmentation(shown, {"particle": mask})
    (one,) = find_instances(Segmentation(shown.key, probabilities, by_hand.masks, by_hand.presence, "m"), shown)
    assert one.mean_confidence == pytest.approx(0.675, abs=1e-6)


def test_a_broken_ring_is_one_ring():
    size = 40
    r, a = radius(size), angle(size)
    ring = (abs(r - 0.55) < 0.08) & (a % 120 > 18)
    (one,) = found_on({"ring": ring}, dies=disc(size))
    assert one.die_count == ring.sum()


def test_a_broken_scratch_is_one_scratch():
    line = np.zeros((60, 60), dtype=bool)
    steps = np.array([i for i in range(10, 50) if i % 9 > 2])
    line[steps, steps] = True
    (one,) = found_on({"scratch": line})
    assert one.die_count == len(steps)


def test_scratches_far_apart_are_two():
    line = np.zeros((60, 60), dtype=bool)
    line[10, 5:30] = line[40, 20:50] = True
    assert [one.die_count for one in found_on({"scratch": line})] == [30, 25]


def test_arcs_on_opposite_sides_of_the_edge_are_two():
    size = 40
    rim, a = (radius(size) > 0.85) & (disc(size) > 0), angle(size)
    arcs = found_on({"edge": rim & ((abs(a - 90) < 25) | (abs(a - 270) < 25))}, dies=disc(size))
    assert sorted(one.sector for one in arcs) == [3, 9]
    assert {one.zone for one in arcs} == {"edge"}


def test_touching_particles_are_parted_and_a_touching_ring_is_not():
    rows, columns = np.mgrid[:60, :60]
    blobs = (np.hypot(rows - 30, columns - 22) <= 6) | (np.hypot(rows - 30, columns - 34) <= 6)
    assert len(found_on({"particle": blobs})) == 2
    assert len(found_on({"ring": blobs})) == 1


def test_a_lattice_of_one_reticle_is_one_and_whole_shots_are_each_their_own():
    lattice = np.zeros((40, 40), dtype=bool)
    lattice[2::5, 1::4] = True
    (one,) = found_on({"lithography": lattice})
    assert one.die_count == lattice.sum()
    shots = patch((40, 40), (5, 10), (8, 12)) | patch((40, 40), (20, 25), (24, 28))
    assert [shot.die_count for shot in found_on({"lithography": shots})] == [20, 20]


@pytest.mark.parametrize("key", ["random", "etching"])
def test_a_class_of_the_whole_wafer_is_one_instance(key):
    scattered = np.random.default_rng(1).random((50, 50)) < 0.1
    (one,) = found_on({key: scattered})
    assert one.die_count == scattered.sum()


def test_small_ones_are_dropped_by_dies():
    assert found_on({"particle": patch((30, 30), (4, 5), (4, 6))}) == []
    assert len(found_on({"particle": patch((30, 30), (4, 5), (4, 7))})) == 1


def test_small_ones_are_dropped_by_pixels_on_fine_grids():
    assert found_on({"particle": patch((200, 200), (50, 52), (50, 52))}) == []  # 4 dies of 2.25 pixels
    assert len(found_on({"particle": patch((200, 200), (50, 52), (50, 53))})) == 1


def test_interleaved_pieces_are_merged_by_their_overlap():
    comb = np.zeros((40, 40), dtype=bool)
    comb[10:30:8, 10:30] = True
    other = np.zeros((40, 40), dtype=bool)
    other[14:30:8, 10:30] = True
    rule = ClassRule(Grouping.JOINED)
    split = {**CLASS_RULES, "edge": rule}
    assert len(group_dies(comb | other, rule, InstanceRules(classes=split, merge_overlap=1.0))) == 5
    frames = patch((40, 40), (5, 35), (5, 35)) & ~patch((40, 40), (6, 34), (6, 34))
    inner = patch((40, 40), (7, 33), (7, 33)) & ~patch((40, 40), (8, 32), (8, 32))
    assert len(group_dies(frames | inner, rule, InstanceRules(classes=split, merge_overlap=0.8))) == 2
    assert len(group_dies(frames | inner, rule, InstanceRules(classes=split, merge_overlap=0.7))) == 1


def test_order_is_by_class_then_size_then_place_and_numbers_run_through():
    particles = (
        patch((40, 40), (30, 33), (5, 8)) | patch((40, 40), (10, 14), (20, 24)) | patch((40, 40), (20, 23), (5, 8))
    )
    edge = patch((40, 40), (0, 2), (10, 30))
    found = found_on({"particle": particles, "edge": edge})
    assert [(one.class_key, one.die_count, one.bbox_die[0]) for one in found] == [
        ("edge", 40, 0),
        ("particle", 16, 10),
        ("particle", 9, 20),
        ("particle", 9, 30),
    ]
    assert [one.number for one in found] == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("rows", "columns", "hour"),
    [
        ((2, 6), (23, 27), 12),
        ((23, 27), (44, 48), 3),
        ((44, 48), (23, 27), 6),
        ((23, 27), (2, 6), 9),
        ((4, 7), (34, 37), 1),
    ],
)
def test_the_sector_is_the_hour_on_the_clock(rows, columns, hour):
    (one,) = found_on({"particle": patch((50, 50), rows, columns)})
    assert one.sector == hour


def test_the_zone_of_a_ring_is_where_its_dies_are_not_where_its_centre_is():
    size = 40
    (one,) = found_on({"ring": abs(radius(size) - 0.6) < 0.08}, dies=disc(size))
    assert one.zone == "middle"
    assert one.centroid_die == pytest.approx((19.5, 19.5))


def test_zones_meet_at_a_third_and_at_four_fifths():
    assert [zone(r) for r in (0.0, 0.333, 1 / 3, 0.799, 0.8, 1.0)] == ["center"] * 2 + ["middle"] * 2 + ["edge"] * 2


def test_a_gap_grows_with_the_grid_and_is_a_die_at_least():
    assert [CLASS_RULES["scratch"].gap((n, 9)) for n in (10, 27, 200)] == [1, 2, 12]
    assert CLASS_RULES["lithography"].gap((200, 200)) == 0


def test_every_class_has_a_rule():
    assert set(CLASS_RULES) == set(CLASS_KEYS)


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**32 - 1), st.integers(3, 25), st.integers(3, 25), st.sampled_from([0.1, 0.4, 0.8]))
def test_instances_of_a_class_share_no_die_and_lie_in_its_mask(seed, rows, columns, share):
    rng = np.random.default_rng(seed)
    shown = wafer(rng.random((rows, columns)) < 0.7)
    masks = {key: shown.failing & (rng.random((rows, columns)) < share) for key in CLASS_KEYS}
    found = find_instances(segmentation(shown, masks), shown)
    for key in CLASS_KEYS:
        dies = [tuple(die) for one in found if one.class_key == key for die in one.dies.tolist()]
        assert len(dies) == len(set(dies))
        assert all(masks[key][die] for die in dies)
    for one in found:
        assert 0 < one.compactness <= 1
        assert one.die_count == len(one.dies) >= CLASS_RULES[one.class_key].min_dies
        assert 1 <= one.sector <= 12
        assert shapely.Polygon(one.polygon_die).is_valid


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 2**32 - 1), st.integers(1, 3))
def test_instances_turn_with_the_wafer(seed, turns):
    rng = np.random.default_rng(seed)
    failing = rng.random((24, 24)) < 0.3
    shown, turned = (wafer(f, die_pitch_mm=(4, 4), diameter_mm=100) for f in (failing, np.rot90(failing, turns)))
    for key in ("edge", "scratch", "ring", "lithography", "random"):
        before = find_instances(segmentation(shown, {key: failing}), shown)
        after = find_instances(segmentation(turned, {key: np.rot90(failing, turns)}), turned)
        measures = [
            sorted((one.die_count, round(one.perimeter_mm, 6), one.zone) for one in side) for side in (before, after)
        ]
        assert measures[0] == measures[1]


def test_a_wafer_without_masks_has_no_instances():
    shown = WaferMap(dies=disc(20), lot_id="L", wafer_id="W")
    assert find_instances(segmentation(shown, {}), shown) == []


def test_a_die_may_belong_to_instances_of_two_classes():
    mask = patch((20, 20), (0, 4), (0, 4))
    found = found_on({"edge": mask, "particle": mask})
    assert [CLASS_INDEX[one.class_key] for one in found] == [0, 4]
    assert np.array_equal(found[0].dies, found[1].dies)
