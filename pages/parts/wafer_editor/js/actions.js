// What a person can do to a label: each function makes one step of the document and says in words what came of it.
// `desk` is what lies on the table: doc, grid, failing (mask), classes, classKey, mode, selection (Set of numbers), gap.
import { combine, filled, grown, same, shrunk } from "./grid.js";
import { fault, inPolygon } from "./polygon.js";

const nameOf = (desk, item) => `${desk.classes.find(c => c.key === item.class).name} ${item.number}`;
export const count = (n, word) => `${n} ${word}${n === 1 ? "" : "s"}`;
export const selected = desk => desk.doc.items.filter(item => desk.selection.has(item.number));

// What becomes of an instance that a person gave other dies: a proposal without any is rejected, a drawing is gone.
function changed(item, dies) {
  if (dies.length) return { ...item, dies, state: "accepted" };
  return item.origin === "proposal" ? { ...item, state: "rejected" } : undefined;
}

// What is drawn next is of the class of the proposal that is selected: the drawing is meant to better it.
export const drawnClass = desk => selected(desk).find(item => item.origin === "proposal")?.class ?? desk.classKey;
const born = (desk, dies, number) => ({ number, class: drawnClass(desk), origin: "person", state: "accepted", dies });

// Bring dies into the label in a mode: new makes an instance, the others change what is selected.
export function applyDies(desk, dies, what, mode = desk.mode) {
  const { doc } = desk, targets = selected(desk);
  if (!dies.length && mode !== "intersect") return "No failing die there";
  if (mode === "new" || (mode === "add" && !targets.length)) {
    const item = born(desk, dies, doc.next);
    doc.commit(what, [[item.number, item], ["noDefect", undefined], ["outline", undefined]]);
    desk.selection = new Set([item.number]);
    return `${nameOf(desk, item)}: ${count(dies.length, "die")}`;
  }
  if (!targets.length) return "Select a defect first";
  doc.commit(what, [...targets.map(item => [item.number, changed(item, combine(item.dies, dies, mode))]), ["outline", undefined]]);
  return said(desk, targets);
}

// A dab of the brush or eraser; the dabs of one stroke are one step.
export function dab(desk, dies, erasing) {
  const { doc } = desk, what = erasing ? "Erase" : "Brush";
  if (!dies.length) return "";
  let targets = selected(desk);
  if (erasing && !targets.length) targets = doc.kept;
  if (!erasing && !targets.length) {
    const item = born(desk, dies, doc.next);
    doc.commit(what, [[item.number, item], ["noDefect", undefined]], true);
    desk.selection = new Set([item.number]);
    return `${nameOf(desk, item)}: ${count(dies.length, "die")}`;
  }
  const next = [];
  for (const item of targets) {
    const after = combine(item.dies, dies, erasing ? "subtract" : "add");
    if (!same(after, item.dies)) next.push([item.number, changed(item, after)]);
  }
  doc.commit(what, next, true);
  return said(desk, targets);
}

function said(desk, targets) {
  return targets.map(item => {
    const now = desk.doc.values.get(item.number);
    if (!now) return `${nameOf(desk, item)} removed`;
    return now.state === "rejected" ? `${nameOf(desk, now)} rejected` : `${nameOf(desk, now)}: ${count(now.dies.length, "die")}`;
  }).slice(0, 3).join(", ");
}

// --- polygons: open while corners come, then alive until something else is drawn --------------------------------------

export function addCorner(desk, point) {
  const outline = desk.doc.outline;
  const points = outline && !outline.closed ? [...outline.points, point] : [point];
  desk.doc.commit("Corner", [["outline", { points, closed: false }]]);
  return fault(points, false) || `Corner ${points.length}`;
}

// Close a polygon or take a freehand line, and bring the dies inside into the label.
export function closeOutline(desk, points, what, mode = desk.mode) {
  const { doc } = desk, freehand = what === "Lasso", problem = fault(points, true, freehand);
  if (problem) {
    doc.commit(what, [["outline", { points, closed: true, mode, freehand }]]);
    return `The polygon takes no dies: ${problem}`;
  }
  const dies = inPolygon(points, desk.failing, desk.grid);
  if (!dies.length) {
    doc.commit(what, [["outline", undefined]]);
    return "No failing die inside";
  }
  const targets = selected(desk), making = mode === "new" || !targets.length;
  const base = making ? null : targets[0], number = making ? doc.next : base.number;
  const outline = { points, closed: true, mode: making ? "new" : mode, base, number, class: drawnClass(desk), freehand };
  doc.commit(what, [["outline", outline], ["noDefect", undefined], [number, underOutline(desk, outline, dies)]]);
  desk.selection = new Set([number]);
  return said(desk, [doc.values.get(number) ?? base]);
}

function underOutline(desk, outline, dies) {
  if (outline.base) return changed(outline.base, combine(outline.base.dies, dies, outline.mode));
  const known = desk.doc.values.get(outline.number);
  return dies.length ? { ...born(desk, dies, outline.number), class: known?.class ?? outline.class } : undefined;
}

// Give the polygon drawn last other corners; a gesture that moves one is one step.
export function moveCorners(desk, points, what, growing = false) {
  const { doc } = desk, outline = doc.outline;
  const next = { ...outline, points }, problem = fault(points, outline.closed, outline.freehand);
  if (problem || !outline.closed) {
    doc.commit(what, [["outline", next]], growing);
    return problem && `The polygon takes no dies: ${problem}`;
  }
  if (outline.number === undefined) {
    doc.commit(what, [["outline", undefined]], growing);
    return closeOutline(desk, points, outline.freehand ? "Lasso" : what, outline.mode);
  }
  doc.commit(what, [["outline", next], [outline.number, underOutline(desk, next, inPolygon(points, desk.failing, desk.grid))]], growing);
  const now = doc.values.get(outline.number);
  return now ? said(desk, [now]) : "No failing die inside";
}

// --- whole instances --------------------------------------------------------------------------------------------------

const each = (desk, what, change) => {
  const targets = selected(desk);
  if (!targets.length) return "Select a defect first";
  desk.doc.commit(what, [...targets.map(item => [item.number, change(item)]), ["outline", undefined]]);
  return `${what}: ${said(desk, targets)}`;
};

export function decide(desk, state) {
  const targets = selected(desk), [first] = desk.doc.undecided;
  if (!targets.length && first) { // nothing is judged unseen
    desk.selection = new Set([first.number]);
    return `${nameOf(desk, first)}: accept or reject?`;
  }
  if (!targets.length) return "Select a defect first";
  const what = state === "accepted" ? "Accept" : "Reject";
  const judged = item => (item.state === state ? item : state === "rejected" && item.origin === "person" ? undefined : { ...item, state });
  desk.doc.commit(what, targets.map(item => [item.number, judged(item)]));
  const waiting = desk.doc.undecided, after = waiting.find(item => item.number > Math.max(...desk.selection)) ?? waiting[0];
  desk.selection = new Set(after ? [after.number] : []);
  return `${what}ed ${targets.map(item => nameOf(desk, item)).slice(0, 3).join(", ")}; ${waiting.length} to decide`;
}

export function acceptAll(desk) {
  const waiting = desk.doc.undecided;
  desk.doc.commit("Accept all", waiting.map(item => [item.number, { ...item, state: "accepted" }]));
  desk.selection = new Set();
  return waiting.length ? `Accepted ${waiting.length}` : "Nothing waits for a decision";
}

export function reclass(desk, key) {
  desk.classKey = key;
  const targets = selected(desk), name = desk.classes.find(c => c.key === key).name;
  if (!targets.length) return `Drawing ${name}`;
  desk.doc.commit("Class", targets.map(item => [item.number, item.class === key && item.state === "accepted" ? item : { ...item, class: key, state: "accepted" }]));
  return `${count(targets.length, "defect")} now ${name}`;
}

export const remove = desk => each(desk, "Delete", item => changed(item, new Uint32Array()));
export const grow = desk => each(desk, "Grow", item => ({ ...item, dies: grown(item.dies, desk.failing, desk.grid), state: "accepted" }));
export const fillHoles = desk => each(desk, "Fill holes", item => ({ ...item, dies: filled(item.dies, desk.failing, desk.grid), state: "accepted" }));
export const shrink = desk => each(desk, "Shrink", item => {
  const dies = shrunk(item.dies, desk.grid);
  return dies.length ? { ...item, dies, state: "accepted" } : item;
});

export function join(desk) {
  const [first, ...rest] = selected(desk);
  if (!rest.length) return "Select two or more defects to join";
  const dies = rest.reduce((all, item) => combine(all, item.dies, "add"), first.dies);
  desk.doc.commit("Join", [
    [first.number, { ...first, dies, state: "accepted" }], ["outline", undefined],
    ...rest.map(item => [item.number, item.origin === "proposal" ? { ...item, state: "rejected" } : undefined]),
  ]);
  desk.selection = new Set([first.number]);
  return `Joined into ${nameOf(desk, first)}: ${count(dies.length, "die")}`;
}

export function noDefect(desk) {
  const { doc } = desk;
  if (doc.noDefect) {
    doc.commit("No defect taken back", [["noDefect", undefined]]);
    return "No defect taken back";
  }
  doc.commit("No defect", [
    ["noDefect", true], ["outline", undefined],
    ...doc.kept.map(item => [item.number, item.origin === "proposal" ? { ...item, state: "rejected" } : undefined]),
  ]);
  desk.selection = new Set();
  return "No defect on this wafer";
}

export const copied = desk => selected(desk).map(item => ({ class: item.class, dies: item.dies, rows: desk.grid.rows, columns: desk.grid.columns }));

// Paste at the same place; on another wafer only the dies that fail there.
export function paste(desk, clips) {
  const { doc, grid } = desk, fitting = clips.filter(clip => clip.rows === grid.rows && clip.columns === grid.columns);
  if (!fitting.length) return clips.length ? "What was copied is of a wafer with another grid" : "Nothing was copied";
  const made = fitting.map(clip => ({ ...clip, dies: clip.dies.filter(die => desk.failing[die]) })).filter(clip => clip.dies.length);
  if (!made.length) return "No die of what was copied fails here";
  const items = made.map((clip, i) => ({ ...born(desk, clip.dies, doc.next + i), class: clip.class }));
  doc.commit("Paste", [...items.map(item => [item.number, item]), ["noDefect", undefined], ["outline", undefined]]);
  desk.selection = new Set(items.map(item => item.number));
  return `Pasted ${items.map(item => nameOf(desk, item)).slice(0, 3).join(", ")}`;
}
