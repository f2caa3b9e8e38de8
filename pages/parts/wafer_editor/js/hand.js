// The tools in the hand: from places on the canvas, or from the keyboard's cursor, to dies and actions.
import { addCorner, applyDies, closeOutline, dab, moveCorners } from "./actions.js";
import { flood, inRectangle, nearest, underBrush } from "./grid.js";
import { simplified } from "./polygon.js";
import { dieAt, panned, zoomed } from "./view.js";
import { toX, toY } from "./wafer_paint.js";

const GRIP_PX = 10, LASSO_SLACK = 0.3, LATTICE_REACH = 1;

export function modeOf(event, mode) {
  if (event.shiftKey) return event.altKey ? "intersect" : "add";
  return event.altKey ? "subtract" : mode;
}

export class Hand {
  constructor(editor) { this.editor = editor; }

  get desk() { return this.editor.desk; }
  place([x, y]) { return dieAt(this.editor.view, this.editor.wafer, x, y); }
  pixel([row, column]) { return [toX(this.editor.view, column), toY(this.editor.view, row, this.editor.wafer.aspect)]; }
  near(a, [x, y]) { const [px, py] = this.pixel(a); return Math.hypot(px - x, py - y) <= GRIP_PX; }

  // --- pointers ------------------------------------------------------------------------------------------------------
  // `focused`: the keyboard was here before; else the press may have been for that alone.
  begin(point, event, focused = true) {
    const { desk, editor } = this, at = this.place(point);
    this.before = { mark: desk.doc.mark(), selection: new Set(desk.selection), corner: editor.corner, cursor: editor.cursor };
    this.mode = modeOf(event, desk.mode);
    editor.cursor = null;
    if (this.grip(point, event)) return;
    if (desk.tool === "lasso") this.line = [at];
    else if (desk.tool === "rectangle") this.rectangle = [at, at];
    else if (desk.tool === "brush" || desk.tool === "eraser") { this.last = at; this.brush(at); }
    else if (desk.tool !== "pick" || focused) this.tap(at, point, event.shiftKey);
    else editor.say("The map has the keyboard; another click picks");
    editor.redraw();
  }

  move(point) {
    const at = this.place(point), { desk, editor } = this;
    if (this.corner !== undefined) {
      const points = desk.doc.outline.points.map((p, i) => (i === this.corner ? at : p));
      editor.say(moveCorners(desk, points, this.gripping, true));
    } else if (this.line) this.line.push(at);
    else if (this.rectangle) this.rectangle[1] = at;
    else if (this.last) this.brush(at);
    this.over = point;
    editor.redrawOver();
  }

  end() {
    const { desk, editor, line, rectangle, mode } = this;
    desk.doc.open = false;
    this.drop();
    if (line?.length > 2) editor.say(closeOutline(desk, simplified(line, LASSO_SLACK), "Lasso", mode));
    if (rectangle) editor.say(applyDies(desk, inRectangle(...rectangle, desk.failing, desk.grid), "Rectangle", mode));
    editor.settle();
  }

  // A second finger came: what the first began is taken back.
  cancel() {
    const { desk, editor } = this, { mark, selection, corner, cursor } = this.before;
    desk.doc.rewind(mark);
    desk.selection = selection;
    Object.assign(editor, { corner, cursor });
    this.drop();
    editor.say("");
    editor.settle();
  }

  drop() { this.line = this.rectangle = this.last = this.corner = this.gripping = undefined; }
  hover(point) { this.over = point; this.editor.hovered(point && this.place(point)); }
  pan(dx, dy) { this.editor.look(panned(this.editor.view, this.editor.wafer, dx, dy)); }
  pinch(factor, x, y) { this.editor.look(zoomed(this.editor.view, this.editor.wafer, factor, x, y)); }
  double() { if (this.desk.tool === "polygon") this.close(); }

  brush(at) {
    const { desk, editor } = this;
    const dies = underBrush(this.last ?? at, at, desk.size / 2, desk.failing, desk.grid);
    this.last = at;
    const text = dab(desk, dies, desk.tool === "eraser" || this.mode === "subtract");
    if (text) editor.say(text);
  }

  // --- the polygon's corners -----------------------------------------------------------------------------------------
  grip(point, event) {
    const { desk, editor } = this, outline = desk.doc.outline;
    if (!outline || !["polygon", "lasso"].includes(desk.tool)) return false;
    const { points } = outline, hit = points.findIndex(p => this.near(p, point));
    if (hit === 0 && !outline.closed && points.length > 2) { this.close(); return true; }
    if (hit < 0 && !outline.closed) return false;
    if (hit >= 0 && event.altKey) { this.deleteCorner(hit); return true; }
    if (hit >= 0) {
      this.corner = editor.corner = hit;
      this.gripping = "Move corner";
      return true;
    }
    const side = points.findIndex((p, i) => this.near(middle(p, points[(i + 1) % points.length]), point));
    if (side < 0) return false;
    this.corner = editor.corner = side + 1;
    this.gripping = "Add corner";
    editor.say(moveCorners(desk, points.toSpliced(side + 1, 0, this.place(point)), this.gripping, true));
    return true;
  }

  close() {
    const { desk, editor } = this, outline = desk.doc.outline;
    if (!outline || outline.closed) return;
    editor.say(closeOutline(desk, outline.points, "Polygon", this.mode ?? desk.mode));
    editor.settle();
  }

  deleteCorner(index = this.editor.corner ?? -1) {
    const { desk, editor } = this, { points, closed } = desk.doc.outline;
    if (closed && points.length <= 3) return editor.say("A polygon has three corners or more");
    const rest = points.toSpliced(index, 1);
    editor.corner = null;
    editor.say(rest.length ? moveCorners(desk, rest, "Delete corner") : (desk.doc.commit("Delete corner", [["outline", undefined]]), ""));
    return editor.settle();
  }

  addCornerAfter() {
    const { desk, editor } = this, { points } = desk.doc.outline, i = editor.corner ?? 0;
    editor.corner = i + 1;
    editor.say(moveCorners(desk, points.toSpliced(i + 1, 0, middle(points[i], points[(i + 1) % points.length])), "Add corner"));
    editor.settle();
  }

  nudgeCorner(down, right) {
    const { desk, editor } = this, { points } = desk.doc.outline;
    const moved = points.map(([r, c], i) => (i === editor.corner ? [r + down, c + right] : [r, c]));
    editor.say(moveCorners(desk, moved, "Move corner"));
    editor.settle();
  }

  // --- one place, by click or by Enter at the cursor -----------------------------------------------------------------
  tap(at, point, extend) {
    const { desk, editor } = this, [row, column] = at.map(Math.round), outline = desk.doc.outline;
    if (desk.tool === "polygon") {
      const again = outline && !outline.closed && this.near(outline.points.at(-1), point ?? this.pixel(at));
      if (!again) editor.say(addCorner(desk, at));
      else if (!point) this.close(); // Enter twice at one place
    } else if (desk.tool === "wand") {
      const from = nearest(row, column, desk.failing, desk.gap + 1, desk.grid);
      editor.say(applyDies(desk, flood(from, desk.failing, desk.gap, desk.grid), "Wand", this.mode));
    } else this.pick(row, column, extend);
  }

  pick(row, column, extend) {
    const { desk, editor } = this, die = row * desk.grid.columns + column;
    const inside = row >= 0 && column >= 0 && row < desk.grid.rows && column < desk.grid.columns;
    const here = inside ? desk.doc.kept.filter(item => item.dies.includes(die)) : [];
    if (here.length) {
      // Clicks on one place go through the defects that lie there.
      const after = here[(here.findIndex(item => desk.selection.has(item.number)) + 1) % here.length].number;
      if (extend) desk.selection.has(after) && here.length === 1 ? desk.selection.delete(after) : desk.selection.add(after);
      else desk.selection = new Set([after]);
      return editor.selected();
    }
    const free = desk.failing.map((fails, i) => (fails && !editor.tally.total[i] ? 1 : 0));
    const from = nearest(row, column, free, LATTICE_REACH, desk.grid);
    if (from < 0) {
      if (!extend) desk.selection = new Set();
      return editor.selected();
    }
    return editor.say(applyDies(desk, flood(from, free, LATTICE_REACH, desk.grid), "Pick", this.mode));
  }

  // Enter at the keyboard's cursor.
  apply(event) {
    const { desk, editor } = this, at = editor.cursor;
    if (!at) return editor.say("Move the cursor with Shift and an arrow key first");
    this.mode = modeOf(event, desk.mode);
    if (desk.tool === "brush" || desk.tool === "eraser") {
      this.brush(at);
      this.end();
    } else if (desk.tool === "rectangle") {
      if (this.anchor) editor.say(applyDies(desk, inRectangle(this.anchor, at, desk.failing, desk.grid), "Rectangle", this.mode));
      else editor.say("First corner of the rectangle; Enter again sets the other");
      this.anchor = this.anchor ? null : at;
    } else if (desk.tool === "lasso") {
      desk.tool = "polygon"; // a lasso drawn by keys is a polygon
      this.tap(at, null, false);
    } else this.tap(at, null, event.shiftKey);
    return editor.settle();
  }
}

const middle = (a, b) => [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2];
