"""From a wafer on screen to files of other tools, and from a zip to a batch's results, as a person does it."""

import csv
import io
import re
import zipfile
from urllib.request import urlopen

import numpy as np
import pytest

from core.exports import read_mask_png
from core.exports.review_table import load_review_table
from core.ingestion.samples import sample_files
from core.lake import Lake
from data.geometry import geometry
from tests.core.exports.examples import example_result
from tests.core.exports.klarf_readers import INDEPENDENT, TENTH_OF_A_MICRON_MM
from tests.core.reports.report_readers import cells, pages
from tests.data.formats.make_fixtures import GRID, stdf

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]


@pytest.fixture
def result(app_home):
    """A wafer of known clusters in the lake of the running app, its centre beside the middle of its dies."""
    made = example_result(lot="FILES", die_pitch_mm=(5.0, 6.5), diameter_mm=300.0, center=(15.25, 11.5))
    lake = Lake(app_home / "lake")
    lake.append_wafers([made.wafer])
    lake.append_results([made])
    return made


def test_files_of_a_wafer_say_what_is_on_screen(tab, app_url, result):
    tab.goto(f"{app_url}/wafer?wafer={result.wafer.key}")
    tab.get_by_role("button", name="Download", exact=True).click()

    def taken(label):
        tab.mouse.move(0, 0)  # or the help of the button before stays, and may lie over this one
        with tab.expect_download() as download:
            tab.get_by_role("button", name=label, exact=True).click()
        return download.value.path().read_bytes()

    # The microscope drives to dies of each class, where they lie from the wafer's own centre.
    frame, table = geometry(result.wafer), load_review_table()
    found = INDEPENDENT["1.8"](taken("KLARF 1.8").decode())
    assert {number for number, *_ in found} == {table.number("particle"), table.number("scratch")}
    for number, *place in found:
        [cluster] = [one for one in result.instances if table.number(one.class_key) == number]
        centres = np.stack(frame.to_mm(*cluster.dies.astype(float).T), axis=1)
        assert np.abs(centres - place).max(axis=1).min() < TENTH_OF_A_MICRON_MM

    # The workbook and the report name the wafer and its clusters.
    clusters = cells(taken("Workbook XLSX"), 2).values()
    assert {("s", "particle"), ("s", "scratch")} <= set(clusters)
    [first, *_] = pages(taken("Report PDF"))
    assert "FILES" in first
    assert "Particle" in first


def test_the_map_of_an_stdf_is_chosen_where_it_is_seen(tab, app_url):
    tab.goto(f"{app_url}/segment")
    tab.locator("input[type=file]").set_input_files(
        {"name": "lot7.stdf", "mimeType": "application/octet-stream", "buffer": stdf(GRID)}
    )
    wafer = tab.get_by_role("img", name="Wafer LOT7:W05:")
    wafer.focus()
    wafer.press("ArrowRight")
    tab.get_by_text("bin 1 Good", exact=True).wait_for()
    tab.get_by_role("radio", name="Soft bins").click()
    tab.get_by_text("bin 1 Good", exact=True).wait_for(state="hidden")
    wafer.focus()
    wafer.press("ArrowRight")
    tab.get_by_text("bin 101 Good", exact=True).wait_for()
    assert not tab.get_by_text("bin 1 Good", exact=True).count()


def test_a_zip_becomes_a_batch_and_its_results_come_back(tab, app_url, tmp_path):
    path = tmp_path / "lot.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in (*sample_files()[:3], ("broken.png", b"not a picture")):
            archive.writestr(name, content)
    tab.goto(f"{app_url}/batch")
    tab.locator("input[type=file]").set_input_files(path)
    tab.get_by_text("lot.zip").first.wait_for()
    tab.get_by_role("button", name="Start the batch").first.click()
    tab.get_by_text(re.compile(r"Done: 3 wafers")).wait_for()
    tab.get_by_text("Gave no result: 1").wait_for()
    address = tab.get_by_role("link", name="Download results").get_attribute("href")
    with urlopen(f"{app_url}/{address}") as answer:
        content = answer.read()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        rows = list(csv.DictReader(io.TextIOWrapper(archive.open("wafers.csv"))))
        assert [row["wafer"] for row in rows] == ["W01", "W02", "W03"]
        for row in rows:
            assert read_mask_png(archive.read(f"masks/SAMPLE_{row['wafer']}.png")).shape[0] == 8
        assert archive.read("report.pdf").startswith(b"%PDF")
