// The editor: holds the document and the desk, listens to hand and keyboard, draws once a frame, talks to Python.
import { acceptAll, copied, count, paste, reclass } from "./actions.js";
import { keepClips, keptClips } from "./clipboard.js";
import { Gestures } from "./gestures.js";
import { without } from "./grid.js";
import { Hand } from "./hand.js";
import { MODES, obey } from "./keys.js";
import { readDocument } from "./label.js";
import { Clock, missed, severity, Tally } from "./measures.js";
import { DieImage, paintOver, paintWafer } from "./paint.js";
import { Panel } from "./panel.js";
import { fault } from "./polygon.js";
import { newest, Sync } from "./sync.js";
import { whole } from "./view.js";
import { bytes, rgb } from "./wafer_paint.js";

const seconds = () => performance.now() / 1000;

export class Editor {
  constructor(root) {
    this.root = root;
    this.frame = root.querySelector(".editor");
    this.base = root.querySelector(".base");
    this.top = root.querySelector(".over");
    this.view = { row: 0, column: 0, scale: 1, width: 1, height: 1, ratio: 1 };
    this.hand = new Hand(this);
    this.gestures = new Gestures(this.top, this.hand);
    this.panel = new Panel(this);
    this.clock = new Clock();
    this.sync = new Sync(draft => this.component.setStateValue("draft", draft), state => this.panel.saved(state));
    this.corner = this.cursor = null;
    this.turn = this.refused = 0; // how often Python was asked for something, and when it refused
    this.hints = [];
    this.listen();
  }

  // What Python says, on every run of the page.
  update(component) {
    const { data } = component;
    this.component = component;
    const style = getComputedStyle(this.root.host ?? this.root), background = style.getPropertyValue("--st-background-color").trim();
    const dark = /^#/.test(background) && rgb(background).reduce((a, b) => a + b) < 384;
    this.accent = style.getPropertyValue("--st-primary-color").trim() || "#0e829c";
    const colors = JSON.stringify([dark, data.classes]), fresh = this.id !== data.id;
    const ahead = !fresh && this.sync.behind(data.draft);
    const started = JSON.stringify(data.start), restart = !fresh && !this.desk.doc.revision && this.started !== started;
    this.started = started;
    if (fresh && this.id && data.last?.[0] === this.id) this.sync.acknowledge(data.last.slice(1));
    this.height = data.height;
    this.greys = data.greys[dark ? "dark" : "light"];
    if (fresh || ahead || restart) this.openWafer(data);
    this.desk.classes = data.classes;
    this.rules = data.severity;
    if (fresh || ahead || restart || colors !== this.colors) this.image.color(this.greys, data.classes);
    this.colors = colors;
    this.sync.acknowledge(data.stored, data.superseded);
    this.resize();
    if (fresh) this.look(whole(this.view, this.wafer));
    if (fresh) this.top.focus({ preventScroll: true });
    const [turn, why] = data.refusal ?? [0, ""];
    if (why && turn > this.refused) this.panel.say(`Not submitted: ${why}`);
    this.refused = Math.max(this.refused, turn);
    this.panel.refresh();
    this.redraw();
  }

  openWafer(data) {
    if (this.id) this.sync.leave();
    const grid = { rows: data.rows, columns: data.columns }, tool = this.desk;
    this.id = data.id;
    this.wafer = { ...grid, dies: bytes(data.dies), aspect: data.aspect, center: data.center, rim: data.rim, notch: data.notch };
    this.tested = this.wafer.dies.reduce((n, die) => n + (die > 0), 0);
    const draft = newest(data.id, data.draft), doc = readDocument(grid, draft?.label ?? data.start, draft);
    this.desk = {
      doc, grid, failing: this.wafer.dies.map(die => (die === 2 ? 1 : 0)), classes: data.classes, selection: new Set(),
      tool: tool?.tool ?? "pick", mode: "new", size: tool?.size ?? 5, gap: tool?.gap ?? 1, classKey: tool?.classKey ?? data.classes[0].key,
    };
    this.tally = new Tally(grid, data.classes.length);
    for (const item of doc.items) this.tally.change(item, this.classIndex(item), 1);
    this.image = new DieImage(this.wafer, this.tally);
    doc.listeners.push(changes => this.changed(changes));
    this.clock = new Clock(draft?.elapsed_s ?? 0);
    this.clock.alive(seconds());
    this.corner = this.cursor = null;
    if (doc.undecided.length) this.desk.selection.add(doc.undecided[0].number);
    this.say(draft ? "Your work is back as you left it" : doc.undecided.length ? `${count(doc.undecided.length, "proposed defect")}: A accepts, X rejects, 1 to 8 says another class` : "");
    this.sync.watch(doc, data.id, data.wafer, () => this.clock.at(seconds()), data.stored);
    this.hints = missed(this.wafer.dies, this.tally.total, grid);
  }

  classIndex(item) { return this.desk.classes.findIndex(c => c.key === item.class); }

  // --- changes -------------------------------------------------------------------------------------------------------
  changed(changes) {
    const touched = [];
    for (const [key, before, after] of changes) {
      if (typeof key !== "number") continue;
      const alike = before && after && before.class === after.class && before.state === after.state;
      const gone = before && (alike ? { ...before, dies: without(before.dies, after.dies) } : before);
      const come = after && (alike ? { ...after, dies: without(after.dies, before.dies) } : after);
      if (gone) { this.tally.change(gone, this.classIndex(gone), -1); touched.push(gone.dies); }
      if (come) { this.tally.change(come, this.classIndex(come), 1); touched.push(come.dies); }
    }
    for (const dies of touched) this.image.touch(dies);
    this.sync.changed();
    this.clock.alive(seconds());
    this.redraw();
    this.panelDue = true;
    if (!this.desk.doc.open) this.settleDue = true;
  }

  // A gesture ended or a key was obeyed: what is dear to compute is computed now.
  settle() {
    this.settleDue = this.panelDue = true;
    this.redraw();
  }

  measures() {
    const { doc } = this.desk, kept = doc.kept.length, { affected } = this.tally;
    return {
      defects: kept, affected, coverage: affected / this.tested, severity: severity(kept, affected, this.rules),
      undecided: doc.undecided.length, noDefect: doc.noDefect,
    };
  }

  // --- drawing -------------------------------------------------------------------------------------------------------
  redraw() { this.baseDue = true; this.redrawOver(); }

  redrawOver() {
    this.overDue = true;
    this.drawing ??= requestAnimationFrame(() => this.draw());
  }

  draw() {
    this.drawing = null;
    if (!this.wafer) return;
    const { doc, selection } = this.desk;
    if (this.settleDue) {
      this.hints = missed(this.wafer.dies, this.tally.total, this.desk.grid);
      for (const number of selection) if (!doc.values.has(number)) selection.delete(number);
      if (this.corner !== null && !(this.corner < doc.outline?.points.length)) this.corner = null;
    }
    if (this.baseDue) {
      const chosen = doc.items.filter(item => selection.has(item.number)), marks = {
        selected: chosen.map(item => item.dies), hints: doc.noDefect ? [] : this.hints,
        undecided: doc.undecided.filter(item => !selection.has(item.number)).map(item => item.dies),
      };
      paintWafer(this.base.getContext("2d"), this.wafer, this.view, this.greys, this.image, marks);
    }
    paintOver(this.top.getContext("2d"), this.wafer, this.view, this.greys, this.overlay());
    if (this.panelDue) this.panel.refresh(this.settleDue);
    this.baseDue = this.overDue = this.panelDue = this.settleDue = false;
  }

  overlay() {
    const { hand, desk } = this, outline = desk.doc.outline, brushes = desk.tool === "brush" || desk.tool === "eraser";
    const line = hand.line ? { points: hand.line, closed: false, bare: true } : outline;
    const at = this.cursor ?? (hand.over && hand.place(hand.over));
    return {
      cursor: this.cursor, line, corner: this.corner, accent: this.accent, fault: line === outline && line ? fault(line.points, line.closed, line.freehand) : "",
      rectangle: hand.rectangle ?? (hand.anchor && this.cursor ? [hand.anchor, this.cursor] : null),
      brush: brushes && at ? { at, radius: desk.size / 2 } : null,
    };
  }

  look(view) { Object.assign(this.view, view); this.redraw(); }

  resize() {
    const { clientWidth } = this.frame.querySelector(".stage");
    if (!this.wafer || !clientWidth) return;
    const width = clientWidth, height = Math.min(this.height, width), ratio = window.devicePixelRatio || 1;
    if (width === this.view.width && height === this.view.height && ratio === this.view.ratio) return;
    const fitted = Math.abs(this.view.scale - whole(this.view, this.wafer).scale) < 1e-6;
    Object.assign(this.view, { width, height, ratio });
    for (const canvas of [this.base, this.top]) {
      canvas.style.height = `${height}px`;
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
    }
    this.look(fitted ? whole(this.view, this.wafer) : {});
  }

  // --- what keys and buttons ask for ---------------------------------------------------------------------------------
  say(text) { this.panel.say(text); }
  take(tool) { this.desk.tool = tool; this.hand.anchor = null; this.settle(); }
  selected() { this.settle(); this.say(this.panel.describeSelection()); }
  select(number, extend) {
    const { selection } = this.desk;
    if (!extend) this.desk.selection = new Set([number]);
    else if (!selection.delete(number)) selection.add(number);
    this.selected();
  }
  selectAll() { this.desk.selection = new Set(this.desk.doc.kept.map(item => item.number)); this.selected(); }
  reclass(index) { this.say(reclass(this.desk, this.desk.classes[index].key)); this.settle(); }
  undo() { const what = this.desk.doc.undo(); this.say(what ? `Undone: ${what}` : "Nothing to undo"); this.settle(); }
  redo() { const what = this.desk.doc.redo(); this.say(what ? `Done again: ${what}` : "Nothing to redo"); this.settle(); }
  acceptAll() { this.say(acceptAll(this.desk)); this.settle(); }

  nextMode(mode) {
    const at = MODES.findIndex(m => m.id === (mode ?? this.desk.mode)), next = MODES[mode ? at : (at + 1) % MODES.length];
    this.desk.mode = next.id;
    this.say(next.help);
    this.settle();
  }

  resizeTool(step) {
    const { desk } = this;
    if (desk.tool === "wand") desk.gap = Math.max(0, Math.min(9, desk.gap + step));
    else desk.size = Math.max(1, Math.min(41, desk.size + 2 * step));
    this.say(desk.tool === "wand" ? `Gap of ${count(desk.gap, "die")}` : `Brush of ${count(desk.size, "die")}`);
    this.settle();
  }

  nextItem(step) {
    const items = this.desk.doc.kept, numbers = items.map(item => item.number), at = [...this.desk.selection].at(-1);
    const from = numbers.indexOf(at), next = from < 0 ? (step > 0 ? 0 : numbers.length - 1) : from + step;
    if (next < 0 || next >= numbers.length) { this.desk.selection = new Set(); this.settle(); return false; }
    return this.select(numbers[next], false);
  }

  moveCursor(die) { this.cursor = die; this.hovered(die, true); this.redrawOver(); }

  hovered(place, spoken = false) {
    if (place) this.panel.tell(place.map(Math.round), spoken);
    this.redrawOver();
  }

  letGo() {
    const { desk, hand } = this, outline = desk.doc.outline;
    if (hand.line || hand.rectangle) hand.drop();
    else if (hand.anchor) hand.anchor = null;
    else if (this.corner !== null) this.corner = null;
    else if (outline) desk.doc.commit("Let go of the polygon", [["outline", undefined]]);
    else if (desk.selection.size) desk.selection = new Set();
    else this.cursor = null;
    this.settle();
  }

  copy() {
    const clips = copied(this.desk);
    if (!clips.length) return false; // the browser's own copy
    keepClips(clips);
    return this.say(`Copied ${clips.length}`);
  }

  paste() { this.say(paste(this.desk, keptClips())); this.settle(); }

  // Tell Python what the person wants: "save", "submit", "previous" or "next"; the label goes first.
  ask(what) {
    this.sync.flush(this.sync.ahead);
    this.component.setTriggerValue("asked", { what, id: this.id, text: this.sync.text(), turn: ++this.turn });
    this.say({ save: "Saving", submit: "Submitting" }[what] ?? "");
  }

  // --- listening -----------------------------------------------------------------------------------------------------
  listen() {
    this.observer = new ResizeObserver(() => this.resize());
    this.observer.observe(this.frame.querySelector(".stage"));
    this.frame.onkeydown = event => this.key(event);
    this.frame.onkeyup = event => { if (event.key === " ") this.hold(false); };
    this.frame.onpointerdown = this.frame.onpointermove = () => this.clock.alive(seconds());
    this.top.onblur = () => this.hold(false);
    this.hidden = () => {
      document.hidden ? this.clock.hide(seconds()) : this.clock.alive(seconds());
      if (document.hidden) this.sync.leave();
    };
    this.leaving = () => this.sync.leave();
    document.addEventListener("visibilitychange", this.hidden);
    window.addEventListener("pagehide", this.leaving);
    this.ticking = setInterval(() => this.wafer && this.panel.tick(this.clock.at(seconds()), this.clock.idle(seconds())), 1000);
  }

  get onMap() { return (this.root.activeElement ?? document.activeElement) === this.top; }

  key(event) {
    this.clock.alive(seconds());
    const { onMap } = this;
    if (event.key === " " && onMap) { event.preventDefault(); this.hold(true); }
    // Buttons keep Enter, Space and Tab; all else is the editor's wherever the focus is inside it.
    const theirs = !onMap && ["Enter", " ", "Tab"].includes(event.key) && !event.ctrlKey && !event.metaKey;
    if (!theirs && obey(this, event)) event.preventDefault();
    // Streamlit listens for r, c and Escape on the whole page.
    if (event.key !== "Tab") event.stopPropagation();
  }

  hold(space) { this.gestures.space = space; this.top.classList.toggle("grab", space); }

  remove() {
    this.sync.leave();
    this.observer.disconnect();
    cancelAnimationFrame(this.drawing);
    clearInterval(this.ticking);
    document.removeEventListener("visibilitychange", this.hidden);
    window.removeEventListener("pagehide", this.leaving);
  }
}
