from dataclasses import replace

import numpy as np
import pytest

from core.explain.places import Place, lesson, place, sentence
from data.classes import CLASS_KEYS, CLASSES
from tests.core.wafers import disc, radius, wafer

SIZE = 50


def sector(first_hour: float, last_hour: float) -> np.ndarray:
    """Dies of a clock sector, 12 at the top, clockwise; not across 12."""
    at = np.arange(SIZE) - (SIZE - 1) / 2
    hours = np.mod(np.degrees(np.arctan2(at[None, :], -at[:, None])) / 30, 12)
    return (hours >= first_hour) & (hours <= last_hour)


@pytest.fixture(scope="module")
def shown():
    r = radius(SIZE)
    return wafer((disc(SIZE) > 0) & (r > 0.9), dies=disc(SIZE), die_pitch_mm=(6.0, 6.0), diameter_mm=300.0)


def test_an_arc_at_the_rim_is_measured_as_counted_by_hand(shown):
    arc = shown.failing & sector(2, 6)
    found = place(shown, arc)
    shares = np.sort(radius(SIZE)[arc])
    assert found.dies == arc.sum()
    # Nine in ten: the tenth of the dies nearest to the centre is left out.
    assert found.inner == pytest.approx(shares[int(0.1 * len(shares))], abs=1e-6)
    assert 0.9 * 120 - 8 < found.degrees <= 0.9 * 120 + 8  # dies stand about 2.3 degrees apart there
    assert 2 <= found.from_hour < found.to_hour <= 6
    assert sentence("edge", found, shown, "'Edge'").startswith(f"{arc.sum()} failures in the outer ")


def test_the_narrowest_sector_is_that_of_trying_every_start(shown):
    rng = np.random.default_rng(1)
    some = shown.failing & (rng.random((SIZE, SIZE)) < 0.3)
    rows, columns = some.nonzero()
    middle = (SIZE - 1) / 2
    angles = np.degrees(np.arctan2(columns - middle, middle - rows)) % 360
    need = int(np.ceil(0.9 * len(angles)))
    widths = [np.sort((angles - start) % 360)[need - 1] for start in angles]
    assert place(shown, some).degrees == pytest.approx(min(widths), abs=1e-3)


def test_a_sector_across_twelve_is_not_the_long_way_round(shown):
    across = shown.failing & (sector(11, 12) | sector(0, 1))
    found = place(shown, across)
    assert found.degrees < 61
    assert found.from_hour > 10.9
    assert found.to_hour < 1.1


def test_a_line_is_as_long_as_its_dies(shown):
    line = np.zeros((SIZE, SIZE), dtype=bool)
    line[20, 10:30] = True
    found = place(shown, line)
    assert (found.length_mm, found.width_mm) == (pytest.approx(120.0), pytest.approx(6.0))
    assert sentence("scratch", found, shown, "'Scratch'") == "20 failures along 120 mm, 6 mm wide, drove 'Scratch'."


def test_the_side_that_holds_most_is_told(shown):
    found = place(shown, shown.failing & sector(1, 5))
    assert found.half == 1.0
    assert found.side_hour == pytest.approx(3, abs=0.1)


def test_a_single_die_has_a_place(shown):
    one = np.zeros((SIZE, SIZE), dtype=bool)
    one[25, 40] = True
    found = place(shown, one)
    assert (found.dies, found.degrees, found.length_mm) == (1, 0.0, 6.0)


@pytest.mark.parametrize("class_key", CLASS_KEYS)
def test_every_class_has_its_sentence_and_its_lesson(shown, class_key):
    at = Place(54, 0.55, 0.73, 140.0, 2.0, 6.67, 90.0, 18.0, 0.85, 4.3)
    said = sentence(class_key, at, shown, "'it'")
    assert said.startswith("54 failures ")
    assert said.endswith(" drove 'it'.")
    assert sentence(class_key, replace(at, dies=1), shown, "'it'").startswith("1 failure ")
    assert next(c for c in CLASSES if c.key == class_key).definition in lesson(class_key)
