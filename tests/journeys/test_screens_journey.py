"""No page is cut in a window of 1024 pixels, none is read out in marks, and scales are as tall as their maps."""

import csv
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from core.analysis.result import analyse
from core.database import AppDatabase
from core.database.schema import now
from core.identity import Person
from core.jobs.store import Job, JobState, add_job
from core.lake import Lake
from core.lake.scoring import main_reasons
from core.segmentation import Segmenter
from tests.core.batches.batch_examples import mixed_folder, read_batch
from tests.core.similarity.similar_examples import shown

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]

CUT = """() => {
  const main = document.querySelector('[data-testid=stMain]'), edge = main.getBoundingClientRect().right, cut = [];
  const apart = '[data-testid=stDataFrame], [data-testid=stTable], .js-plotly-plot, [data-testid=stFileUploader], pre';
  for (const input of main.querySelectorAll('input')) {
    if (input.offsetWidth > 20 && input.scrollWidth > input.clientWidth + 1) cut.push(input.value || input.placeholder);
  }
  const texts = document.createTreeWalker(main, NodeFilter.SHOW_TEXT);
  for (let text = texts.nextNode(); text; text = texts.nextNode()) {
    const parent = text.parentElement, range = document.createRange();
    if (!text.textContent.trim() || parent.closest(apart)) continue;
    if (!parent.checkVisibility({ visibilityProperty: true })) continue;
    range.selectNodeContents(text);
    const box = range.getBoundingClientRect();
    if (box.width < 2) continue;
    const wide = parent.scrollWidth > parent.clientWidth + 1;
    const shortened = wide && getComputedStyle(parent).textOverflow === 'ellipsis';
    let hidden = box.right > edge + 1 || shortened;
    for (let up = parent; up !== main && !hidden; up = up.parentElement) {
      const hull = up.getBoundingClientRect();
      const outside = hull.width > 2 && (box.right > hull.right + 2 || box.left < hull.left - 2);
      hidden = outside && getComputedStyle(up).overflowX !== 'visible';
    }
    if (hidden) cut.push(text.textContent);
  }
  for (const chart of main.querySelectorAll('.js-plotly-plot .main-svg')) {
    const holder = chart.closest('[data-testid=stPlotlyChart]').getBoundingClientRect();
    if (chart.getBoundingClientRect().width > holder.width + 2) cut.push('a chart');
  }
  return [...new Set(cut)];
}"""
MARKED = """() => [...document.querySelectorAll('[aria-label]')].map(one => one.getAttribute('aria-label'))
  .filter(label => /\\*\\*|\\\\|`|:[a-z]+\\[/.test(label))"""
PAGES = (
    "",
    "trends",
    "commonality",
    "lot?lot=A_1",
    "alarms",
    "monitoring",
    "wafers",
    "wafer?wafer=A_1:W01",
    "wafer?wafer=A_1:W01&other=A_1:W02",
    "similar?wafer=A_1:W01",
    "map",
    "compare",
    "segment",
    "batch",
    "annotate?wafer=A_1:W01",
    "review",
    "label_queue",
    "active_learning",
    "training",
    "model_versions",
)


@pytest.fixture(scope="module")
def fab(app_home, tiny_model_path):
    """Two lots of two products, a month apart, whose names hold marks."""
    start = datetime(2026, 3, 1, tzinfo=UTC)
    wafers = [
        replace(
            shown(f"W{n + 1:02d}", 10 * m + n, ["edge"]),
            lot_id=f"A_{m + 1}",
            product="TC_0",
            tested_at=start + timedelta(days=30 * m, minutes=n),
            attributes={"slot": str(n + 1), "etch_tool": f"E{n % 2}"},
        )
        for m in range(2)
        for n in range(4)
    ]
    lake = Lake(app_home / "lake")
    lake.append_wafers(wafers)
    lake.append_results(analyse(wafers, Segmenter.load(str(tiny_model_path), threads=1)))


@pytest.fixture
def narrow(tab):
    """A tab 1024 pixels wide."""
    tab.set_viewport_size({"width": 1024, "height": 768})
    return tab


def settle(tab, address: str) -> None:
    tab.goto(address)
    tab.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]")
    if tab.get_by_label("Your name").count():
        tab.get_by_label("Your name").fill("Ana")
        tab.get_by_role("button", name="Go on").click()
        tab.wait_for_timeout(500)
        tab.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]")
    tab.wait_for_function("() => !document.querySelector('[data-testid=stSkeleton]')")
    tab.wait_for_timeout(1500)


@pytest.mark.usefixtures("fab")
@pytest.mark.parametrize("path", PAGES)
def test_nothing_is_cut_in_a_narrow_window_and_names_read_out_are_plain(app_url, narrow, path):
    settle(narrow, f"{app_url}/{path}")
    assert narrow.evaluate(CUT) == []
    assert narrow.evaluate(MARKED) == []


@pytest.mark.usefixtures("fab")
@pytest.mark.parametrize("path", ["lot?lot=A_1", "compare"])
def test_a_scale_is_as_tall_as_its_map(app_url, narrow, path):
    settle(narrow, f"{app_url}/{path}")
    heights = narrow.evaluate(
        "() => [...document.querySelectorAll('.imagelayer image')].map(one => one.getBoundingClientRect().height)"
    )
    assert len(heights) == 2
    assert abs(heights[0] - heights[1]) < 1


@pytest.mark.usefixtures("fab")
def test_the_table_of_a_lot_says_what_its_wafers_are_severe_for(app_url, app_home, narrow):
    settle(narrow, f"{app_url}/lot?lot=A_1")
    narrow.get_by_role("button", name="Download", exact=True).click()
    with narrow.expect_download() as download:
        narrow.get_by_role("button", name="Wafers CSV").click()
    rows = list(csv.DictReader(download.value.path().read_text("utf-8-sig").splitlines()))
    reasons = main_reasons(Lake(app_home / "lake"), [f"A_1:{row['Wafer']}" for row in rows])
    assert [row["Mostly for"] for row in rows] == list(reasons.values())


def test_the_list_of_batches_keeps_up_with_the_one_under_way(app_url, app_home, narrow):
    batch, database = read_batch(app_home, mixed_folder(app_home / "in")), AppDatabase(app_home / "decisions.db")

    def done(count: int) -> None:
        with database.writing() as session:
            job = session.scalars(select(Job).where(Job.title == "one")).one()
            job.state, job.host, job.process, job.heartbeat_at = JobState.RUNNING, "elsewhere", "1 0 boot", now()
            job.done, job.total, job.share = count, 7, count / 7

    with database.writing() as session:
        add_job(session, "batch", ["--out", str(batch.path)], "one", Person("ana"))
    done(3)
    settle(narrow, f"{app_url}/batch")
    for count in (3, 5):
        done(count)
        expect(narrow.get_by_text(f"Segmenting: {count} of 7")).to_be_visible(timeout=20_000)
        narrow.wait_for_timeout(3000)  # the list looks as often as the progress, at a time of its own
        with narrow.expect_download() as download:
            narrow.get_by_role("button", name="CSV", exact=True).last.click()
        row = next(csv.DictReader(download.value.path().read_text("utf-8-sig").splitlines()))
        assert (row["batch"], row["done"]) == ("one", str(count))


@pytest.mark.usefixtures("fab")
def test_pages_fold_once_where_a_label_is_drawn_in_a_narrow_window(app_url, narrow):
    sidebar, collapsed = narrow.get_by_test_id("stSidebar"), "data-collapsed"
    settle(narrow, f"{app_url}/wafers")
    expect(sidebar).to_have_attribute(collapsed, "false")
    settle(narrow, f"{app_url}/annotate?wafer=A_1:W01")
    expect(sidebar).to_have_attribute(collapsed, "true")
    narrow.get_by_test_id("stExpandSidebarButton").click()
    expect(sidebar).to_have_attribute(collapsed, "false")
    narrow.get_by_role("link", name="Wafer page").click()
    narrow.get_by_role("link", name="Label", exact=True).click()
    expect(narrow.get_by_role("button", name="Accept all")).to_be_visible(timeout=30_000)
    narrow.wait_for_timeout(500)
    expect(sidebar).to_have_attribute(collapsed, "false")
