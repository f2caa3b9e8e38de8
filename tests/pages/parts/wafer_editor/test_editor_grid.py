"""Dies and polygons in the browser against Python."""

import numpy as np
import pytest
import scipy.ndimage as ndi
import shapely

from core.instances.shapes import components
from core.labels.label import runs

pytestmark = pytest.mark.browser
RANDOM_CASES = 40


def dies_inside(polygon: np.ndarray, failing: np.ndarray) -> np.ndarray:
    """The failing dies, (n, 2), whose centres a polygon of (row, column) corners holds, as shapely has it."""
    dies = np.argwhere(failing)
    return dies[shapely.contains_xy(shapely.Polygon(polygon[:, ::-1]), dies[:, 1], dies[:, 0])]


def flat(mask) -> list[int]:
    return np.flatnonzero(mask).tolist()


def random_mask(rng, share=0.3):
    shape = tuple(int(n) for n in rng.integers(3, 30, size=2))
    return rng.random(shape) < share


def grid(mask) -> dict[str, int]:
    return {"rows": mask.shape[0], "columns": mask.shape[1]}


def test_runs_are_those_of_python_and_come_back(js):
    rng = np.random.default_rng(1)
    masks = [random_mask(rng, share) for share in rng.random(RANDOM_CASES)]
    found = js(
        "grid",
        "return x.map(d => { const r = m.runsOf(d); return [r, [...m.fromRuns(r)]]; })",
        [flat(k) for k in masks],
    )
    assert found == [[runs(np.argwhere(k), k.shape), flat(k)] for k in masks]


@pytest.mark.parametrize("mode", ["new", "add", "subtract", "intersect"])
def test_modes_are_set_operations(js, mode):
    rng = np.random.default_rng(2)
    expected = {"new": lambda a, b: b, "add": np.union1d, "subtract": np.setdiff1d, "intersect": np.intersect1d}[mode]
    for _ in range(10):
        a, b = (flat(rng.random(40) < 0.4) for _ in range(2))
        x = {"a": a, "b": b, "mode": mode, "grid": {"rows": 5, "columns": 8}}
        found = js("grid", "return [...m.combine(Uint32Array.from(x.a), Uint32Array.from(x.b), x.mode)]", x)
        assert found == list(expected(a, b))


@pytest.mark.parametrize("gap", [0, 1, 3])
def test_the_wand_takes_what_hangs_together_as_clusters_do(js, gap):
    rng = np.random.default_rng(3)
    for share in (0.03, 0.1, 0.3):
        mask = random_mask(rng, share)
        mask.flat[0] = True
        labels = components(mask, gap)
        for start in flat(mask)[:5]:
            x = {"from": start, "mask": mask.ravel().astype(int).tolist(), "gap": gap, "grid": grid(mask)}
            found = js("grid", "return [...m.flood(x.from, Uint8Array.from(x.mask), x.gap, x.grid)]", x)
            assert found == flat(labels == labels.flat[start])


def test_the_brush_takes_failing_dies_near_its_way(js):
    rng = np.random.default_rng(4)
    for _ in range(10):
        mask = random_mask(rng, 0.6)
        a, b = (rng.random(2) * mask.shape for _ in range(2))
        way = shapely.LineString([a, b])
        near = [die for die in flat(mask) if way.distance(shapely.Point(divmod(die, mask.shape[1]))) <= 2.2]
        x = {"a": a.tolist(), "b": b.tolist(), "mask": mask.ravel().astype(int).tolist(), "grid": grid(mask)}
        assert js("grid", "return [...m.underBrush(x.a, x.b, 2.2, Uint8Array.from(x.mask), x.grid)]", x) == near


def test_the_rectangle_takes_failing_dies_inside(js):
    mask = np.ones((6, 8), dtype=bool)
    mask[2, 3] = False
    expected = np.zeros_like(mask)
    expected[1:4, 2:6] = mask[1:4, 2:6]
    x = {"mask": mask.ravel().astype(int).tolist(), "grid": grid(mask)}
    assert js("grid", "return [...m.inRectangle([3.4, 1.6], [0.6, 5.2], Uint8Array.from(x.mask), x.grid)]", x) == flat(
        expected
    )


def test_grow_shrink_and_fill_work_on_the_closed_silhouette(js):
    rng = np.random.default_rng(5)
    square = np.ones((3, 3), dtype=bool)
    for _ in range(20):
        failing = random_mask(rng, 0.7)
        mask = failing & (rng.random(failing.shape) < 0.5)
        wide = np.pad(mask, 2)
        closed = ndi.binary_erosion(ndi.binary_dilation(wide, square), square, border_value=1)
        inner = np.s_[2:-2, 2:-2]
        expected = [
            ndi.binary_dilation(closed, square)[inner] & failing,
            ndi.binary_erosion(closed, square, border_value=1)[inner] & mask,
            ndi.binary_fill_holes(closed)[inner] & failing,
        ]
        x = {"dies": flat(mask), "failing": failing.ravel().astype(int).tolist(), "grid": grid(mask)}
        body = "const d = Uint32Array.from(x.dies), f = Uint8Array.from(x.failing);"
        body += "return [m.grown(d, f, x.grid), m.shrunk(d, x.grid), m.filled(d, f, x.grid)].map(s => [...s])"
        assert js("grid", body, x) == [flat(one) for one in expected]


def test_polygons_take_the_dies_that_python_takes(js):
    rng = np.random.default_rng(6)
    for _ in range(RANDOM_CASES):
        failing = random_mask(rng, 0.5)
        angles = np.arange(rng.integers(3, 14)) + 0.1
        angles *= 2 * np.pi / len(angles)
        reach = rng.uniform(0.2, 1.2, size=len(angles)) * max(failing.shape) / 2
        middle = np.array(failing.shape) / 2 + rng.random(2)
        star = middle + reach[:, None] * np.column_stack([np.sin(angles), np.cos(angles)])
        x = {"points": star.tolist(), "mask": failing.ravel().astype(int).tolist(), "grid": grid(failing)}
        found = js("polygon", "return [...m.inPolygon(x.points, Uint8Array.from(x.mask), x.grid)]", x)
        assert found == (dies_inside(star, failing) @ (failing.shape[1], 1)).tolist()


def test_a_line_drawn_over_itself_takes_every_die_that_it_goes_around(js):
    """Loops that overlap, twice around, and a crossing: all but the dies around which the line turns zero times."""
    rng = np.random.default_rng(8)
    lines = [rng.uniform(0, 20, size=(n, 2)) for n in rng.integers(5, 12, size=RANDOM_CASES)]
    turns = np.linspace(0.1, 4 * np.pi, 60)
    lines.append(10.3 + np.column_stack([8 * np.sin(turns), 8 * np.cos(turns)]) * (1 - turns[:, None] / 60))
    failing = rng.random((20, 20)) < 0.7
    dies = np.argwhere(failing)
    for line in lines:
        ways = [np.arctan2(*(corner - dies).T) for corner in line]
        around = sum(
            (np.diff([a, b], axis=0)[0] + np.pi) % (2 * np.pi) - np.pi
            for a, b in zip(ways, np.roll(ways, -1, 0), strict=True)
        )
        x = {"points": line.tolist(), "mask": failing.ravel().astype(int).tolist(), "grid": grid(failing)}
        found = js("polygon", "return [...m.inPolygon(x.points, Uint8Array.from(x.mask), x.grid)]", x)
        assert found == (dies[np.abs(around) > 1] @ (20, 1)).tolist()
    assert js("polygon", "return m.fault([[0, 0], [2, 2], [0, 2], [2, 0]], true, true)") == ""


def test_a_polygon_crosses_itself_exactly_when_shapely_says_so(js):
    rng = np.random.default_rng(7)
    shapes = [rng.integers(0, 5, size=(n, 2)).tolist() for n in rng.integers(3, 7, size=300)]
    shapes = [s for s in shapes if all(a != b for a, b in zip(s, s[1:] + s[:1], strict=True))]
    found = js("polygon", "return x.map(points => m.crossing(points, true) !== null)", shapes)
    expected = [not shapely.Polygon(s).is_valid for s in shapes]
    assert [s for s, f, e in zip(shapes, found, expected, strict=True) if f != e] == []
    assert 50 < sum(expected) < len(expected) - 20


def test_the_reason_says_where(js):
    assert (
        js("polygon", "return m.fault([[0, 0], [2, 2], [0, 2], [2, 0]], true)")
        == "it crosses itself at row 1.0, column 1.0"
    )
    assert js("polygon", "return m.fault([[0, 0], [2, 2]], true)") == "it has 2 corners and needs 3"
    assert js("polygon", "return m.fault([[0, 0], [0, 2], [2, 2]], true)") == ""


def test_a_freehand_line_keeps_its_shape_with_fewer_corners(js):
    angles = np.linspace(0, 6, 400)
    line = np.column_stack([20 + 15 * np.sin(angles), 20 + 15 * np.cos(angles)])
    found = js("polygon", "return m.simplified(x, 0.3)", line.tolist())
    assert len(found) < 40
    assert shapely.LineString(found).hausdorff_distance(shapely.LineString(line)) <= 0.3 + 1e-9
