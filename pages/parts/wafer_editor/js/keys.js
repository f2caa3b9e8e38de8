// The keyboard: one table that is obeyed and shown. An entry: keys as written, what it does, when it fits, what is done.
import { acceptAll, count, decide, fillHoles, grow, join, noDefect, remove, shrink } from "./actions.js";
import { around, whole, zoomed } from "./view.js";
import { boxOf } from "./measures.js";

export const TOOLS = [
  { id: "polygon", key: "P", name: "Polygon", help: "Click corners; close on the first one, by a double click or Enter twice." },
  { id: "lasso", key: "L", name: "Lasso", help: "Draw around the failing dies; a rough line is enough." },
  { id: "brush", key: "B", name: "Brush", help: "Paint failing dies; goes on with what is selected." },
  { id: "eraser", key: "E", name: "Eraser", help: "Take dies out of what is selected, or of everything when nothing is." },
  { id: "wand", key: "W", name: "Magic wand", help: "Take all failing dies that hang together, across gaps of the set size." },
  { id: "rectangle", key: "R", name: "Rectangle", help: "Take the failing dies in a rectangle." },
  { id: "pick", key: "K", name: "Pick", help: "Select a whole defect; on dies without one, take the unlabelled cluster." },
];
export const MODES = [
  { id: "new", name: "New", help: "What is drawn is a new defect." },
  { id: "add", name: "Add", help: "What is drawn joins the selected defect (hold Shift)." },
  { id: "subtract", name: "Subtract", help: "What is drawn leaves the selected defect (hold Alt)." },
  { id: "intersect", name: "Intersect", help: "Of the selected defect stays what is drawn around (hold Shift and Alt)." },
];
const ARROWS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

// Groups of [keys, words, test of (event, letter), action of (editor, event)]; the first that fits acts.
const plain = letter => (e, key) => key === letter && !e.shiftKey && !e.command && !e.altKey;
const shift = letter => (e, key) => key === letter && e.shiftKey && !e.command && !e.altKey;
const ctrl = letter => (e, key) => key === letter && e.command && !e.shiftKey;
const done = action => editor => { editor.say(action(editor.desk)); editor.settle(); };
const zoom = factor => ed => ed.look(zoomed(ed.view, ed.wafer, factor, ed.view.width / 2, ed.view.height / 2));

export const GROUPS = [
  ["Tools", [
    ...TOOLS.map(tool => [tool.key, `${tool.name}: ${tool.help}`, plain(tool.key.toLowerCase()), ed => ed.take(tool.id)]),
    ["Q", "Next mode: new, add, subtract, intersect", plain("q"), ed => ed.nextMode()],
    ["[ ]", "Smaller or larger brush; smaller or larger gap of the wand", (e, key) => "[]".includes(key) && !e.command, (ed, e) => ed.resizeTool(e.key === "]" ? 1 : -1)],
    ["Shift + arrows", "Move the cursor die, or the chosen corner; with Ctrl by five", (e, key) => key in ARROWS && e.shiftKey, moveCursor],
    ["Enter", "Use the tool at the cursor die", e => e.key === "Enter" && !e.command, (ed, e) => ed.hand.apply(e)],
    ["V, I", "Next corner of the polygon; add a corner after it", (e, key) => "vi".includes(key) && key && !e.command && !e.altKey, corners],
  ]],
  ["Defects", [
    ["1 to 8", "Class of what is selected, and of what is drawn next", (e, key) => /^[1-8]$/.test(key) && !e.command && !e.altKey, (ed, e) => ed.reclass(Number(e.key) - 1)],
    ["A, X", "Accept or reject what is selected, then on to the next proposal", (e, key) => "ax".includes(key) && !e.shiftKey && !e.command, (ed, e) => done(desk => decide(desk, e.key.toLowerCase() === "a" ? "accepted" : "rejected"))(ed)],
    ["Shift + A", "Accept all proposals that are left", shift("a"), done(acceptAll)],
    ["0", "No defect on this wafer", plain("0"), done(noDefect)],
    ["Tab, Shift + Tab", "Next or previous defect; past the last one, out of the map", e => e.key === "Tab", (ed, e) => ed.nextItem(e.shiftKey ? -1 : 1)],
    ["Ctrl + A", "Select all", ctrl("a"), ed => ed.selectAll()],
    ["Delete", "Delete what is selected, or the chosen corner", e => e.key === "Delete" || e.key === "Backspace", removeChosen],
    ["G, S, H", "Grow, shrink, fill holes", (e, key) => "gsh".includes(key) && !e.shiftKey && !e.command && !e.altKey, (ed, e) => done({ g: grow, s: shrink, h: fillHoles }[e.key.toLowerCase()])(ed)],
    ["J", "Join what is selected into one defect", plain("j"), done(join)],
    ["Ctrl + C, Ctrl + V", "Copy; paste at the same place, here or on another wafer", (e, key) => ctrl("c")(e, key) || ctrl("v")(e, key), (ed, e) => (e.key.toLowerCase() === "c" ? ed.copy() : ed.paste())],
    ["M", "Look at the next place that may have been missed", plain("m"), nextMissed],
  ]],
  ["Work", [
    ["Ctrl + Z", "Undo, 200 steps", ctrl("z"), ed => ed.undo()],
    ["Ctrl + Shift + Z", "Redo (or Ctrl + Y)", (e, key) => e.command && ((key === "z" && e.shiftKey) || key === "y"), ed => ed.redo()],
    ["Ctrl + S", "Save now", ctrl("s"), ed => ed.ask("save")],
    ["Ctrl + Enter", "Submit", e => e.key === "Enter" && e.command, ed => ed.ask("submit")],
    ["Left, Right", "Previous or next wafer", (e, key) => /^Arrow(Left|Right)$/.test(key) && !e.shiftKey && !e.command && !e.altKey, (ed, e) => ed.ask(e.key === "ArrowLeft" ? "previous" : "next")],
    ["+, -, F", "Closer, farther, whole wafer (or the wheel; Space and drag to move)", (e, key) => "+=-f".includes(key) && !e.command && !e.altKey, (ed, e) => (e.key.toLowerCase() === "f" ? ed.look(whole(ed.view, ed.wafer)) : zoom(e.key === "-" ? 1 / 1.4 : 1.4)(ed))],
    ["Escape", "Let go: of the line, of the corner, of what is selected", e => e.key === "Escape", ed => ed.letGo()],
    ["?", "This list", (e, key) => key === "?", ed => ed.panel.toggleHelp()],
  ]],
];

// Obey a key; says whether it was one of the editor's.
export function obey(editor, event) {
  const letter = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const command = event.ctrlKey || event.metaKey;
  const seen = { key: event.key, shiftKey: event.shiftKey, altKey: event.altKey, command };
  for (const [, entries] of GROUPS) for (const [, , fits, action] of entries) {
    if (fits(seen, letter)) return action(editor, seen) !== false;
  }
  return false;
}

function moveCursor(editor, event) {
  const leap = event.command ? 5 : 1, [down, right] = ARROWS[event.key].map(step => step * leap);
  if (editor.corner !== null && editor.desk.doc.outline) return editor.hand.nudgeCorner(down, right);
  const [row, column] = editor.cursor ?? editor.wafer.center.map(Math.round), { rows, columns } = editor.desk.grid;
  const within = (value, most) => Math.max(0, Math.min(most - 1, value));
  return editor.moveCursor([within(row + down, rows), within(column + right, columns)]);
}

function corners(editor, event) {
  const outline = editor.desk.doc.outline;
  if (!outline) return editor.say("Draw a polygon first");
  if (event.key.toLowerCase() === "i") return editor.hand.addCornerAfter();
  editor.corner = ((editor.corner ?? -1) + 1) % outline.points.length;
  editor.say(`Corner ${editor.corner + 1} of ${outline.points.length}`);
  return editor.redrawOver();
}

function removeChosen(editor) {
  const outline = editor.desk.doc.outline;
  if (outline && (editor.corner !== null || !outline.closed)) return editor.hand.deleteCorner(editor.corner ?? outline.points.length - 1);
  return done(remove)(editor);
}

function nextMissed(editor) {
  if (!editor.hints.length) return editor.say("No dense failing dies are without a defect");
  editor.hintShown = ((editor.hintShown ?? -1) + 1) % editor.hints.length;
  const dies = editor.hints[editor.hintShown], { columns } = editor.desk.grid, die = dies[Math.floor(dies.length / 2)];
  editor.look(around(editor.view, editor.wafer, boxOf(dies, editor.desk.grid)));
  editor.moveCursor([Math.floor(die / columns), die % columns]);
  return editor.say(`${count(dies.length, "dense failing die")} without a defect, ${editor.hintShown + 1} of ${editor.hints.length}`);
}
