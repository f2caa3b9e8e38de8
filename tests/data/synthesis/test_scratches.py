import numpy as np
import pytest
from scipy.ndimage import binary_erosion, label

from data.classes import CLASS_INDEX
from data.synthesis.frame import Frame
from data.synthesis.outline import round_wafer
from data.synthesis.scratches import scratch
from tests.data.synthesis.drawn import drawn_with

FIELDS = [scratch(np.random.default_rng([5, seed]), Frame(round_wafer(60, 60))) for seed in range(100)]


def length_in_dies(line: np.ndarray) -> float:
    """Longest way across the dies of one line, in dies."""
    rows, columns = np.nonzero(line)
    return float(np.hypot(rows[:, None] - rows[None], columns[:, None] - columns[None]).max()) + 1


def test_rates_are_high_and_one_value_a_scratch():
    for field in FIELDS:
        rates = np.unique(field[field > 0])
        assert len(rates) == 1
        assert 0.72 <= rates[0] <= 1


def test_scratches_are_thin():
    """A line one or two dies wide loses every die when its rim is taken off twice; a blob does not."""
    for field in FIELDS:
        assert not binary_erosion(field > 0, np.ones((5, 5))).any()
    eroded = [binary_erosion(field > 0, np.ones((3, 3))).sum() / np.count_nonzero(field) for field in FIELDS]
    assert np.median(eroded) == 0
    assert np.mean(eroded) < 0.02


def test_a_scratch_has_few_dies_for_its_length():
    """Dies over length: 1 to 2 for a straight line one die wide, about 3 for a diagonal of two; a disc has d pi / 4."""
    ratios = []
    for field in FIELDS:
        parts, count = label(field > 0, np.ones((3, 3)))
        sizes = np.bincount(parts.ravel())[1:]
        if count == 1 and sizes[0] >= 10:
            ratios.append(sizes[0] / length_in_dies(parts == 1))
    assert len(ratios) > 20
    assert np.median(ratios) < 2.2
    assert np.quantile(ratios, 0.9) < 4


def test_lengths_run_from_a_few_dies_to_most_of_the_wafer():
    lengths = [length_in_dies(field > 0) for field in FIELDS if field.any()]
    assert min(lengths) < 15
    assert max(lengths) > 45


def test_some_scratches_are_broken():
    parts = [label(field > 0, np.ones((3, 3)))[1] for field in FIELDS]
    assert 0.15 < np.mean([count > 1 for count in parts]) < 0.85


def test_a_scratch_stays_a_small_share_of_the_wafer():
    k = CLASS_INDEX["scratch"]
    shares = [drawn.masks[k].sum() / drawn.wafer.tested_count for drawn in drawn_with("scratch")]
    assert np.median(shares) < 0.05


@pytest.mark.parametrize("shape", [(20, 20), (20, 33), (210, 140)])
def test_scratches_reach_every_part_of_any_wafer_and_never_leave_the_grid(shape):
    frame = Frame(round_wafer(*shape))
    hit = sum((scratch(np.random.default_rng(seed), frame) > 0).astype(int) for seed in range(150))
    quarters = [part.sum() for half in np.array_split(hit, 2) for part in np.array_split(half, 2, axis=1)]
    assert min(quarters) > 0.1 * sum(quarters)
