import re
from dataclasses import replace
from xml.etree import ElementTree as Xml

import numpy as np
import pytest

from core.drawing.palette import GREYS, Palette, Theme, class_colors
from core.exports.svg import overlay_svg
from data.classes import CLASS_INDEX
from data.errors import ExportError
from data.wafer import WaferMap
from tests.core.exports.examples import example_result

SVG = "{http://www.w3.org/2000/svg}"


def places(path):
    """(row, column) of each rectangle of a path, of a wafer whose dies are square."""
    return {(int(float(y)), int(float(x))) for x, y in re.findall(r"M([\d.]+) ([\d.]+)", path.get("d"))}


@pytest.mark.parametrize("theme", list(Theme))
@pytest.mark.parametrize("palette", list(Palette))
def test_every_die_is_drawn_in_the_colour_of_its_classes(theme, palette):
    result = example_result()
    root = Xml.fromstring(overlay_svg(result, palette, theme))
    by_color = {path.get("fill"): places(path) for path in root.iter(f"{SVG}path")}
    masks, colors = result.segmentation.masks, class_colors(palette)
    for key in ("particle", "scratch"):
        assert by_color[colors[key]] == set(map(tuple, np.argwhere(masks[CLASS_INDEX[key]])))
    assert by_color[GREYS[theme].failing] == {(29, 23)}
    passing = set(map(tuple, np.argwhere(result.wafer.dies == 1)))
    assert by_color[GREYS[theme].passing] == passing


def test_the_picture_has_the_wafers_proportions_and_few_elements():
    result = example_result(die_pitch_mm=(5.0, 10.0), diameter_mm=300.0)
    root = Xml.fromstring(overlay_svg(result))
    _, _, width, height = (float(number) for number in root.get("viewBox").split())
    disc = root.find(f"{SVG}ellipse")
    assert float(disc.get("rx")) == pytest.approx(float(disc.get("ry")), rel=1e-3)
    assert width == pytest.approx(height, rel=1e-3)
    assert len(list(root.iter())) < 20


def test_a_wafer_of_more_dies_than_drawings_open_is_refused():
    large = WaferMap(np.ones((1001, 1000), np.uint8), "L", "W")
    with pytest.raises(ExportError, match="1,001,000 dies, an SVG holds at most 1,000,000"):
        overlay_svg(replace(example_result(), wafer=large))
