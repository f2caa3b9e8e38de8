"""The document, its undo, its text, and what it adds up to, in the browser against Python."""

import json

import numpy as np
import pytest

from core.labels.draft import read_draft
from core.labels.label import Label, LabelInstance, Origin, Verdict, decode, encode
from core.severity import SeverityRules, severity
from data.classes import CLASS_KEYS
from pages.parts.wafer_editor.editor import severity_constants
from tests.core.wafers import disc, wafer

pytestmark = pytest.mark.browser
SIDE = 24

# A desk with random failing dies, a random walk over everything that a person can do, and its text.
DESK = """
const act = await import('http://modules.test/actions.js'), grids = await import('http://modules.test/grid.js');
const random = (seed => () => (seed = (seed * 1103515245 + 12345) % 2147483648) / 2147483648)(x.seed ?? 1);
const grid = { rows: x.side, columns: x.side }, failing = Uint8Array.from(x.failing);
const doc = m.readDocument(grid, JSON.parse(x.label));
const desk = { doc, grid, failing, classes: x.classes.map(key => ({ key, name: key })), classKey: 'edge', mode: 'new',
  selection: new Set(), gap: 1 };
const modes = ['new', 'add', 'subtract', 'intersect'];
const any = n => Math.floor(random() * n), spot = () => [random() * x.side, random() * x.side];
const shaken = points => points.map(([r, c]) => [r + random(), c]);
const choose = () => { desk.selection = new Set(doc.items.filter(() => random() < 0.3).map(item => item.number)); };
const moves = [
  () => act.applyDies(desk, grids.inRectangle(spot(), spot(), failing, grid), 'Rectangle', modes[any(4)]),
  () => act.dab(desk, grids.underBrush(spot(), spot(), 2, failing, grid), random() < 0.5),
  () => { doc.open = false; }, choose, choose,
  () => act.decide(desk, random() < 0.5 ? 'accepted' : 'rejected'), () => act.reclass(desk, x.classes[any(8)]),
  () => act.remove(desk), () => act.grow(desk), () => act.shrink(desk), () => act.fillHoles(desk), () => act.join(desk),
  () => act.addCorner(desk, spot()),
  () => doc.outline && act.closeOutline(desk, doc.outline.points, 'Polygon'),
  () => doc.outline && act.moveCorners(desk, shaken(doc.outline.points), 'Move corner', random() < 0.5),
  () => act.paste(desk, act.copied(desk)), () => random() < 0.1 && act.noDefect(desk),
  () => random() < 0.1 && act.acceptAll(desk),
];
const walk = steps => { for (let i = 0; i < steps; i++) moves[any(moves.length)](); };
const bare = () => Object.assign(Object.create(doc), { done: [], undone: [], revision: 0 });
const state = () => m.draftText(bare(), 'LOT1:W01', 0);
"""


def start(seed: int = 0) -> tuple[Label, dict[str, object]]:
    rng = np.random.default_rng(seed)
    failing = rng.random((SIDE, SIDE)) < 0.4
    blocks = [np.argwhere(failing[r : r + 8, :]) + np.array([r, 0]) for r in (0, 8, 16)]
    proposed = tuple(
        LabelInstance(n, CLASS_KEYS[n], dies, Origin.PROPOSAL, Verdict.PROPOSED)
        for n, dies in enumerate(blocks, start=1)
    )
    label = Label("LOT1:W01", (SIDE, SIDE), proposed)
    flat = failing.ravel().astype(int).tolist()
    return label, {"side": SIDE, "failing": flat, "label": encode(label), "classes": list(CLASS_KEYS), "seed": seed + 1}


@pytest.mark.parametrize("seed", range(6))
def test_everything_is_undone_and_done_again_exactly(js, seed):
    _, x = start(seed)
    found = js(
        "label",
        DESK
        + """
        const states = [state()];
        doc.listeners.push(() => {});
        for (let i = 0; i < 120; i++) {
          const n = doc.done.length;
          walk(1);
          doc.done.length > n ? states.push(state()) : (states[states.length - 1] = state());
        }
        const count = doc.done.length, wrong = [];
        for (let i = states.length - 2; i >= 0; i--) { doc.undo(); if (state() !== states[i]) wrong.push(i); }
        const bottom = doc.undo();
        for (let i = 1; i < states.length; i++) { doc.redo(); if (state() !== states[i]) wrong.push(-i); }
        return { count, states: states.length, wrong, bottom };""",
        x,
    )
    assert found == {"count": found["count"], "states": found["count"] + 1, "wrong": [], "bottom": ""}
    assert found["count"] > 20


def test_two_hundred_steps_are_kept(js):
    _, x = start()
    body = """
    for (let i = 0; i < 250; i++) act.applyDies(desk, Uint32Array.of(desk.failing.indexOf(1)), 'Pick', 'new');
    let undone = 0; while (doc.undo()) undone++;
    return [undone, doc.items.length - 3];"""
    assert js("label", DESK + body, x) == [200, 50]


@pytest.mark.parametrize("seed", range(4))
def test_a_draft_brings_back_the_label_and_its_history(js, seed):
    """Saved and read back, a document undoes to the same states as the one that was never closed."""
    _, x = start(seed)
    found = js(
        "label",
        DESK
        + """
        walk(100);
        for (let i = 0; i < 5; i++) doc.undo();
        const text = m.draftText(doc, 'LOT1:W01', 12.34), draft = JSON.parse(text);
        const again = m.readDocument(grid, draft.label, draft);
        const plain = one => JSON.stringify(m.labelText(one, '')), pairs = [[plain(doc), plain(again)]];
        for (let i = 0; i < 5; i++) { doc.redo(); again.redo(); pairs.push([plain(doc), plain(again)]); }
        const steps = again.done.length;
        for (let i = 0; i < steps; i++) { doc.undo(); again.undo(); pairs.push([plain(doc), plain(again)]); }
        return { text, steps, differ: pairs.filter(([a, b]) => a !== b).length };""",
        x,
    )
    assert found["differ"] == 0
    assert found["steps"] > 10
    draft = read_draft(found["text"])
    assert draft.elapsed_s == 12.3
    assert json.loads(encode(draft.label)) == json.loads(found["text"])["label"]


def test_history_that_is_too_long_loses_its_oldest_steps(js):
    _, x = start()
    body = """
    walk(400);
    const text = m.historyText(doc, 5000), whole = m.historyText(doc, 1e9);
    return [JSON.stringify(text).length, text.done.length, whole.done.length, JSON.stringify(text.done) ===
      JSON.stringify(m.historyText(doc, 5000).done), text.done.at(-1)?.what === doc.done.at(-1).what];"""
    size, kept, everything, stable, newest = js("label", DESK + body, x)
    assert size < 7000
    assert 0 < kept < everything
    assert stable
    assert newest


@pytest.mark.parametrize("seed", range(5))
def test_the_live_numbers_are_those_of_python(js, seed):
    label, x = start(seed)
    shown = wafer(np.array(x["failing"]).reshape(SIDE, SIDE).astype(bool), die_pitch_mm=(9.0, 7.0), diameter_mm=250.0)
    rules = SeverityRules(0.4, 0.3, 10.0)
    found = js(
        "label",
        DESK
        + """
        const measures = await import('http://modules.test/measures.js');
        const tally = new measures.Tally(grid, x.classes.length), sum = list => list.reduce((n, v) => n + v, 0);
        const change = (item, step) => item && tally.change(item, x.classes.indexOf(item.class), step);
        for (const item of doc.items) change(item, 1);
        doc.listeners.push(changes => {
          for (const [key, b, a] of changes) if (typeof key === 'number') { change(b, -1); change(a, 1); }
        });
        const out = [];
        for (let i = 0; i < 12; i++) {
          walk(6);
          if (i % 4 === 3) { doc.undo(); doc.undo(); doc.redo(); }
          out.push([JSON.stringify(m.labelText(doc, 'LOT1:W01')), tally.affected,
            measures.severity(doc.kept.length, tally.affected, x.rules),
            x.classes.map((_, k) => sum(tally.decided[k]) + sum(tally.proposed[k]))]);
        }
        return out;""",
        x | {"rules": severity_constants(shown, rules)},
    )
    assert len({text for text, *_ in found}) > 5
    for text, affected, score, by_class in found:
        label = decode(text)
        expected = severity(label.measured(shown), shown, rules)
        assert affected == expected.affected_dies
        assert score == pytest.approx(expected.score, rel=1e-12)
        assert by_class == [sum(len(i.dies) for i in label.kept if i.class_key == key) for key in CLASS_KEYS]


def test_accepting_rejecting_and_another_class_are_one_step_each(js):
    _, x = start()
    body = """
    desk.selection = new Set([1]); act.decide(desk, 'accepted');
    const next = [...desk.selection]; act.decide(desk, 'rejected');
    act.reclass(desk, 'random');
    return [doc.done.length, next, doc.items.map(item => [item.class, item.state]), doc.undecided.length];"""
    steps, following, items, waiting = js("label", DESK + body, x)
    assert (steps, following, waiting) == (3, [2], 0)
    assert items == [[CLASS_KEYS[1], "accepted"], [CLASS_KEYS[2], "rejected"], ["random", "accepted"]]


def test_a_polygon_that_crosses_itself_takes_nothing_until_it_is_mended(js):
    _, x = start()
    body = """
    const bow = [[2, 2], [12, 12], [2, 12], [12, 2]];
    const said = act.closeOutline(desk, bow, 'Polygon'), items = doc.items.length;
    const mended = act.moveCorners(desk, [[2, 2], [2, 12], [12, 12], [12, 2]], 'Move corner');
    const grown = doc.items.at(-1).dies.length;
    act.moveCorners(desk, [[2, 2], [2, 6], [12, 6], [12, 2]], 'Move corner');
    const smaller = grown > doc.items.at(-1).dies.length, again = act.moveCorners(desk, bow, 'Move corner');
    return [said, items, doc.items.length, smaller, again, doc.items.at(-1).dies.length > 0];"""
    said, before, after, smaller, again, kept = js("label", DESK + body, x)
    assert "crosses itself at row 7.0, column 7.0" in said
    assert "crosses itself" in again
    assert (before, after, smaller, kept) == (3, 4, True, True)


def test_a_lasso_that_crosses_itself_takes_its_dies_and_its_corners_may_be_moved(js):
    _, x = start()
    body = """
    const bow = [[2, 2], [12, 12], [2, 12], [12, 2]], items = doc.items.length;
    const said = act.closeOutline(desk, bow, 'Lasso'), taken = doc.items.at(-1).dies.length;
    const moved = act.moveCorners(desk, [[2, 2], [20, 20], [2, 20], [20, 2]], 'Move corner', true);
    return [said + moved, doc.items.length - items, taken, doc.items.at(-1).dies.length];"""
    said, made, taken, after = js("label", DESK + body, x)
    assert "crosses" not in said
    assert made == 1
    assert 0 < taken < after


def test_what_is_drawn_takes_the_class_of_the_selected_proposal(js):
    _, x = start()
    body = """
    const made = [], drawn = () => {
      act.applyDies(desk, Uint32Array.of(desk.failing.indexOf(1)), 'Pick', 'new'); made.push(doc.items.at(-1).class);
    };
    desk.selection = new Set([2]); drawn();
    drawn(); // what a person drew is selected now
    act.reclass(desk, 'ring'); desk.selection = new Set(); drawn();
    return made;"""
    assert js("label", DESK + body, x) == [CLASS_KEYS[2], "edge", "ring"]


def test_going_back_to_a_mark_leaves_no_trace_in_what_can_be_done_again(js):
    _, x = start()
    body = """
    walk(30); doc.undo(); doc.undo();
    const plain = () => JSON.stringify([m.historyText(doc, 1e9), m.labelText(doc, ''), doc.outline]);
    const before = plain(), mark = doc.mark(), revision = doc.revision;
    walk(9); doc.rewind(mark);
    return [plain() === before, doc.revision > revision];"""
    assert js("label", DESK + body, x) == [True, True]


def test_no_defect_is_one_step_and_ends_with_the_next_drawing(js):
    _, x = start()
    body = """
    act.noDefect(desk);
    const empty = [doc.noDefect, doc.kept.length, doc.items.length];
    act.applyDies(desk, Uint32Array.of(desk.failing.indexOf(1)), 'Pick', 'new');
    const drawn = [doc.noDefect, doc.kept.length];
    doc.undo(); doc.undo();
    return [empty, drawn, [doc.noDefect, doc.kept.length]];"""
    assert js("label", DESK + body, x) == [[True, 0, 3], [False, 1], [False, 3]]


def test_dense_failing_dies_without_a_defect_are_pointed_at(js):
    failing = block(3, 7, 3, 7) | block(15, 20, 10, 14)
    failing[[10, 12, 20], [20, 3, 20]] = True
    shown = wafer(failing, dies=disc(SIDE))
    covered = np.zeros_like(failing)
    x = {
        "dies": shown.dies.ravel().tolist(),
        "total": covered.ravel().astype(int).tolist(),
        "grid": {"rows": SIDE, "columns": SIDE},
    }
    body = "return m.missed(x.dies, Uint16Array.from(x.total), x.grid).map(g => [...g])"
    groups = js("measures", body, x)
    inside = [set(np.flatnonzero(block(3, 7, 3, 7))), set(np.flatnonzero(block(15, 20, 10, 14)))]
    assert sorted((set(found) <= inside[0], set(found) <= inside[1]) for found in groups) == [
        (False, True),
        (True, False),
    ]
    assert all(len(found) >= 10 for found in groups)
    covered[15:20, 10:14] = True
    x["total"] = covered.ravel().astype(int).tolist()
    assert js("measures", body, x) == [found for found in groups if set(found) <= inside[0]]


def block(top: int, bottom: int, left: int, right: int) -> np.ndarray:
    mask = np.zeros((SIDE, SIDE), dtype=bool)
    mask[top:bottom, left:right] = True
    return mask


def test_the_clock_stops_half_a_minute_after_the_last_sign_of_life(js):
    body = """
    const clock = new m.Clock(5);
    clock.alive(100); clock.alive(110);
    const busy = clock.at(112), idle = [clock.idle(139), clock.idle(140)], paused = clock.at(500);
    clock.alive(500); clock.hide(503);
    return [busy, idle, paused, clock.at(900), clock.idle(504)];"""
    assert js("measures", body) == [17, [False, True], 45, 48, True]
