// Painting a wafer on a canvas: from a view (centre in dies, pixels per die) to crisp cells, rim, notch and axes.
// The Python twin of these rules is core/drawing/wafer.py.

export const NOTCH_SHARE = 0.035; // of the radius
export const bytes = text => Uint8Array.from(atob(text), c => c.charCodeAt(0));
export const rgb = color => [1, 3, 5].map(i => parseInt(color.slice(i, i + 2), 16));
export const mix = (a, b, share) => {
  const [x, y] = [rgb(a), rgb(b)];
  return `rgb(${x.map((v, i) => Math.round(v + (y[i] - v) * share)).join(",")})`;
};

// What arrives packed from Python, unpacked once for each wafer.
export function unpack(data) {
  const wafer = { ...data };
  wafer.dies = bytes(data.dies);
  wafer.labels = bytes(data.labels); // one bit a class
  wafer.bins = data.bins ? new Uint16Array(bytes(data.bins).buffer) : null;
  wafer.probability = {};
  for (const [key, text] of Object.entries(data.probability)) wafer.probability[key] = bytes(text);
  wafer.at = new Map(); // die -> its clusters
  wafer.clusters = data.clusters.map((cluster, i) => {
    const dies = new Uint32Array(bytes(cluster.dies).buffer);
    for (const die of dies) wafer.at.set(die, [...(wafer.at.get(die) ?? []), i]);
    return { ...cluster, dies: new Set(dies) };
  });
  return wafer;
}

export const toX = (view, column) => (column - view.column) * view.scale + view.width / 2;
export const toY = (view, row, aspect) => (row - view.row) * view.scale * aspect + view.height / 2;

export function paintDies(context, wafer, view, greys, hidden, focus) {
  const { rows, columns, aspect } = wafer;
  const heat = wafer.heat && wafer.probability[wafer.heat];
  const heatColor = heat && wafer.classes.find(c => c.key === wafer.heat).color;
  const gap = view.scale * Math.min(1, aspect) * view.ratio >= 6 ? view.ratio : 0;
  const edge = value => Math.round(value * view.ratio);
  const chosen = focus && wafer.clusters.find(c => c.id === focus.id);
  for (let row = 0; row < rows; row++) {
    const top = edge(toY(view, row - 0.5, aspect)), bottom = edge(toY(view, row + 0.5, aspect)) - gap;
    if (bottom < 0 || top > view.height * view.ratio) continue;
    for (let column = 0; column < columns; column++) {
      const die = row * columns + column;
      if (!wafer.dies[die]) continue;
      const left = edge(toX(view, column - 0.5)), right = edge(toX(view, column + 0.5)) - gap;
      if (right < 0 || left > view.width * view.ratio) continue;
      context.globalAlpha = chosen && !chosen.dies.has(die) ? 0.35 : 1;
      const colors = heat
        ? [mix(greys.passing, heatColor, heat[die] / 255)]
        : wafer.classes.filter(c => wafer.labels[die] & c.bit && !hidden.has(c.key)).map(c => c.color);
      if (!colors.length) colors.push(wafer.dies[die] === 2 ? greys.failing : greys.passing);
      context.fillStyle = colors[0];
      context.fillRect(left, top, Math.max(1, right - left), Math.max(1, bottom - top));
      for (let band = 1; band < colors.length; band++) {
        paintBand(context, left, top, right - left, bottom - top, band / colors.length, colors[band]);
      }
    }
  }
  context.globalAlpha = 1;
}

// The part of a cell beyond a share of its diagonal, so that a die of two patterns shows both.
export function paintBand(context, left, top, width, height, share, color) {
  const cut = 2 * share;
  context.fillStyle = color;
  context.beginPath();
  if (cut <= 1) {
    context.moveTo(left + cut * width, top);
    context.lineTo(left + width, top);
    context.lineTo(left + width, top + height);
    context.lineTo(left, top + height);
    context.lineTo(left, top + cut * height);
  } else {
    context.moveTo(left + width, top + (cut - 1) * height);
    context.lineTo(left + width, top + height);
    context.lineTo(left + (cut - 1) * width, top + height);
  }
  context.fill();
}

export function paintRim(context, wafer, view, greys, filled) {
  const ratio = view.ratio;
  const x = toX(view, wafer.center[1]) * ratio, y = toY(view, wafer.center[0], wafer.aspect) * ratio;
  const line = 1.5 * ratio; // drawn outside the disc, so that it covers no die
  const radiusX = wafer.rim[1] * view.scale * ratio + line / 2, radiusY = wafer.rim[0] * view.scale * wafer.aspect * ratio + line / 2;
  context.beginPath();
  context.ellipse(x, y, radiusX, radiusY, 0, 0, 2 * Math.PI);
  if (filled) {
    context.fillStyle = greys.disc;
    context.fill();
    return;
  }
  context.strokeStyle = context.fillStyle = greys.outline;
  context.lineWidth = line;
  context.stroke();
  const turn = { down: 0, left: 1, up: 2, right: 3 }[wafer.notch] * Math.PI / 2;
  const reach = turn % Math.PI ? radiusX : radiusY;
  const depth = Math.max(4 * ratio, NOTCH_SHARE * reach);
  context.save();
  context.translate(x, y);
  context.rotate(turn);
  context.beginPath();
  context.moveTo(-depth, reach + depth);
  context.lineTo(0, reach);
  context.lineTo(depth, reach + depth);
  context.fill();
  context.restore();
}

export function paintFrame(context, wafer, view, greys, box, strong) {
  const [top, left, bottom, right] = box, ratio = view.ratio, pad = strong ? 3 : 0;
  const x0 = toX(view, left - 0.5) - pad, x1 = toX(view, right + 0.5) + pad;
  const y0 = toY(view, top - 0.5, wafer.aspect) - pad, y1 = toY(view, bottom + 0.5, wafer.aspect) + pad;
  context.strokeStyle = greys.ink;
  context.lineWidth = (strong ? 1.5 : 1) * ratio;
  context.setLineDash(strong ? [5 * ratio, 4 * ratio] : []);
  context.strokeRect(x0 * ratio, y0 * ratio, (x1 - x0) * ratio, (y1 - y0) * ratio);
  context.setLineDash([]);
}

export const niceStep = (span, count) => {
  const raw = span / count, power = 10 ** Math.floor(Math.log10(raw));
  return power * [1, 2, 5, 10].find(step => step * power >= raw);
};

export const AXES_PX = 36; // a band on each side, wide enough for "-150"

// Dies below and left, millimetres above and right.
export function paintAxes(context, wafer, view, greys, font, background) {
  const ratio = view.ratio, side = AXES_PX;
  context.fillStyle = background;
  for (const [x, y, width, height] of [
    [0, 0, view.width, 20], [0, view.height - 20, view.width, 20], [0, 0, side, view.height], [view.width - side, 0, side, view.height],
  ]) context.fillRect(x * ratio, y * ratio, width * ratio, height * ratio);
  context.font = `${11 * ratio}px ${font}`;
  context.fillStyle = greys.ink;
  const write = (text, x, y, align) => {
    context.textAlign = align;
    context.textBaseline = "middle";
    context.fillText(text, x * ratio, y * ratio);
  };
  const ticks = (low, high, step, place) => {
    for (let value = Math.ceil(low / step) * step; value <= high; value += step) place(Math.round(value * 1e6) / 1e6);
  };
  const across = (view.width - 2 * side) / view.scale, down = (view.height - 40) / view.scale / wafer.aspect;
  const dieStep = Math.max(1, niceStep(across, 10));
  ticks(view.column - across / 2, view.column + across / 2, dieStep, c => {
    if (c >= 0 && c < wafer.columns) write(c, toX(view, c), view.height - 10, "center");
  });
  ticks(view.row - down / 2, view.row + down / 2, dieStep, r => {
    if (r >= 0 && r < wafer.rows) write(r, side - 8, toY(view, r, wafer.aspect), "right");
  });
  const [pitchY, pitchX] = wafer.pitch, mmStep = niceStep(across * pitchX, 8);
  const middleX = (view.column - wafer.center[1]) * pitchX, middleY = (wafer.center[0] - view.row) * pitchY;
  ticks(middleX - across * pitchX / 2, middleX + across * pitchX / 2, mmStep, mm =>
    write(mm, toX(view, wafer.center[1] + mm / pitchX), 10, "center"));
  ticks(middleY - down * pitchY / 2, middleY + down * pitchY / 2, mmStep, mm =>
    write(mm, view.width - side + 6, toY(view, wafer.center[0] - mm / pitchY, wafer.aspect), "left"));
  write("die", side - 8, view.height - 10, "right");
  write(wafer.assumed ? "mm*" : "mm", view.width - side + 6, 10, "left");
}
