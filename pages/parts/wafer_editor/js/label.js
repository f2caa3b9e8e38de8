// The label being edited: values by key, changed only through steps that can be undone. Keys are the numbers of
// instances, "outline" (the polygon that is open or was drawn last) and "noDefect". Values are never changed in place.
// An instance: { number, class, origin: "proposal" | "person", state: "proposed" | "accepted" | "rejected", dies }.
import { fromRuns, runsOf } from "./grid.js";

export const STEPS = 200;
export const HISTORY_CHARACTERS = 60_000;

export class LabelDocument {
  constructor(grid) {
    this.grid = grid;
    this.values = new Map();
    this.done = [];
    this.undone = [];
    this.revision = 0;
    this.tab = "";
    this.seen = {}; // what it goes on from: revisions of other tabs, by their names
    this.open = false; // the last step still grows, as a stroke does
    this.listeners = [];
  }

  get items() {
    this.sorted ??= [...this.values].filter(([key]) => typeof key === "number").sort(([a], [b]) => a - b).map(([, item]) => item);
    return this.sorted;
  }

  get kept() { return this.items.filter(item => item.state !== "rejected"); }
  get undecided() { return this.items.filter(item => item.state === "proposed"); }
  get outline() { return this.values.get("outline"); }
  get noDefect() { return Boolean(this.values.get("noDefect")); }
  get next() { return 1 + Math.max(0, ...this.items.map(item => item.number)); }

  // Set values (undefined removes) as one step; with `growing` the steps of one gesture are one.
  commit(what, next, growing = false) {
    const changes = [...next].map(([key, after]) => [key, this.values.get(key), after]).filter(([, before, after]) => before !== after);
    if (!changes.length) return false;
    const last = this.done.at(-1);
    if (growing && this.open && last?.what === what) {
      for (const [key, before, after] of changes) {
        const known = last.changes.find(change => change[0] === key);
        known ? (known[2] = after) : last.changes.push([key, before, after]);
      }
    } else {
      this.done.push({ what, changes: changes.map(change => [...change]) });
      if (this.done.length > STEPS) this.done.shift();
    }
    this.undone = [];
    this.open = growing;
    this.write(changes);
    return true;
  }

  // Whether all that a revision of a tab says went into this document.
  follows(tab, revision) { return revision <= (tab === this.tab ? this.revision : this.seen[tab] ?? -1); }

  // From here on it is this tab's, going on from the one that wrote it.
  continueIn(tab) {
    if (tab === this.tab) return;
    this.seen = { ...this.seen, [this.tab]: this.revision };
    delete this.seen[tab];
    this.tab = tab;
  }

  // Everything as it stands, and back to it: as if nothing had been done since.
  mark() { return { values: new Map(this.values), done: [...this.done], undone: [...this.undone] }; }
  rewind({ values, done, undone }) {
    const keys = new Set([...this.values.keys(), ...values.keys()]);
    const changes = [...keys].map(key => [key, this.values.get(key), values.get(key)]).filter(([, now, then]) => now !== then);
    Object.assign(this, { done, undone, open: false });
    if (changes.length) this.write(changes);
  }

  undo() { return this.step(this.done, this.undone, ([key, before, after]) => [key, after, before]); }
  redo() { return this.step(this.undone, this.done, change => change); }

  step(from, to, turn) {
    const step = from.pop();
    this.open = false;
    if (!step) return "";
    to.push(step);
    this.write(step.changes.map(turn));
    return step.what;
  }

  write(changes) {
    for (const [key, , after] of changes) after === undefined ? this.values.delete(key) : this.values.set(key, after);
    this.sorted = null;
    this.revision++;
    for (const listen of this.listeners) listen(changes);
  }
}

// --- text: what goes to the server and into the browser's own storage -------------------------------------------------

const toText = item => ({ number: item.number, class: item.class, origin: item.origin, state: item.state, dies: runsOf(item.dies) });
const fromText = item => Object.freeze({ ...item, dies: fromRuns(item.dies) });

// The label as core/labels/label.py reads it.
export const labelText = (doc, key) => ({
  version: 1, key, shape: [doc.grid.rows, doc.grid.columns], no_defect: doc.noDefect, instances: doc.items.map(toText),
});

export function historyText(doc, limit = HISTORY_CHARACTERS) {
  const table = [], places = new Map();
  let room = limit;
  const place = value => {
    if (value === undefined) return -1;
    const key = typeof value === "boolean" ? String(value) : value;
    if (!places.has(key)) {
      const text = valueText(value);
      room -= JSON.stringify(text).length + 1;
      places.set(key, table.push(text) - 1);
    }
    return places.get(key);
  };
  const newest = steps => {
    const kept = [];
    for (const step of [...steps].reverse()) {
      const changes = step.changes.map(([key, before, after]) => [key, place(before), place(after)]);
      room -= JSON.stringify(changes).length + step.what.length + 24;
      if (room < 0) break;
      kept.unshift({ what: step.what, changes });
    }
    return kept;
  };
  return { done: newest(doc.done), undone: newest(doc.undone), table };
}

const valueText = value => (value.dies ? toText(value) : value.points ? { ...value, base: value.base && toText(value.base) } : value);
const textValue = text => (text.dies ? fromText(text) : text.points ? { ...text, base: text.base && fromText(text.base) } : text);

// A document from the text of a draft, or of a label alone; its history where it came along.
export function readDocument(grid, label, draft = null) {
  const doc = new LabelDocument(grid);
  for (const item of label.instances) doc.values.set(item.number, fromText(item));
  if (label.no_defect) doc.values.set("noDefect", true);
  if (!draft) return doc;
  Object.assign(doc, { revision: draft.revision, tab: draft.tab ?? "", seen: draft.seen ?? {} });
  if (draft.outline) doc.values.set("outline", textValue(draft.outline));
  const table = draft.history.table.map(textValue), value = place => (place < 0 ? undefined : table[place]);
  const steps = list => list.map(({ what, changes }) => ({ what, changes: changes.map(([key, b, a]) => [key, value(b), value(a)]) }));
  doc.done = steps(draft.history.done);
  doc.undone = steps(draft.history.undone);
  return doc;
}

export const draftText = (doc, key, elapsed) => JSON.stringify({
  version: 1, tab: doc.tab, revision: doc.revision, seen: doc.seen, elapsed_s: Math.round(elapsed * 10) / 10, label: labelText(doc, key),
  outline: doc.outline ? valueText(doc.outline) : null, history: historyText(doc),
});
