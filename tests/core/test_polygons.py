import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.polygons import dies_inside, fault
from data.errors import LabelError

SQUARE = np.array([[0.5, 0.5], [0.5, 6.5], [6.5, 6.5], [6.5, 0.5]])


def winding_inside(polygon: np.ndarray, row: float, column: float) -> bool:
    """Even-odd rule, one side at a time."""
    inside = False
    for (r0, c0), (r1, c1) in zip(polygon, np.roll(polygon, -1, axis=0), strict=True):
        if (r0 > row) != (r1 > row) and column < c0 + (row - r0) * (c1 - c0) / (r1 - r0):
            inside = not inside
    return inside


@given(
    st.lists(st.floats(0.6, 5.5), min_size=5, max_size=24),
    st.lists(st.booleans(), min_size=144, max_size=144),
    st.tuples(st.floats(4, 8), st.floats(4, 8)),
)
def test_the_dies_taken_are_the_failing_ones_whose_centre_lies_inside(radii, bits, center):
    """A star around one point never crosses itself."""
    angles = np.arange(len(radii)) / len(radii) * 2 * np.pi + 0.123
    star = np.column_stack([center[0] + radii * np.sin(angles), center[1] + radii * np.cos(angles)])
    failing = np.array(bits).reshape(12, 12)
    taken = {tuple(die) for die in dies_inside(star, failing).tolist()}
    assert taken == {(r, c) for r in range(12) for c in range(12) if failing[r, c] and winding_inside(star, r, c)}


@pytest.mark.parametrize(
    ("polygon", "said"),
    [
        ([[0, 0], [2, 2], [0, 2], [2, 0]], "crosses itself at row 1, column 1"),
        ([[0, 0], [4, 0], [4, 4], [2, -1]], "crosses itself"),
        ([[0, 0], [1, 1]], "2 corners, 3 to 1000"),
        (np.zeros((1001, 2)), "1001 corners"),
        ([[0, 0], [1, np.nan], [1, 1]], "not finite"),
    ],
)
def test_a_polygon_that_is_none_is_refused_with_the_reason(polygon, said):
    assert said in fault(np.array(polygon, dtype=float))
    with pytest.raises(LabelError, match=said):
        dies_inside(np.array(polygon, dtype=float), np.ones((5, 5), dtype=bool))


def test_a_sound_polygon_has_no_fault_and_may_hold_nothing():
    assert fault(SQUARE) == ""
    assert dies_inside(SQUARE, np.zeros((8, 8), dtype=bool)).shape == (0, 2)
