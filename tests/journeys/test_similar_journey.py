"""From a wafer map on disk to the old wafers that look like it, and what people found out about them."""

import re

import pytest

from core.analysis.result import analyse
from core.drawing.wafer import draw_wafer, png_bytes
from core.lake import Lake
from core.segmentation import Segmenter
from data.formats import read_bytes
from tests.core.similarity.similar_examples import WAFERS, shown

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]


@pytest.fixture
def lake_of_arcs(app_home, tiny_model_path):
    """Wafers with arcs at the rim, in the lake of the running app."""
    lake = Lake(app_home / "lake")
    lake.append_wafers(WAFERS)
    lake.append_results(analyse(WAFERS, Segmenter.load(str(tiny_model_path), threads=1)))


@pytest.fixture
def picture(tmp_path):
    """A wafer with an arc at three o'clock, as a picture of which the reader finds the grid."""
    path = tmp_path / "LOT900_W07.png"
    path.write_bytes(png_bytes(draw_wafer(shown("W07", 3, ["edge"]), cell_px=3)))
    assert next(iter(read_bytes(path.name, path.read_bytes()))).fail_count
    return path


def test_find_similar_wafers_by_upload_and_write_what_is_known(tab, app_url, lake_of_arcs, picture):
    tab.goto(f"{app_url}/similar")
    tab.get_by_role("heading", name="Similar", exact=True).wait_for()

    # There is no index yet: it is built from the page.
    tab.get_by_role("button", name="Build the index").click()
    tab.get_by_text("Say what to look for").wait_for()

    # An upload finds wafers with the same arc; the best of them stands beside it.
    tab.get_by_role("radio", name="Upload").click()
    tab.locator("input[type=file]").set_input_files(picture)
    tab.get_by_text("most like LOT900 W07").wait_for()
    tab.get_by_role("img", name="Asked for: LOT900 W07").wait_for()
    tab.get_by_role("img", name="Found: wafer LOT:E03").wait_for()
    tab.get_by_role("img", name="Differences of the two patterns").wait_for()

    # What is known of the wafer found is written down, and stands there after.
    tab.get_by_role("button", name="Write").click()
    tab.get_by_label("Root cause").fill("Clamp ring worn")
    tab.get_by_role("button", name="Save").click()
    tab.get_by_text(re.compile(r", \d{4}-\d\d-\d\d \d\d:\d\d UTC$")).wait_for()

    # The table goes along as CSV.
    with tab.expect_download() as download:
        tab.get_by_role("button", name="Download CSV").click()
    lines = download.value.path().read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith("rank,lot,wafer,product")
    assert lines[1].startswith("1,LOT,E03,A")
    assert "Clamp ring worn" in lines[1]
