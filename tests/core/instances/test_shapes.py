import cv2
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from core.instances.shapes import closed, components, hull_overlap, in_order_of_first_die, length, outline, parted

masks = st.builds(
    lambda seed, rows, columns, share: np.random.default_rng(seed).random((rows, columns)) < share,
    st.integers(0, 2**32 - 1),
    st.integers(1, 14),
    st.integers(1, 14),
    st.sampled_from([0.1, 0.3, 0.6, 0.9]),
)


def _reference_components(mask: np.ndarray, gap: int) -> np.ndarray:
    """Flood from die to die over every pair that is near enough."""
    dies = [tuple(die) for die in np.argwhere(mask)]
    labels, number = np.zeros(mask.shape, dtype=int), 0
    for start in dies:
        if labels[start]:
            continue
        number += 1
        open_dies, labels[start] = [start], number
        while open_dies:
            r, c = open_dies.pop()
            for die in dies:
                if not labels[die] and max(abs(die[0] - r), abs(die[1] - c)) <= gap + 1:
                    labels[die] = number
                    open_dies.append(die)
    return labels


def squares(dies: np.ndarray) -> shapely.Geometry:
    """Union of die squares, (x, y) = (column, row)."""
    return shapely.union_all([shapely.box(c - 0.5, r - 0.5, c + 0.5, r + 0.5) for r, c in dies])


def polygon(line: np.ndarray) -> shapely.Polygon:
    return shapely.Polygon(line[:, ::-1])


def blob(size: int, *centers: tuple[float, float, float]) -> np.ndarray:
    rows, columns = np.mgrid[:size, :size]
    return np.any([np.hypot(rows - r, columns - c) <= radius for r, c, radius in centers], axis=0)


@settings(deadline=None)
@given(masks, st.integers(0, 5))
def test_components_equal_flooding_from_die_to_die(mask, gap):
    assert np.array_equal(components(mask, gap), _reference_components(mask, gap))


@given(st.lists(st.integers(0, 5), min_size=1, max_size=20))
def test_renumbering_keeps_groups_and_orders_them_by_first_die(values):
    labels = np.array([values], dtype=np.int32)
    new = in_order_of_first_die(labels)
    order = list(dict.fromkeys(v for v in values if v))
    assert new.tolist() == [[order.index(v) + 1 if v else 0 for v in values]]


def test_two_touching_blobs_are_parted_at_their_waist():
    mask = blob(30, (10, 8, 5), (10, 18, 5))
    labels = parted(components(mask, 1), 0.3)
    assert labels.max() == 2
    left, right = labels == 1, labels == 2
    assert left[:, :13].sum() >= left.sum() - 3
    assert right[:, 13:].sum() >= right.sum() - 3
    assert np.array_equal(left | right, mask)


@pytest.mark.parametrize(
    "mask", [blob(30, (14, 14, 9)), blob(30, (14, 9, 3), (14, 20, 3)), np.ones((3, 25), dtype=bool)]
)
def test_what_has_no_waist_stays_whole(mask):
    before = components(mask, 0)
    assert np.array_equal(parted(before, 0.3), before)


def test_a_speckled_blob_stays_whole():
    rng = np.random.default_rng(5)
    for _ in range(20):
        mask = blob(40, (20, 20, 10)) & (rng.random((40, 40)) < 0.75)
        labels = parted(components(mask, 1), 0.3)
        assert np.bincount(labels[mask]).max() > 0.95 * mask.sum()


@settings(deadline=None)
@given(masks)
def test_parting_loses_no_die_and_joins_none(mask):
    before = components(mask, 1)
    after = parted(before, 0.3)
    assert np.array_equal(after > 0, mask)
    for k in range(1, after.max() + 1):
        assert len(np.unique(before[after == k])) == 1


@settings(deadline=None)
@given(masks, st.sampled_from([3, 5]))
def test_closing_only_adds_dies_within_the_extent(mask, side):
    filled = closed(mask, side)
    assert filled.shape == mask.shape
    assert not (mask & ~filled).any()
    assert np.array_equal(closed(filled, side), filled)


@settings(deadline=None, max_examples=200)
@given(masks, st.integers(0, 4))
def test_an_outline_is_one_valid_polygon_that_holds_all_its_dies(mask, gap):
    dies = np.argwhere(mask)
    if not len(dies):
        return
    drawn = polygon(outline(dies, gap))
    assert drawn.is_valid
    assert drawn.buffer(1e-6).covers(squares(dies))


@settings(deadline=None)
@given(st.integers(0, 5), st.integers(0, 5), st.integers(1, 9), st.integers(1, 9))
def test_the_outline_of_a_rectangle_is_the_rectangle(row, column, rows, columns):
    dies = np.argwhere(np.ones((rows, columns))) + np.array([row, column])
    line = outline(dies, 0)
    assert polygon(line).equals(squares(dies))
    assert length(line, (1, 1)) == 2 * (rows + columns)


def test_the_outline_follows_a_solid_shape_exactly():
    dies = np.argwhere(blob(30, (14, 14, 9)))
    assert polygon(outline(dies, 0)).equals(squares(dies))


def test_dies_that_touch_at_corners_are_joined_by_narrow_necks():
    dies = np.array([[0, 0], [1, 1], [2, 2], [3, 3]])
    drawn = polygon(outline(dies, 0))
    assert drawn.is_valid
    assert 0 < drawn.area - 4 < 0.5


def test_a_gap_is_filled_where_that_makes_one_piece():
    dies = np.array([[0, c] for c in (0, 1, 2, 6, 7, 8)])
    assert polygon(outline(dies, 3)).equals(shapely.box(-0.5, -0.5, 8.5, 0.5))


def test_pieces_that_stay_apart_get_their_hull():
    dies = np.array([[0, 0], [0, 9], [9, 0], [9, 9]])
    assert polygon(outline(dies, 0)).equals(shapely.box(-0.5, -0.5, 9.5, 9.5))


def test_length_scales_rows_and_columns_apart():
    assert length(np.array([[0, 0], [0, 3], [2, 3], [2, 0]]), (10, 1)) == 2 * 3 + 2 * 20


@settings(deadline=None)
@given(masks, masks)
def test_hull_overlap_equals_shapely(a, b):
    a, b = np.argwhere(a), np.argwhere(b)
    if not (len(a) and len(b)):
        return
    hulls = [squares(dies).convex_hull for dies in (a, b)]
    expected = hulls[0].intersection(hulls[1]).area / hulls[0].union(hulls[1]).area
    assert hull_overlap(a, b) == pytest.approx(expected, abs=1e-4)


def test_watershed_is_the_one_of_the_distance_to_the_outside():
    mask = blob(40, (12, 12, 8), (22, 22, 6))
    labels = parted(components(mask, 0), 0.1)
    distance = cv2.distanceTransform(np.pad(mask, 1).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)[1:-1, 1:-1]
    tops = [np.unravel_index(np.argmax(np.where(labels == k, distance, 0)), mask.shape) for k in (1, 2)]
    assert labels.max() == 2
    assert np.hypot(*np.subtract(tops[0], (12, 12))) <= 1
    assert np.hypot(*np.subtract(tops[1], (22, 22))) <= 1
