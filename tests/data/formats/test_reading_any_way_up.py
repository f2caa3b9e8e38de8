"""What every format of the fab has in common: the same wafer comes out, whichever way up it was written."""

import gzip

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from data.formats import ReadOptions, read_bytes, read_wafers
from data.orientation import Corner, OrientationRule
from data.wafer import WaferMap
from tests.data.formats.make_fixtures import CLOCKWISE, FIXTURES, GRID, WRITERS, fixtures, stdf, text_map
from tests.data.formats.strategies import PATIENT, turned_point

DIES = np.array([0, 1, 2, 2, 2, 2, 2, 2])
GRIDS = hnp.arrays(np.uint16, st.tuples(st.integers(4, 8), st.integers(4, 8)), elements=st.sampled_from([0, 1, 2, 7]))
FEW = settings(PATIENT, max_examples=25)


def one(name: str, content: bytes, **options) -> WaferMap:
    [wafer] = read_bytes(name, content, options=ReadOptions(**options))
    assert isinstance(wafer, WaferMap), wafer
    return wafer


def test_the_committed_fixtures_are_what_the_script_makes():
    """Versions of Python write another byte of the system into the head of a gzip file."""
    assert {path.name: _unpacked(path.name, path.read_bytes()) for path in FIXTURES.iterdir()} == {
        name: _unpacked(name, content) for name, content in fixtures().items()
    }


def _unpacked(name, content):
    return gzip.decompress(content) if name.endswith(".gz") else content


@pytest.mark.parametrize("path", sorted(FIXTURES.iterdir()), ids=lambda path: path.name)
def test_every_fixture_is_the_same_wafer(path):
    [wafer] = read_wafers(path)
    assert wafer.dies.tolist() == DIES[GRID].tolist()
    assert (wafer.key, wafer.product, wafer.notch) == ("LOT7:W05", "CHIP-A", "down")
    assert wafer.die_pitch_mm == pytest.approx((5.0, 7.5), rel=1e-6)
    if "klarf" not in path.name:  # there the bins count defects
        assert wafer.bins.tolist() == GRID.tolist()


@pytest.mark.parametrize("name", WRITERS)
@FEW
@given(grid=GRIDS, quarters=st.integers(0, 3))
def test_any_turn_of_a_wafer_with_its_notch_declared_is_the_same_wafer(name, grid, quarters):
    trimmed = _trimmed(grid)
    assume(min(trimmed.shape) >= 3)  # a text map of fewer rows is not recognised as one
    turned = np.rot90(trimmed, -quarters)
    wafer = one(name, WRITERS[name](turned, CLOCKWISE[quarters]))
    assert wafer.dies.tolist() == DIES[trimmed].tolist()
    assert wafer.notch == "down"


@pytest.mark.parametrize("name", ["lot7.stdf", "lot7_12.klarf", "lot7_18.klarf"])
@FEW
@given(grid=GRIDS, quarters=st.integers(0, 3), center=st.tuples(st.integers(0, 7), st.integers(0, 7)))
def test_any_turn_of_a_wafer_has_its_centre_on_the_same_die(name, grid, quarters, center):
    trimmed = _trimmed(grid)
    assume(trimmed.size)
    center = tuple(min(place, side - 1) for place, side in zip(center, trimmed.shape, strict=True))
    turned = turned_point(center, trimmed.shape, -quarters % 4)
    wafer = one(name, WRITERS[name](np.rot90(trimmed, -quarters), CLOCKWISE[quarters], center=turned))  # type: ignore[call-arg]
    assert wafer.center == center


def _trimmed(grid: np.ndarray) -> np.ndarray:
    """Without empty rows and columns at the sides, which formats of single dies cannot keep."""
    rows, columns = np.flatnonzero(grid.any(axis=1)), np.flatnonzero(grid.any(axis=0))
    return grid[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] if len(rows) else grid[:0]


@FEW
@given(grid=GRIDS, mirror=st.booleans(), rotate=st.sampled_from([0, 90, 180, 270]))
def test_a_rule_puts_right_what_a_prober_turned_without_saying(grid, mirror, rotate):
    trimmed = _trimmed(grid)
    assume(trimmed.size)
    rule = OrientationRule(mirror=mirror, rotate=rotate)
    written = np.rot90(trimmed, rotate // 90)  # counter-clockwise: the rule mirrors first and turns back last
    written = written[:, ::-1] if mirror else written
    wafer = one("a.sinf", WRITERS["lot7.sinf"](written), rules=(("CHIP-A", rule),))
    assert wafer.dies.tolist() == DIES[trimmed].tolist()
    assert one("a.sinf", WRITERS["lot7.sinf"](written)).dies.tolist() == DIES[written].tolist()


@pytest.mark.parametrize(
    ("corner", "seen"),
    [
        (Corner.UPPER_LEFT, GRID),
        (Corner.UPPER_RIGHT, GRID[:, ::-1]),
        (Corner.LOWER_LEFT, GRID[::-1]),
        (Corner.LOWER_RIGHT, GRID[::-1, ::-1]),
    ],
)
def test_the_origin_holds_where_a_file_does_not_declare_its_axes(corner, seen):
    rules = (("CHIP-A", OrientationRule(origin=corner)),)
    undeclared, declared = stdf(GRID, axes="  "), stdf(GRID, axes="RU")
    assert one("a.stdf", undeclared, rules=rules).dies.tolist() == DIES[seen].tolist()
    assert one("a.stdf", declared, rules=rules).dies.tolist() == DIES[GRID].tolist()
    assert one("a.txt", text_map(GRID), rules=rules).dies.tolist() == DIES[seen].tolist()


def test_the_rule_of_another_product_changes_nothing():
    rules = (("CHIP-B", OrientationRule(rotate=90)),)
    assert one("a.sinf", WRITERS["lot7.sinf"](GRID), rules=rules).dies.tolist() == DIES[GRID].tolist()
