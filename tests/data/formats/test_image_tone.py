import numpy as np

from data.formats.image_meaning import inscribed_disc
from tests.data.formats.image_examples import picture, read


def shaded() -> np.ndarray:
    """A smooth dark wafer with a bright spot."""
    rows, columns = np.mgrid[0:120, 0:100]
    spot = np.hypot(rows - 40, columns - 60) < 15
    return (40 + 0.2 * rows + 0.1 * columns + 120 * spot).astype(np.uint8), spot


def test_continuous_tone_is_parted_by_otsu_inside_the_disc():
    tone, spot = shaded()
    disc = inscribed_disc(tone.shape)
    assert read(picture(tone)).dies.tolist() == np.where(disc, np.where(spot, 2, 1), 0).tolist()


def test_threshold_and_failing_side_are_the_callers():
    tone, _ = shaded()
    wafer = read(picture(tone), threshold=60 / 255, failing_tone="dark")
    assert wafer.dies.tolist() == np.where(inscribed_disc(tone.shape), np.where(tone <= 60, 2, 1), 0).tolist()
