// Drawing: the dies as one image that changes only where the label does, the wafer around it, outlines, and what
// follows the pointer on a canvas of its own. Rim and notch are those of wafer_paint.js.
import { maskOf } from "./grid.js";
import { boxOf } from "./measures.js";
import { paintRim, rgb, toX, toY } from "./wafer_paint.js";

const SIDE_PX = 1024; // of the image of all dies, at most, where dies are that few
const UNDECIDED = 0.6; // how much of a proposal's colour shows

export class DieImage {
  constructor(wafer, tally) {
    this.wafer = wafer;
    this.tally = tally;
    const side = Math.max(wafer.rows, wafer.columns);
    this.cell = side <= SIDE_PX / 4 ? 4 : side <= SIDE_PX / 2 ? 2 : 1; // pixels a die: enough for bands of several classes
    this.canvas = document.createElement("canvas");
    this.canvas.width = wafer.columns * this.cell;
    this.canvas.height = wafer.rows * this.cell;
    this.context = this.canvas.getContext("2d");
    this.image = this.context.createImageData(this.canvas.width, this.canvas.height);
    this.pixels = new Uint32Array(this.image.data.buffer);
  }

  // Take the theme's colours and draw every die.
  color(greys, classes) {
    const solid = ([r, g, b]) => (255 << 24 | b << 16 | g << 8 | r) >>> 0;
    const passing = rgb(greys.passing);
    this.grey = [0, solid(rgb(greys.passing)), solid(rgb(greys.failing))];
    this.full = classes.map(c => solid(rgb(c.color)));
    this.pale = classes.map(c => solid(rgb(c.color).map((v, i) => Math.round(passing[i] + (v - passing[i]) * UNDECIDED))));
    for (let die = 0; die < this.wafer.dies.length; die++) this.draw(die);
    this.context.putImageData(this.image, 0, 0);
  }

  draw(die) {
    const { cell, pixels, tally } = this, { columns } = this.wafer, colors = [];
    if (tally.total[die]) for (let k = 0; k < this.full.length; k++) {
      if (tally.decided[k][die]) colors.push(this.full[k]);
      else if (tally.proposed[k][die]) colors.push(this.pale[k]);
    }
    if (!colors.length) colors.push(this.grey[this.wafer.dies[die]]);
    const width = columns * cell, start = Math.floor(die / columns) * cell * width + (die % columns) * cell;
    for (let y = 0; y < cell; y++) for (let x = 0; x < cell; x++)
      pixels[start + y * width + x] = colors[Math.floor((x + y + 1) / (2 * cell) * colors.length)];
  }

  // Draw these dies anew, and no more.
  touch(dies) {
    if (!dies.length) return;
    for (const die of dies) this.draw(die);
    const [top, left, bottom, right] = boxOf(dies, this.wafer), { cell } = this;
    this.context.putImageData(this.image, 0, 0, left * cell, top * cell, (right - left + 1) * cell, (bottom - top + 1) * cell);
  }
}

// The line around a set of dies, in dies; a set never changes, so its line is made once.
const lines = new WeakMap();
export function lineAround(dies, grid) {
  let path = lines.get(dies);
  if (path) return path;
  lines.set(dies, path = new Path2D());
  const inside = maskOf(dies, grid), { columns } = grid;
  const has = (die, column) => column >= 0 && column < columns && inside[die] === 1;
  for (const die of dies) {
    const r = Math.floor(die / columns), c = die % columns;
    // Along a row, sides are drawn from where they begin to where they end.
    for (const [step, y] of [[-columns, r - 0.5], [columns, r + 0.5]]) {
      const bare = (d, column) => has(d, column) && !inside[d + step];
      if (!bare(die, c) || bare(die - 1, c - 1)) continue;
      let end = c;
      while (bare(die + end + 1 - c, end + 1)) end++;
      path.moveTo(c - 0.5, y);
      path.lineTo(end + 0.5, y);
    }
    for (const [step, x] of [[-1, c - 0.5], [1, c + 0.5]]) {
      const bare = d => inside[d] === 1 && !has(d + step, c + step);
      if (!bare(die) || bare(die - columns)) continue;
      let end = r;
      while (bare(die + (end + 1 - r) * columns)) end++;
      path.moveTo(x, r - 0.5);
      path.lineTo(x, end + 0.5);
    }
  }
  return path;
}

const place = (view, aspect) => new DOMMatrix([
  view.scale * view.ratio, 0, 0, view.scale * aspect * view.ratio,
  toX(view, 0) * view.ratio, toY(view, 0, aspect) * view.ratio,
]);

// Lines around sets of dies as one path: each stroke of its own costs.
function linesAround(sets, wafer, matrix) {
  const placed = new Path2D();
  for (const dies of sets) placed.addPath(lineAround(dies, wafer), matrix);
  return placed;
}

function stroke(context, path, style, width) {
  context.strokeStyle = style;
  context.lineWidth = width;
  context.stroke(path);
}

// The wafer with the label: `marks` are { selected, undecided, hints } as sets of dies.
export function paintWafer(context, wafer, view, greys, image, marks) {
  const { canvas } = context, { aspect } = wafer, ratio = view.ratio, matrix = place(view, aspect);
  context.clearRect(0, 0, canvas.width, canvas.height);
  paintRim(context, wafer, view, greys, true);
  context.save();
  context.imageSmoothingEnabled = matrix.a < image.cell; // fewer pixels than the image has: mixed, not dropped
  context.transform(matrix.a / image.cell, 0, 0, matrix.d / image.cell, matrix.e - matrix.a / 2, matrix.f - matrix.d / 2);
  context.drawImage(image.canvas, 0, 0);
  context.restore();
  if (Math.min(matrix.a, matrix.d) >= 6 * ratio) paintGaps(context, wafer, view, greys);
  paintRim(context, wafer, view, greys, false);
  stroke(context, linesAround(marks.undecided, wafer, matrix), greys.ink, ratio);
  const selected = linesAround(marks.selected, wafer, matrix);
  stroke(context, selected, greys.disc, 4.5 * ratio);
  stroke(context, selected, greys.ink, 2 * ratio);
  for (const dies of marks.hints) paintHint(context, wafer, view, greys, boxOf(dies, wafer));
}

function paintGaps(context, wafer, view, greys) {
  const { ratio } = view, { aspect } = wafer, edge = value => Math.round(value * ratio) - ratio / 2;
  const span = [toX(view, -0.5), toX(view, wafer.columns - 0.5), toY(view, -0.5, aspect), toY(view, wafer.rows - 0.5, aspect)].map(v => v * ratio);
  context.beginPath();
  for (let c = 0; c <= wafer.columns; c++) {
    const x = edge(toX(view, c - 0.5));
    if (x >= 0 && x <= view.width * ratio) { context.moveTo(x, span[2]); context.lineTo(x, span[3]); }
  }
  for (let r = 0; r <= wafer.rows; r++) {
    const y = edge(toY(view, r - 0.5, aspect));
    if (y >= 0 && y <= view.height * ratio) { context.moveTo(span[0], y); context.lineTo(span[1], y); }
  }
  context.strokeStyle = greys.disc;
  context.lineWidth = ratio;
  context.save();
  context.globalCompositeOperation = "source-atop"; // lines part dies; off the wafer there is nothing to part
  context.stroke();
  context.restore();
}

function paintHint(context, wafer, view, greys, [top, left, bottom, right]) {
  const { ratio } = view, x = toX(view, left - 1) * ratio, y = toY(view, top - 1, wafer.aspect) * ratio;
  const width = (right - left + 2) * view.scale * ratio, height = (bottom - top + 2) * view.scale * wafer.aspect * ratio;
  context.strokeStyle = greys.ink;
  context.lineWidth = ratio;
  context.setLineDash([3 * ratio, 3 * ratio]);
  context.strokeRect(x, y, width, height);
  context.setLineDash([]);
  context.font = `600 ${11 * ratio}px sans-serif`;
  const word = context.measureText("missed?").width + 8 * ratio;
  context.fillStyle = greys.ink;
  context.fillRect(x, y - 15 * ratio, word, 15 * ratio);
  context.fillStyle = greys.disc;
  context.textAlign = "left";
  context.textBaseline = "middle";
  context.fillText("missed?", x + 4 * ratio, y - 7 * ratio);
}

// What follows the pointer: `over` is { cursor, brush, line, rectangle, corner, fault, accent }.
export function paintOver(context, wafer, view, greys, over) {
  const { ratio } = view, { aspect } = wafer;
  context.clearRect(0, 0, context.canvas.width, context.canvas.height);
  const at = ([row, column]) => [toX(view, column) * ratio, toY(view, row, aspect) * ratio];
  context.lineJoin = "round";
  if (over.cursor) {
    const [x, y] = at(over.cursor.map(v => v - 0.5));
    context.lineWidth = 2 * ratio;
    context.strokeStyle = over.accent;
    context.strokeRect(x, y, view.scale * ratio, view.scale * aspect * ratio);
  }
  if (over.brush) {
    const [x, y] = at(over.brush.at), radius = over.brush.radius * view.scale * ratio;
    context.beginPath();
    context.ellipse(x, y, radius, radius * aspect, 0, 0, 2 * Math.PI);
    context.lineWidth = 1.5 * ratio;
    context.strokeStyle = over.accent;
    context.stroke();
  }
  if (over.rectangle) {
    const [[x0, y0], [x1, y1]] = over.rectangle.map(at);
    context.lineWidth = 1.5 * ratio;
    context.strokeStyle = over.accent;
    context.strokeRect(x0, y0, x1 - x0, y1 - y0);
  }
  if (over.line) paintLine(context, over, at, ratio, greys);
}

const WRONG = "#e5484d";

function paintLine(context, over, at, ratio, greys) {
  const color = over.fault ? WRONG : over.accent, points = over.line.points.map(at);
  context.beginPath();
  points.forEach(([x, y], i) => (i ? context.lineTo(x, y) : context.moveTo(x, y)));
  if (over.line.closed) context.closePath();
  context.lineWidth = 2 * ratio;
  context.strokeStyle = color;
  context.stroke();
  if (over.fault) {
    context.globalAlpha = 0.18;
    context.fillStyle = WRONG;
    context.fill();
    context.globalAlpha = 1;
  }
  if (over.line.bare) return;
  points.forEach(([x, y], i) => {
    const half = (i === over.corner ? 5.5 : 3.5) * ratio;
    context.fillStyle = i === over.corner ? color : greys.disc;
    context.lineWidth = 1.5 * ratio;
    context.fillRect(x - half, y - half, 2 * half, 2 * half);
    context.strokeRect(x - half, y - half, 2 * half, 2 * half);
  });
}
