"""From a queue of three wafers to two labels that are kept, with mouse and keys, and a tab that dies on the way."""

import re

import numpy as np
import pytest
from playwright.sync_api import Error, Page, expect

from core.annotation.items import Candidate, Status
from core.annotation.progress import statuses
from core.annotation.queue import fill
from core.database import AppDatabase
from core.drawing.sheet import cell_aspect, rim_in_dies
from core.identity import Person
from core.labels.annotations import labels_of
from core.labels.draft_store import drafts_of
from core.labels.label import from_masks
from core.labels.result import labelled_result
from core.lake import Lake
from data.classes import CLASS_COUNT, CLASS_INDEX
from tests.core.wafers import disc, radius, wafer

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]
SIDE = 40
MARGIN = 14
ANNOTATOR = Person("Ana", "said")


def masks_of(**patterns):
    masks = np.zeros((CLASS_COUNT, SIDE, SIDE), dtype=bool)
    for key, pattern in patterns.items():
        masks[CLASS_INDEX[key]] = pattern
    return masks


# One wafer has a scratch, another the same scratch, an arc at the rim and a blob in the middle; two dies are noise.
STEP = np.arange(12)
SCRATCH, NOISE = np.zeros((2, SIDE, SIDE), dtype=bool)
SCRATCH[24 + STEP, 8 + STEP] = True
NOISE[[5, 17], [17, 31]] = True
EDGE = (radius(SIDE) > 0.9) & (disc(SIDE) > 0) & (np.arange(SIDE) > SIDE // 2)
CENTER = radius(SIDE) < 0.2
TRUTH = {"W01": masks_of(scratch=SCRATCH), "W02": masks_of(scratch=SCRATCH, edge=EDGE, center=CENTER)}
WAFERS = {name: wafer(m.any(axis=0) | NOISE, dies=disc(SIDE), name=name) for name, m in TRUTH.items()}
LEFT_OUT = wafer(NOISE, dies=disc(SIDE), name="W03")


@pytest.fixture
def database(app_home):
    """Three wafers wait for a label, the last with nothing but noise.

    Of the second the model took the blob for a ring, overlooked the scratches and saw one spot.
    """
    lake = Lake(app_home / "lake")
    lake.append_wafers([*WAFERS.values(), LEFT_OUT])
    proposed = masks_of(edge=EDGE, ring=CENTER, particle=NOISE & (np.arange(SIDE) < 20))
    lake.append_results([labelled_result(WAFERS["W02"], from_masks(WAFERS["W02"], proposed), "a model")])
    opened = AppDatabase(app_home / "decisions.db")
    with opened.writing() as session:
        keys = [*(one.key for one in WAFERS.values()), LEFT_OUT.key]
        fill(session, [Candidate(key, -n) for n, key in enumerate(keys)], ANNOTATOR)
    yield opened
    opened.close()


def click_die(tab: Page, row: int, column: int) -> None:
    """Click on a die of the wafer as a whole."""
    canvas, shown = tab.locator("canvas.over"), WAFERS["W01"]
    box, rim, aspect = canvas.bounding_box(), rim_in_dies(shown), cell_aspect(shown)
    scale = min((box["width"] - 2 * MARGIN) / (2 * rim[1]), (box["height"] - 2 * MARGIN) / (2 * rim[0] * aspect))
    middle = (SIDE - 1) / 2
    canvas.click(
        position={
            "x": box["width"] / 2 + (column - middle) * scale,
            "y": box["height"] / 2 + (row - middle) * scale * aspect,
        }
    )


def defects(tab: Page, count: int) -> None:
    expect(tab.locator("dd.defects")).to_have_text(str(count))


def nothing_is_red(tab: Page) -> None:
    expect(tab.get_by_role("alert").filter(has_text="LOT1")).to_have_count(0)


def label_the_scratch_by_wand(tab: Page) -> None:
    for key in ("w", "4"):
        tab.keyboard.press(key)
    click_die(tab, 30, 14)


def correct_the_proposal(tab: Page) -> None:
    """Accept the arc, call the blob center, reject the spot, take the scratch that was overlooked."""
    tab.locator("canvas.over").focus()
    for name, key in (("Edge", "a"), ("Ring", "2"), ("Particle", "x")):
        tab.get_by_role("option", name=re.compile(name)).click()
        tab.keyboard.press(key)
    tab.keyboard.press("Escape")
    label_the_scratch_by_wand(tab)


def go_back_and_forth(tab: Page) -> None:
    """Sixteen steps more, twenty undone, four of these done again: what is left is the corrected proposal."""
    for _ in range(8):
        tab.keyboard.press("s")
        tab.keyboard.press("g")
    for _ in range(20):
        tab.keyboard.press("Control+z")
    defects(tab, 3)
    expect(tab.get_by_role("option", name=re.compile("Edge"))).to_have_class(re.compile("proposed"))
    for _ in range(4):
        tab.keyboard.press("Control+Shift+z")
    defects(tab, 3)


def submit_by_keys(tab: Page) -> None:
    """Nothing is clicked before: the map has the keyboard. An empty label is refused at the map."""
    expect(tab.locator("canvas.over")).to_be_focused()
    tab.keyboard.press("Control+Enter")
    expect(tab.locator(".said")).to_contain_text("Not submitted: The label is empty")
    label_the_scratch_by_wand(tab)
    defects(tab, 1)
    for keys in ("Control+s", "Control+s", "Control+Enter"):
        expect(tab.locator(".kept")).to_have_text("Saved")
        tab.keyboard.press(keys)


def leave_the_last_out(tab: Page) -> None:
    """The reason is still being typed when the button is clicked, once."""
    tab.get_by_role("heading", name="LOT1 W03").wait_for()
    nothing_is_red(tab)
    tab.get_by_role("button", name="Skip").click()
    tab.get_by_label("Why?").press_sequentially("only noise")
    tab.get_by_role("button", name="Skip this wafer").click()


def test_two_wafers_from_the_queue_to_their_labels(tab, app_url, app_home, database):
    expect.set_options(timeout=30_000)
    tab.goto(f"{app_url}/annotate")
    tab.get_by_label("Your name").fill(ANNOTATOR.name)
    tab.get_by_role("button", name="Go on").click()

    # A wafer without a proposal: the wand takes the scratch, noise beside it stays out.
    tab.get_by_text("0 of 3").wait_for()
    tab.get_by_role("button", name="Start with the next wafer").click()
    tab.get_by_role("heading", name="LOT1 W01").wait_for()
    submit_by_keys(tab)

    # The next comes by itself, with the keyboard on its map. Its proposal is corrected; twenty steps go back and forth
    # without a trace.
    tab.get_by_role("heading", name="LOT1 W02").wait_for()
    nothing_is_red(tab)
    expect(tab.locator("canvas.over")).to_be_focused()
    correct_the_proposal(tab)
    defects(tab, 3)
    go_back_and_forth(tab)
    expect(tab.locator(".kept")).to_have_text("Saved")

    # The tab is killed. Another one has everything back, the steps that can be done again among it.
    again = tab.context.new_page()
    with tab.expect_event("crash"), pytest.raises(Error):
        tab.goto("chrome://crash")
    again.goto(f"{app_url}/annotate?wafer=LOT1:W02")
    again.get_by_text("Your work is back as you left it").wait_for()
    defects(again, 3)
    for _ in range(16):
        again.keyboard.press("Control+Shift+z")
    expect(again.locator("button.redo")).to_be_disabled()
    again.keyboard.press("Control+Enter")

    leave_the_last_out(again)
    again.get_by_text("Nothing waits for you").wait_for()

    with database.reading() as session:
        found = labels_of(session, list(WAFERS.values()))
        for name, truth in TRUTH.items():
            np.testing.assert_array_equal(found[WAFERS[name].key].read().masks(), truth)
        assert statuses(session)[Status.DONE] == 2
        assert statuses(session)[Status.SKIPPED] == 1
        assert drafts_of(session, ANNOTATOR) == []
