import re
from dataclasses import replace
from xml.etree import ElementTree as Xml

import cv2
import numpy as np
import pytest

from core.drawing.palette import GREYS, Palette, Theme, class_colors
from core.drawing.sheet import cell_aspect, lay_out, notch_px, rim_px
from core.drawing.wafer import draw_wafer
from core.exports.svg import overlay_svg
from data.classes import CLASS_INDEX
from data.errors import ExportError
from data.wafer import Notch, WaferMap
from tests.core.exports.examples import example_result

SVG = "{http://www.w3.org/2000/svg}"


def places(path, aspect):
    """(row, column) of each shape of a path."""
    return {(int(float(y) / aspect), int(float(x))) for x, y in re.findall(r"M([\d.]+) ([\d.]+)", path.get("d"))}


def corners(shape):
    """The corners of one shape of a path, (x, y)."""
    if "L" in shape:
        return [tuple(map(float, corner.split())) for corner in re.findall(r"[ML]([\d.]+ [\d.]+)", shape)]
    x, y, wide, high = (float(found) for found in re.match(r"M(\S+) (\S+)h(\S+)v(\S+)h", shape).groups())
    return [(x, y), (x + wide, y), (x + wide, y + high), (x, y + high)]


def shown_at(root, x, y):
    """The colour on top at a point, as a viewer paints the paths one over the other."""
    seen = None
    for path in root.iter(f"{SVG}path"):
        for shape in re.findall("M[^M]*", path.get("d")):
            if cv2.pointPolygonTest(np.array(corners(shape), dtype=np.float32), (x, y), False) > 0:
                seen = path.get("fill")
    return seen


@pytest.mark.parametrize("theme", list(Theme))
@pytest.mark.parametrize("palette", list(Palette))
def test_every_die_is_drawn_in_the_colour_of_its_classes(theme, palette):
    result = example_result()
    root = Xml.fromstring(overlay_svg(result, palette, theme))
    aspect = cell_aspect(result.wafer)
    by_color = {path.get("fill"): places(path, aspect) for path in root.iter(f"{SVG}path")}
    masks, colors = result.segmentation.masks, class_colors(palette)
    for key in ("particle", "scratch"):
        assert by_color[colors[key]] == set(map(tuple, np.argwhere(masks[CLASS_INDEX[key]])))
    assert by_color[GREYS[theme].failing] == {(29, 23)}
    passing = set(map(tuple, np.argwhere(result.wafer.dies == 1)))
    assert by_color[GREYS[theme].passing] == passing


def test_bands_notch_and_rim_are_those_of_the_png():
    result = example_result(shape=(24, 24))
    masks = result.segmentation.masks
    masks[CLASS_INDEX["edge"], 5, 6] = True  # a die of three classes
    root, wafer = Xml.fromstring(overlay_svg(result)), result.wafer
    image, sheet = draw_wafer(wafer, result.segmentation, cell_px=24), lay_out(wafer, 24)
    for row, column in ((5, 6), (5, 8), (4, 7), (0, 12), (23, 23)):
        box = sheet.box(row, column)
        for u, v in ((0.1, 0.2), (0.45, 0.4), (0.6, 0.6), (0.9, 0.85)):
            red, green, blue, _ = image[box[0].start + int(24 * v), box[1].start + int(24 * u)]
            assert shown_at(root, column + u, row + v) == f"#{red:02x}{green:02x}{blue:02x}"
    ys = [float(corner.split(",")[1]) for corner in root.find(f"{SVG}polygon").get("points").split()]
    radius = sheet.radius[0] / sheet.cell[0]
    assert min(ys) == pytest.approx(radius, rel=1e-3)  # its tip touches the disc
    assert max(ys) - min(ys) == pytest.approx(notch_px(sheet.radius) / sheet.cell[0], rel=0.02)
    assert float(root.find(f"{SVG}ellipse").get("stroke-width")) == pytest.approx(
        rim_px(sheet.radius) / sheet.cell[0], rel=0.02
    )


@pytest.mark.parametrize(("notch", "turn"), [("down", 0), ("left", 90), ("up", 180), ("right", 270)])
def test_the_notch_is_where_the_wafer_has_it(notch, turn):
    root = Xml.fromstring(overlay_svg(example_result(notch=Notch(notch))))
    assert f"rotate({turn})" in root.find(f"{SVG}polygon").get("transform")


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
