"""The label editor in a browser: what each frame costs while a person brushes, erases, pans and zooms a large wafer."""

import json

import numpy as np
from playwright.sync_api import Browser, Page

from benchmarks.timing import Row, left_out, p95
from core.drawing.palette import Palette
from core.labels.label import Label, LabelInstance, Origin, Verdict, encode
from data.classes import CLASS_KEYS
from data.wafer import FAIL, PASS, WaferMap
from pages.parts.wafer_editor.bundle import HERE, script
from pages.parts.wafer_editor.editor import payload
from tests.journeys.running_app import CHROMIUM, running_chromium

SIDE, DEFECTS, FRAMES = 200, 100, 120
FRAME_MS = 1000 / 60
ADDRESS = "http://editor.test/"
REACH = "p95 16.7 ms or less, 60 frames a second"

# What a hand does, frame by frame: `i` counts from 0 to FRAMES - 1.
GESTURES = {
    "brush": "if (!i) begin('brush', 9); move(i)",
    "erase": "if (!i) begin('eraser', 9); move(i)",
    "lasso": "if (!i) begin('lasso', 9); move(i)",
    "pan": "if (!i) ed.hand.pinch(4, 300, 300); ed.hand.pan(2, Math.sin(i))",
    "zoom": f"if (!i) ed.hand.pinch(0.01, 300, 300); ed.hand.pinch(i < {FRAMES // 2} ? 1.04 : 1 / 1.04, 300, 300)",
}
OPEN = """async ([code, data]) => {
  const module = new Blob([code + "\\nexport { Editor as TheEditor };"], { type: "text/javascript" });
  const { TheEditor } = await import(URL.createObjectURL(module)), component = { data, parentElement: document.body };
  Object.assign(window, { data, ed: new TheEditor(document.body) });
  ed.update({ ...component, setStateValue() {}, setTriggerValue() {} });
  const draw = ed.draw.bind(ed);
  ed.draw = () => { const start = performance.now(); draw(); window.work += performance.now() - start; };
}"""
PLAY = """async ([body, frames]) => {
  const begin = (tool, size) => {
    ed.desk.selection.clear();
    ed.desk.size = size;
    ed.take(tool);
    ed.hand.begin([200, 200], {});
  };
  const move = i => ed.hand.move([200 + 2.5 * i, 200 + 100 * Math.sin(i / 10)]);
  const step = new Function("i", "begin", "move", body), found = [], next = () => new Promise(requestAnimationFrame);
  for (let i = 0; i < frames; i++) {
    window.work = 0;
    const start = performance.now();
    step(i, begin, move);
    window.work += performance.now() - start;
    await next();
    await next(); // the drawing that the step asked for is done
    found.push(window.work);
  }
  ed.hand.end();
  return found;
}"""


def editing() -> list[Row]:
    """Return a row for each gesture on a wafer of 200 x 200 dies with 100 defects."""
    work = f"editor, {SIDE} x {SIDE} dies, {DEFECTS} defects: "
    if CHROMIUM is None:
        return [left_out(work + "all", "no Chromium on this machine", REACH)]
    with running_chromium() as browser:
        return [_row(work + name, found) for name, found in frame_times(browser).items()]


def frame_times(browser: Browser, frames: int = FRAMES) -> dict[str, list[float]]:
    """Milliseconds of script and drawing of each frame of each gesture."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    open_editor(page)
    found = {name: page.evaluate(PLAY, [body, frames]) for name, body in GESTURES.items()}
    page.close()
    return found


def crowded_wafer() -> tuple[WaferMap, Label]:
    """A wafer of which every third die fails, and 100 proposed defects on it, of all classes."""
    at = np.arange(SIDE) - (SIDE - 1) / 2
    on_wafer = np.hypot(at[:, None], at) <= SIDE / 2
    dies = np.where(np.random.default_rng(0).random((SIDE, SIDE)) < 1 / 3, FAIL, PASS) * on_wafer
    wafer = WaferMap(dies=dies.astype(np.uint8), lot_id="LOT", wafer_id="W01")
    corners = [(r, c) for r in range(20, 180, 16) for c in range(20, 180, 16)]
    found = []
    for number, (r, c) in enumerate(corners[:DEFECTS], start=1):
        inside = np.argwhere(wafer.failing[r : r + 14, c : c + 14]) + np.array([r, c])
        key = CLASS_KEYS[number % len(CLASS_KEYS)]
        found.append(LabelInstance(number, key, inside, Origin.PROPOSAL, Verdict.PROPOSED))
    return wafer, Label(wafer.key, wafer.dies.shape, tuple(found))


def open_editor(page: Page) -> None:
    """Open the editor on that wafer, as `ed`; what it was given is `data`."""
    wafer, label = crowded_wafer()
    style, markup = ((HERE / name).read_text(encoding="utf-8") for name in ("editor.css", "editor.html"))
    theme = ":root { --st-background-color: #ffffff; --st-text-color: #222222; --st-primary-color: #0e829c; }"
    body = f"<!doctype html><style>{theme}{style}</style><body>{markup}"
    page.route(ADDRESS, lambda route: route.fulfill(body=body, content_type="text/html"))
    page.goto(ADDRESS)
    data = {"id": "benchmark", "start": json.loads(encode(label)), "draft": None, "stored": ["", 0], "height": 700}
    page.evaluate(OPEN, [script(), payload(wafer, Palette.STANDARD) | data])


def _row(work: str, milliseconds: list[float]) -> Row:
    high = p95(milliseconds)
    return Row(work, f"p95 {high:.1f} ms, median {np.median(milliseconds):.1f} ms a frame", REACH, FRAME_MS / high)
