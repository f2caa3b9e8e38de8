import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from models.combs import SPACINGS, TEETH, Combs


def combed(planes: np.ndarray, row: int, column: int, spacing: int, down: bool) -> float:
    """One comb at one die, tooth by tooth."""
    failing = tested = 0.0
    for tooth in range(-(TEETH // 2), TEETH // 2 + 1):
        at = (row + tooth * spacing, column) if down else (row, column + tooth * spacing)
        if all(0 <= place < side for place, side in zip(at, planes.shape[1:], strict=True)):
            failing, tested = failing + planes[0][at], tested + planes[1][at]
    return failing / (tested + 1)


@given(seed=st.integers(0, 2**16), side=st.integers(2, 40))
@settings(max_examples=25, deadline=None)
def test_every_comb_counts_its_teeth(seed, side):
    rng = np.random.default_rng(seed)
    tested = rng.random((side, side)) < 0.8
    planes = np.stack([tested & (rng.random((side, side)) < 0.3), tested, tested]).astype(np.float32)
    found = Combs()(torch.from_numpy(planes)[None])[0].numpy()
    assert found.shape == (Combs.channels, side, side)
    row, column = rng.integers(side, size=2)
    expected = [combed(planes, row, column, n, down) for n in SPACINGS for down in (False, True)]
    assert np.allclose(found[:, row, column], expected, atol=1e-6)


def test_a_die_of_every_field_stands_out_at_the_width_of_the_field():
    planes = torch.zeros(1, 3, 64, 64)
    planes[:, 1] = 1
    planes[:, 0, 3::5, 2::7] = 1
    found = Combs()(planes)[0, :, 33, 30]  # a die of the pattern
    along, down = found[::2], found[1::2]
    assert SPACINGS[int(along.argmax())] == 7
    assert SPACINGS[int(down.argmax())] == 5
