"""From a wafer map on disk to its defects on screen, in a zip and in the lake, as a person does it."""

import csv
import io
import json
import zipfile

import numpy as np
import pytest

from core.analysis.result import analyse
from core.exports import read_mask_png
from core.ingestion.samples import sample_files
from core.lake import Lake
from core.segmentation import Segmenter
from data.formats import read_bytes

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]
FILES = sample_files()


@pytest.fixture
def wafer_files(tmp_path):
    """Two good maps and one that is none."""
    paths = []
    for name, content in (*FILES[:2], ("broken.png", b"not a picture")):
        (tmp_path / name).write_bytes(content)
        paths.append(tmp_path / name)
    return paths


def expected_masks(model_path):
    wafers = [wafer for file in FILES[:2] for wafer in read_bytes(*file)]
    results = analyse(wafers, Segmenter.load(str(model_path), threads=1))
    return {result.wafer.key: result.segmentation.masks for result in results}


def test_upload_look_download_and_save(tab, app_url, app_home, wafer_files, tiny_model_path, tmp_path):
    tab.goto(f"{app_url}/segment")
    tab.get_by_role("heading", name="Segment", exact=True).wait_for()
    tab.locator("input[type=file]").set_input_files(wafer_files)

    # What was found is there to look at, and so is why one file gave nothing.
    tiles = tab.get_by_role("option")
    tiles.nth(1).wait_for()
    assert tiles.count() == 2
    tab.get_by_text("broken.png:").wait_for()
    tab.get_by_role("img", name="Wafer SAMPLE:W01:").wait_for()

    # Another tile is another wafer, by mouse and by keyboard.
    tiles.nth(1).click()
    tab.get_by_role("img", name="Wafer SAMPLE:W02:").wait_for()
    tiles.nth(1).press("ArrowLeft")
    tab.get_by_role("img", name="Wafer SAMPLE:W01:").wait_for()

    # The zip holds what the model says.
    with tab.expect_download() as download:
        tab.get_by_role("button", name="Download all").click()
    check_archive(download.value.path().read_bytes(), expected_masks(tiny_model_path))

    # Saved, the wafer is in the lake and one click away.
    tab.get_by_role("button", name="Save to the lake").click()
    tab.get_by_role("button", name="Save 2 wafers").click()
    tab.get_by_text("2 wafers saved, 0 already there").wait_for()
    lake = Lake(app_home / "lake")
    for key, masks in expected_masks(tiny_model_path).items():
        np.testing.assert_array_equal(lake.result(key).segmentation.masks, masks)
    tab.get_by_role("link", name="SAMPLE W02").click()
    tab.wait_for_url("**/wafer?wafer=SAMPLE*W02*")

    # Coming back, nothing is lost.
    tab.get_by_test_id("stSidebarNavLink").filter(has_text="Segment").click()
    tiles.nth(1).wait_for()
    assert tiles.count() == 2


def check_archive(content, expected):
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        with np.load(io.BytesIO(archive.read("masks.npz")), allow_pickle=False) as masks:
            assert set(masks.files) == set(expected)
            for key, found in expected.items():
                np.testing.assert_array_equal(masks[key], found)
        for key, found in expected.items():
            stem = key.replace(":", "_")
            np.testing.assert_array_equal(read_mask_png(archive.read(f"masks/{stem}.png")), found)
            assert archive.read(f"overlays/{stem}.png").startswith(b"\x89PNG")
        wafers = list(csv.DictReader(io.StringIO(archive.read("wafers.csv").decode())))
        assert [row["key"] for row in wafers] == list(expected)
        coordinates = json.loads(archive.read("coordinates.json"))
        assert [wafer["key"] for wafer in coordinates["wafers"]] == list(expected)
        summary = json.loads(archive.read("summary.json"))
        assert summary["wafers"] == 2
        assert [failure["source_name"] for failure in summary["failures"]] == ["broken.png"]
