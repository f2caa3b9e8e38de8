from collections.abc import Callable

import numpy as np
import pytest
from scipy.ndimage import binary_fill_holes, label

from data.classes import CLASS_INDEX, CLASS_KEYS
from data.geometry import clock_angle, radius_share
from data.synthesis.frame import Frame
from data.synthesis.outline import round_wafer
from data.synthesis.patterns import LEAST_RATE, PATTERNS, near_full
from tests.data.synthesis.drawn import drawn_with

SIDE = 42
FRAME = Frame(round_wafer(SIDE, SIDE))


def fields(pattern: Callable, count: int = 60) -> list[np.ndarray]:
    return [pattern(np.random.default_rng([9, seed]), FRAME) for seed in range(count)]


def masked(key: str, measure: Callable[[np.ndarray], np.ndarray]) -> list[np.ndarray]:
    """A measure of the dies of a class, wafer by wafer."""
    k = CLASS_INDEX[key]
    return [measure(d.wafer.dies)[d.masks[k]] for d in drawn_with(key) if d.masks[k].any()]


def off_centre(key: str) -> np.ndarray:
    """Distance of the centre of mass of a class from the wafer's centre, in shares of the radius."""
    radii, angles = masked(key, radius_share), masked(key, clock_angle)
    return np.array([abs((r * np.exp(1j * a)).mean()) for r, a in zip(radii, angles, strict=True)])


@pytest.mark.parametrize("key", [*CLASS_KEYS, "near_full"])
def test_rates_are_probabilities_and_never_so_faint_that_nobody_could_tell(key):
    for field in fields(PATTERNS.get(key, near_full)):
        assert (field.dtype, field.shape) == (np.float32, (SIDE, SIDE))
        assert field.max() <= 1
        assert (field[field > 0] >= LEAST_RATE).all()


def test_there_is_a_pattern_for_every_class():
    assert tuple(PATTERNS) == CLASS_KEYS


def test_edge_lies_at_the_rim():
    radii = masked("edge", radius_share)
    assert np.quantile(np.concatenate(radii), 0.03) > 0.7
    assert min(r.mean() for r in radii) > 0.75


def test_edge_is_a_band_on_some_wafers_and_an_arc_on_others():
    spread = off_centre("edge")
    assert 0.2 < np.mean(spread < 0.1) < 0.8
    assert 0.1 < np.mean(spread > 0.5) < 0.8


def test_center_lies_in_the_middle():
    assert off_centre("center").max() < 0.35
    assert max(r.mean() for r in masked("center", radius_share)) < 0.45


def test_center_and_particle_are_blobs_without_a_hole():
    for key, most in (("center", 1), ("particle", 3)):
        for field in fields(PATTERNS[key]):
            assert 1 <= label(field > 0, np.ones((3, 3)))[1] <= most


def test_a_ring_has_a_hole_or_is_a_part_of_one_and_leaves_the_rim_out():
    whole = 0
    for field in fields(PATTERNS["ring"]):
        inside = field > 0
        assert inside.any()
        assert not inside[FRAME.radius >= 0.93].any()
        turns = np.sort(FRAME.angle[inside])
        if np.diff(np.append(turns, turns[0] + 2 * np.pi)).max() < 0.4:
            hole = binary_fill_holes(inside) & ~inside
            assert hole.any()
            assert FRAME.radius[hole].mean() < FRAME.radius[inside].mean()
            whole += 1
    assert 20 < whole < 50


def test_particles_are_compact_and_lie_neither_in_the_middle_nor_at_the_rim():
    places = [abs((FRAME.x + 1j * FRAME.y)[field == field.max()].mean()) for field in fields(PATTERNS["particle"])]
    assert np.quantile(places, 0.1) > 0.15
    assert np.median(places) == pytest.approx(0.54, abs=0.15)
    shares = [(field > 0).sum() / (FRAME.dies > 0).sum() for field in fields(PATTERNS["particle"])]
    assert np.median(shares) < 0.08


def test_etching_is_one_sided():
    assert off_centre("etching").min() > 0.25
    assert np.median(off_centre("random")) < 0.1


def test_etching_climbs_towards_one_side_and_covers_much_of_it():
    for field in fields(PATTERNS["etching"]):
        inside = FRAME.dies > 0
        towards = np.angle(((FRAME.x + 1j * FRAME.y) * field)[inside].sum())
        along = FRAME.x * np.cos(towards) + FRAME.y * np.sin(towards)
        assert np.corrcoef(along[inside], field[inside])[0, 1] > 0.6
        assert 0.04 < np.mean(field[inside] > 0) < 0.75


def test_random_fails_everywhere_well_above_background():
    for field in fields(PATTERNS["random"]):
        assert field.min() >= 0.2
        quarters = [field[:21, :21], field[:21, 21:], field[21:, :21], field[21:, 21:]]
        assert min(q.mean() for q in quarters) > 0.2


def test_near_full_fails_nearly_everywhere():
    shares = [field[FRAME.dies > 0].mean() for field in fields(near_full)]
    assert min(shares) > 0.55
    assert np.median(shares) > 0.8


def test_lithography_repeats_with_a_reticle_field_or_fails_whole_shots():
    """Every region is, within the arc that it may be cut to, one function of the place in a field or of the field."""
    lattices = shots = 0
    for field in fields(PATTERNS["lithography"]):
        inside = field > 0
        lattice, blocks = repeats(inside), consists_of_blocks(inside)
        assert lattice or blocks
        lattices, shots = lattices + lattice, shots + (blocks and not lattice)
    assert lattices > 15
    assert shots > 10


def repeats(inside: np.ndarray) -> bool:
    """Whether dies repeat with some period of 2 to 6: those of every place in the field lie in few places."""
    rows, columns = np.nonzero(inside)
    for height in range(2, 7):
        for width in range(2, 7):
            places = set(zip(rows % height, columns % width, strict=True))
            if len(places) <= min(2, height * width // 2) and _fills_its_lattice(inside, height, width, places):
                return True
    return False


def _fills_its_lattice(inside: np.ndarray, height: int, width: int, places: set[tuple[int, int]]) -> bool:
    """Whether of the lattice's dies a convex part fails: all of them, or those within one arc of the wafer."""
    on = np.zeros_like(inside)
    for row, column in places:
        on[row::height, column::width] = True
    turns = np.sort(np.mod(FRAME.angle[inside], 2 * np.pi))
    gap = np.diff(np.append(turns, turns[0] + 2 * np.pi)).max()
    share = inside.sum() / on.sum()
    return share == 1 or share > (2 * np.pi - gap) / (2 * np.pi) * 0.85


def consists_of_blocks(inside: np.ndarray) -> bool:
    for height in range(2, 7):
        for width in range(2, 7):
            for top in range(height):
                for left in range(width):
                    row = (np.arange(SIDE) + top) // height
                    column = (np.arange(SIDE) + left) // width
                    first = inside[np.searchsorted(row, row)][:, np.searchsorted(column, column)]
                    if np.array_equal(first, inside):
                        return True
    return False
