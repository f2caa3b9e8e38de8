"""Every format of awkward wafers, read back: the same wafer, or a sentence that says what the file is."""

import io
import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import openpyxl
import pytest
from klarf_reader.klarf import Klarf
from PIL import Image

from core.downloads.formats import WAFER_FORMATS, ExportStyle, FormatKey, chosen
from core.identity import Person
from data.classes import CLASS_COUNT
from data.errors import ExportError
from data.formats import ReadFailure, read_bytes
from data.orientation import OrientationRule, axes_text, oriented
from data.wafer import FAIL, Notch, WaferMap
from tests.core.exports.examples import analysed, example_result

STYLE = ExportStyle(Person("eva"), made_at=datetime(2026, 3, 1, tzinfo=UTC))
WHOLE = (FormatKey.PNG, FormatKey.DIES)
DEFECTS = (FormatKey.KLARF12, FormatKey.KLARF18)
MAPS = (FormatKey.G85, FormatKey.E142, FormatKey.G85_APART, FormatKey.E142_MAPS)
REFUSED = tuple(one.key for one in WAFER_FORMATS if one.key not in (*WHOLE, *DEFECTS, *MAPS))
KNOWN = {
    "product": "TC=1",
    "test_program": "p",
    "step": "CP1",
    "tested_at": datetime(2026, 5, 1, 14, 30, tzinfo=UTC),
    "started_at": datetime(2026, 5, 1, 13, 30, tzinfo=UTC),
    "die_pitch_mm": (5.1234567, 7.5),
    "diameter_mm": 300.0,
    "center": (14.5, 11.75),
    "attributes": {"die_axes": axes_text("right", "up", (1000, 1024)), "tool": "LITHO-2", "slot": "5"},
}


def one_die():
    wafer = WaferMap(dies=np.array([[FAIL]], dtype=np.uint8), lot_id="L", wafer_id="W")
    return analysed(wafer, np.zeros((CLASS_COUNT, 1, 1), dtype=bool), clusters=False)


def all_fail():
    wafer = WaferMap(dies=np.full((9, 7), FAIL, dtype=np.uint8), lot_id="L", wafer_id="W", die_pitch_mm=(3.0, 2.0))
    masks = np.zeros((CLASS_COUNT, 9, 7), dtype=bool)
    masks[0] = True
    return analysed(wafer, masks)


def with_margin():
    dies = np.zeros((12, 15), dtype=np.uint8)
    dies[3:9, 5:11] = 1
    dies[4, 6] = FAIL
    return analysed(WaferMap(dies=dies, lot_id="L", wafer_id="W"), np.zeros((CLASS_COUNT, 12, 15), dtype=bool))


WAFERS = {
    "all known": lambda: example_result(bins=np.arange(720, dtype=np.uint16).reshape(30, 24) % 90, **KNOWN),
    "undated, nothing known": lambda: example_result(),
    "one die": one_die,
    "all fail": all_fail,
    "margin": with_margin,
    **{f"notch {notch}": lambda notch=notch: example_result(notch=notch, die_pitch_mm=(2.0, 3.0)) for notch in Notch},
    **{
        f"named {name[:12]}": lambda name=name: example_result(lot=name, wafer_id=f"W{name}", die_pitch_mm=(2.0, 3.0))
        for name in ("a/b\\c", '"it\'s"', "Größe µ", "晶圓", "=1+1", "-x", "n" * 200, "{x}; y")
    },
}


def failure_or_wafer(one, content):
    [found] = read_bytes(f"ANY_W99{one.ending}", content)
    return found


def the_same(found, wafer, *, bins):
    """The wafer as it lies once it is read: with its notch down."""
    wafer = oriented(wafer, OrientationRule(), axes_declared=True)
    assert np.array_equal(found.dies, wafer.dies)
    for name in (*(n for n in KNOWN if n != "attributes"), "key", "notch"):
        assert getattr(found, name) == getattr(wafer, name), name
    assert dict(found.attributes).items() >= dict(wafer.attributes).items()
    if bins and wafer.bins is not None:
        assert np.array_equal(found.bins[wafer.on_wafer], wafer.bins[wafer.on_wafer])
    elif wafer.bins is None:
        assert found.bins is None


@pytest.mark.parametrize("name", WAFERS)
def test_pictures_and_tables_come_back_as_the_wafer(name):
    result = WAFERS[name]()
    for one in chosen(WAFER_FORMATS, WHOLE):
        found = failure_or_wafer(one, one.make(result, STYLE))
        assert isinstance(found, WaferMap), found
        the_same(found, result.wafer, bins=one.key == FormatKey.DIES)
        assert found.exported_as in ("overlay", "dies")


@pytest.mark.parametrize("name", WAFERS)
def test_maps_come_back_with_the_same_dies_names_and_time(name):
    result = WAFERS[name]()
    wafer = oriented(result.wafer, OrientationRule(), axes_declared=True)
    for one in chosen(WAFER_FORMATS, MAPS):
        found = failure_or_wafer(one, one.make(result, STYLE))
        assert np.array_equal(found.dies, wafer.dies)
        assert (found.key, found.product, found.tested_at) == (wafer.key, wafer.product, wafer.tested_at)
        assert found.exported_as in ("g85", "e142")


@pytest.mark.parametrize("name", WAFERS)
def test_klarf_comes_back_with_names_lengths_and_defects_that_fail(name):
    result = WAFERS[name]()
    wafer = oriented(result.wafer, OrientationRule(), axes_declared=True)
    for one in chosen(WAFER_FORMATS, DEFECTS):
        if result.wafer.die_pitch_mm is None:
            with pytest.raises(ExportError, match="the die pitch is not known"):
                one.make(result, STYLE)
            continue
        content = one.make(result, STYLE)
        assert content.isascii()
        found = failure_or_wafer(one, content)
        assert (found.key, found.product, found.tested_at) == (wafer.key, wafer.product, wafer.tested_at)
        assert (found.diameter_mm, found.exported_as) == (wafer.diameter_mm, "klarf")
        assert np.array_equal(found.on_wafer, wafer.on_wafer[tuple(slice(*ends) for ends in bounds(wafer))])


def bounds(wafer):
    rows, columns = np.nonzero(wafer.on_wafer)
    return (rows.min(), rows.max() + 1), (columns.min(), columns.max() + 1)


@pytest.mark.parametrize("name", ["all known", "one die", "named 晶圓", "named {x}; y"])
def test_what_holds_no_map_says_what_it_is(name):
    result = WAFERS[name]()
    for one in chosen(WAFER_FORMATS, REFUSED):
        found = failure_or_wafer(one, one.make(result, STYLE))
        assert isinstance(found, ReadFailure), one.key
        if one.key in (FormatKey.JSON, FormatKey.SVG, FormatKey.MASK):
            assert result.wafer.key in found.reason
        if one.key is not FormatKey.PDF:
            assert "expected a wafer map, found" in found.reason


def test_another_reader_of_klarf_finds_the_same(tmp_path: Path):
    result = WAFERS["all known"]()
    result = analysed(oriented(result.wafer, OrientationRule(), axes_declared=True), result.segmentation.masks)
    wafer = result.wafer
    said = {**wafer.attributes, "orientation_mark": "NOTCH"}
    result = example_result(bins=wafer.bins, **{**KNOWN, "attributes": said})
    [one] = chosen(WAFER_FORMATS, [FormatKey.KLARF12])
    (tmp_path / "a.klarf").write_bytes(one.make(result, STYLE))
    found = Klarf.load_from_file(tmp_path / "a.klarf")
    assert (found.lot_id, found.device_id, found.sample_size, found.step_id) == ("LOT1", "TC=1", 300, "CP1")
    assert found.result_timestamp == "05-01-2026 14:30:00"
    assert found.wafers[0].slot == 5
    assert len(found.sample_plan_test.x) == result.wafer.tested_count
    assert found.wafers[0].summary.number_of_defects == len(found.wafers[0].defects) > 0


def test_other_readers_find_the_same_in_workbooks_pictures_and_json():
    result = WAFERS["named =1+1"]()
    [xlsx, png, record] = (chosen(WAFER_FORMATS, [key])[0] for key in (FormatKey.XLSX, FormatKey.PNG, FormatKey.JSON))
    book = openpyxl.load_workbook(io.BytesIO(xlsx.make(result, STYLE)))
    [heads, cells] = list(book.worksheets[0].iter_rows(values_only=True))[:2]
    assert dict(zip(heads, cells, strict=True)).get("key", result.wafer.key) == result.wafer.key
    with Image.open(io.BytesIO(png.make(result, STYLE))) as picture:
        said = json.loads(picture.text["waferscope"])
        assert said["size"] == f"{picture.height} x {picture.width}"
    assert json.loads(record.make(result, STYLE))["waferscope"] == {"kind": "result", "key": result.wafer.key}


def test_json_holds_the_pitch_in_full():
    [record] = chosen(WAFER_FORMATS, [FormatKey.JSON])
    said = json.loads(record.make(example_result(die_pitch_mm=(5.12345678, 7.5)), STYLE))
    assert said["die_pitch_mm"] == [5.12345678, 7.5]
