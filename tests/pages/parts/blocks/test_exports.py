import io
import zipfile

import pytest
import streamlit

from core.downloads.formats import LOT_FORMATS, PERIOD_FORMATS, WAFER_FORMATS, FormatKey
from core.lake import Lake, WaferFilter
from pages.parts.blocks import exports
from tests.core.exports.examples import example_result


def buttons(app):
    """Download buttons by label."""
    return {button.proto.label: button.proto for button in app.get("download_button")}


def test_a_wafer_is_offered_in_every_format(open_page):
    app = open_page("wafer", wafer="LOT001:W05")
    assert not app.exception
    found = buttons(app)
    for one in WAFER_FORMATS:
        assert found[one.label].help
    pitch = [found[one.label].disabled for one in WAFER_FORMATS if not one.needs_pitch]
    assert not any(pitch)


@pytest.mark.parametrize("pitch", [None, (10.0, 12.0)])
def test_klarf_is_offered_where_the_pitch_is_known(monkeypatch, tmp_path, pitch):
    monkeypatch.setenv("WAFERSCOPE_HOME", str(tmp_path))
    offered = {}
    monkeypatch.setattr(streamlit, "download_button", lambda label, **named: offered.update({label: named}))
    exports.wafer_downloads(example_result(die_pitch_mm=pitch))
    assert [offered[f"KLARF {version}"]["disabled"] for version in ("1.2", "1.8")] == [pitch is None] * 2
    assert ("pitch" in offered["KLARF 1.8"]["help"]) == (pitch is None)
    assert offered["SEMI E142 map"]["data"]().startswith(b"<?xml")


def test_a_lot_has_its_reports_and_its_wafers_as_an_archive(open_page):
    app = open_page("lot", lot="LOT001")
    assert not app.exception
    found = buttons(app)
    assert {one.label for one in LOT_FORMATS} < set(found)
    assert [label for label in found if label.startswith("Export ")]


def test_a_filter_of_wafers_and_a_period_are_offered(open_page):
    wafers = open_page("wafers")
    assert not wafers.exception
    assert any(label.startswith("Export ") for label in buttons(wafers))
    trends = open_page("trends")
    assert not trends.exception
    assert {one.label for one in PERIOD_FORMATS} < set(buttons(trends))


def test_an_archive_of_chosen_formats_holds_the_filters_wafers(lake_home):
    lake = Lake(lake_home / "lake")
    results = list(exports.filtered_results(lake, WaferFilter(lot="LOT001"), "key"))
    assert {result.wafer.lot_id for result in results} == {"LOT001"}
    content = exports._archive(lambda: results[:3], [FormatKey.E142, FormatKey.CLUSTERS], exports._style())
    names = zipfile.ZipFile(io.BytesIO(content)).namelist()
    assert len([name for name in names if name.startswith("e142/")]) == len(results[:3])
