import numpy as np
import pytest

from core.drawing.palette import GREYS, Palette, Theme, class_colors, heat_ramp, rgb
from data.classes import CLASS_KEYS


@pytest.mark.parametrize("palette", Palette)
def test_every_class_has_a_colour_of_its_own(palette):
    colors = class_colors(palette)
    assert tuple(colors) == CLASS_KEYS
    assert len(set(colors.values())) == len(CLASS_KEYS)


@pytest.mark.parametrize("palette", Palette)
@pytest.mark.parametrize("theme", Theme)
def test_no_class_looks_like_a_passing_or_failing_die(palette, theme):
    greys = np.array([rgb(GREYS[theme].passing), rgb(GREYS[theme].failing)])
    for color in class_colors(palette).values():
        assert np.abs(greys - rgb(color)).max(axis=1).min() >= 40


@pytest.mark.parametrize("theme", Theme)
def test_a_ramp_runs_from_the_passing_grey_to_the_class_and_never_turns_back(theme):
    ramp = heat_ramp("#e5484d", theme)
    steps = np.array([rgb(color) for color in ramp])
    assert (ramp[0], ramp[-1], len(ramp)) == (GREYS[theme].passing, "#e5484d", 256)
    for channel in np.diff(steps, axis=0).T:
        assert (channel >= 0).all() or (channel <= 0).all()


def test_an_unknown_palette_is_refused():
    with pytest.raises(ValueError, match="neon"):
        class_colors("neon")
