// The wafer on screen: hover, zoom, pan, keys, and the legend that shows and hides classes. Nothing here asks the
// server, except that a click on a cluster tells it which one, and a change of the legend which classes are hidden.

const alive = new WeakMap();

export default function (component) {
  const { data, parentElement } = component;
  let map = alive.get(parentElement);
  if (!map) alive.set(parentElement, (map = new WaferCanvas(parentElement)));
  map.update(data, component);
  return () => { map.remove(); alive.delete(parentElement); };
}

class WaferCanvas {
  constructor(root) {
    this.root = root;
    this.part = name => root.querySelector(`.${name}`);
    this.canvas = this.part("map");
    this.view = { row: 0, column: 0, scale: 1, width: 1, height: 1, ratio: 1 };
    this.hidden = new Set();
    this.cursor = null;
    this.axes = false;
    this.observer = new ResizeObserver(() => this.resize());
    this.observer.observe(this.canvas);
    this.listen();
  }

  remove() { this.observer.disconnect(); cancelAnimationFrame(this.frame); }

  update(data, component) {
    this.component = component;
    const style = getComputedStyle(this.root.host ?? this.root);
    const background = style.getPropertyValue("--st-background-color").trim();
    const dark = /^#/.test(background) && rgb(background).reduce((a, b) => a + b) < 384;
    this.background = background;
    this.greys = data.greys[dark ? "dark" : "light"];
    this.font = style.getPropertyValue("--st-font") || "sans-serif";
    const fresh = this.wafer?.id !== data.id, refocused = this.wafer?.focus?.id !== data.focus?.id;
    this.wafer = unpack(data);
    if (fresh) {
      this.hidden = new Set(data.hidden);
      this.cursor = null;
      this.hideTip();
    }
    this.canvas.setAttribute("aria-label", data.alt);
    this.writeLegend();
    this.resize();
    if (fresh) this.goTo(data.focus ? this.around(data.focus.box) : this.whole(), false);
    else if (refocused) this.goTo(data.focus ? this.around(data.focus.box) : this.whole(), true);
  }

  // --- views -------------------------------------------------------------------------------------------------------
  whole() {
    const { rim, center, aspect } = this.wafer, margin = this.axes ? AXES_PX + 14 : 14;
    const scale = Math.min((this.view.width - 2 * margin) / (2 * rim[1]), (this.view.height - 2 * margin) / (2 * rim[0] * aspect));
    return { row: center[0], column: center[1], scale };
  }

  around([top, left, bottom, right]) {
    const { aspect } = this.wafer, pad = Math.max(2, 0.25 * Math.max(bottom - top, right - left)), whole = this.whole();
    const scale = Math.min(this.view.width / (right - left + 1 + 2 * pad), this.view.height / (bottom - top + 1 + 2 * pad) / aspect);
    return { row: (top + bottom) / 2, column: (left + right) / 2, scale: Math.max(whole.scale, Math.min(scale, 48)) };
  }

  goTo(target, smoothly) {
    cancelAnimationFrame(this.flight);
    this.fitted = Math.abs(target.scale - this.whole().scale) < 1e-6;
    const from = { ...this.view }, start = performance.now();
    const still = !smoothly || matchMedia("(prefers-reduced-motion: reduce)").matches;
    const step = now => {
      const share = still ? 1 : Math.min(1, (now - start) / 220), ease = 1 - (1 - share) ** 3;
      for (const key of ["row", "column", "scale"]) this.view[key] = from[key] + (target[key] - from[key]) * ease;
      this.paint();
      if (share < 1) this.flight = requestAnimationFrame(step);
    };
    still ? step(start) : (this.flight = requestAnimationFrame(step));
  }

  zoom(factor, x = this.view.width / 2, y = this.view.height / 2) {
    const whole = this.whole(), scale = Math.max(whole.scale, Math.min(96, this.view.scale * factor));
    if (scale === whole.scale) return this.goTo(whole, true);
    const { row, column } = this.dieAt(x, y);
    this.goTo({
      scale,
      column: column - (x - this.view.width / 2) / scale,
      row: row - (y - this.view.height / 2) / scale / this.wafer.aspect,
    }, false);
  }

  dieAt(x, y) {
    const { view, wafer } = this;
    return {
      column: (x - view.width / 2) / view.scale + view.column,
      row: (y - view.height / 2) / view.scale / wafer.aspect + view.row,
    };
  }

  resize() {
    if (!this.wafer || !this.canvas.clientWidth) return;
    const width = this.canvas.clientWidth, height = Math.min(this.wafer.height, width), ratio = window.devicePixelRatio || 1;
    this.canvas.style.height = `${height}px`;
    const changed = width !== this.view.width || height !== this.view.height || ratio !== this.view.ratio;
    Object.assign(this.view, { width, height, ratio });
    this.canvas.width = Math.round(width * ratio);
    this.canvas.height = Math.round(height * ratio);
    if (changed && this.fitted !== false) Object.assign(this.view, this.whole());
    this.paint();
  }

  paint() {
    cancelAnimationFrame(this.frame);
    this.frame = requestAnimationFrame(() => {
      const { wafer, view, greys } = this, context = this.canvas.getContext("2d");
      context.clearRect(0, 0, this.canvas.width, this.canvas.height);
      paintRim(context, wafer, view, greys, true);
      paintDies(context, wafer, view, greys, this.hidden, wafer.focus);
      paintRim(context, wafer, view, greys, false);
      if (wafer.focus) paintFrame(context, wafer, view, greys, wafer.focus.box, true);
      if (this.cursor) paintFrame(context, wafer, view, greys, [...this.cursor, ...this.cursor], false);
      if (this.axes) paintAxes(context, wafer, view, greys, this.font, this.background);
    });
  }

  // --- what is under the pointer -----------------------------------------------------------------------------------
  describe(row, column) {
    const { wafer } = this, die = row * wafer.columns + column;
    const [pitchY, pitchX] = wafer.pitch;
    const mm = [(column - wafer.center[1]) * pitchX, (wafer.center[0] - row) * pitchY].map(v => v.toFixed(1));
    const lines = [[`Row ${row}, column ${column}`, `x ${mm[0]}, y ${mm[1]} mm${wafer.assumed ? "*" : ""}`]];
    const result = wafer.dies[die] === 2 ? "Fail" : "Pass";
    lines.push([result, wafer.bins ? `bin ${wafer.bins[die]} ${wafer.bin_names[wafer.bins[die]] ?? ""}` : ""]);
    for (const c of wafer.classes) {
      const values = wafer.probability[c.key];
      const share = values ? (values[die] / 255).toFixed(2) : "";
      if (wafer.labels[die] & c.bit) {
        const inside = (wafer.at.get(die) ?? []).map(i => wafer.clusters[i]).filter(k => k.key === c.key);
        lines.push([inside.length ? inside[0].name : c.name, share, c.color]);
      } else if (c.key === wafer.heat) lines.push([`P(${c.name})`, share, c.color]);
    }
    if (result === "Fail" && lines.length === 2 && wafer.segmented) lines.push(["No pattern", ""]);
    return lines;
  }

  show(row, column, x, y, spoken) {
    const { wafer } = this, known = wafer.dies[row * wafer.columns + column];
    if (row < 0 || column < 0 || row >= wafer.rows || column >= wafer.columns || !known) return this.hideTip();
    this.cursor = [row, column];
    const lines = this.describe(row, column), tip = this.part("tip");
    tip.replaceChildren(...lines.map(([name, value, color]) => {
      const line = document.createElement("div");
      for (const text of [name, value]) line.append(Object.assign(document.createElement("span"), { textContent: text }));
      if (color) line.firstChild.prepend(swatch(color));
      return line;
    }));
    tip.hidden = false;
    const box = this.canvas.getBoundingClientRect();
    const left = x + 16 + tip.offsetWidth > box.width ? x - 16 - tip.offsetWidth : x + 16;
    tip.style.transform = `translate(${Math.max(0, left)}px, ${Math.max(0, Math.min(y + 12, box.height - tip.offsetHeight))}px)`;
    if (spoken) this.part("spoken").textContent = lines.map(l => l.slice(0, 2).join(" ")).join(", ");
    this.paint();
  }

  hideTip() { this.cursor = null; this.part("tip").hidden = true; this.paint(); }

  pick(row, column) {
    const found = (this.wafer.at.get(row * this.wafer.columns + column) ?? []).map(i => this.wafer.clusters[i])
      .filter(cluster => !this.hidden.has(cluster.key));
    const id = found.length ? found[0].id : null;
    if (id !== (this.wafer.focus?.id ?? null)) this.component.setTriggerValue("picked", id ?? "none");
  }

  // --- pointer, wheel and keys -------------------------------------------------------------------------------------
  listen() {
    const { canvas } = this;
    let held = null;
    const at = event => { const box = canvas.getBoundingClientRect(); return [event.clientX - box.left, event.clientY - box.top]; };
    canvas.onpointerdown = event => { held = { at: at(event), view: { ...this.view }, moved: false }; canvas.setPointerCapture(event.pointerId); };
    canvas.onpointermove = event => {
      const [x, y] = at(event);
      if (held && event.buttons) {
        const dx = x - held.at[0], dy = y - held.at[1];
        held.moved ||= Math.hypot(dx, dy) > 4;
        if (held.moved && !this.fitted) {
          this.view.column = held.view.column - dx / this.view.scale;
          this.view.row = held.view.row - dy / this.view.scale / this.wafer.aspect;
          return this.hideTip();
        }
      }
      const die = this.dieAt(x, y);
      this.show(Math.round(die.row), Math.round(die.column), x, y, false);
    };
    canvas.onpointerup = event => {
      const die = this.dieAt(...at(event));
      if (held && !held.moved) this.pick(Math.round(die.row), Math.round(die.column));
      held = null;
    };
    canvas.onpointerleave = () => this.hideTip();
    canvas.ondblclick = event => this.zoom(2, ...at(event));
    // The page keeps its scroll wheel until the map is clicked or Ctrl is held.
    canvas.addEventListener("wheel", event => {
      if (!event.ctrlKey && (this.root.activeElement ?? document.activeElement) !== canvas) return;
      event.preventDefault();
      this.zoom(Math.exp(-event.deltaY / 400), ...at(event));
    }, { passive: false });
    canvas.onkeydown = event => this.key(event);
    this.part("in").onclick = () => this.zoom(1.6);
    this.part("out").onclick = () => this.zoom(1 / 1.6);
    this.part("fit").onclick = () => this.goTo(this.whole(), true);
    this.part("axes").onclick = event => {
      this.axes = !this.axes;
      event.currentTarget.setAttribute("aria-pressed", this.axes);
      this.fitted ? this.goTo(this.whole(), false) : this.paint();
    };
  }

  key(event) {
    const moves = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
    const done = () => { event.preventDefault(); event.stopPropagation(); };
    if (event.key in moves) {
      done();
      const [down, right] = moves[event.key], leap = event.shiftKey ? 5 : 1;
      const [row, column] = this.cursor ?? this.wafer.center.map(Math.round);
      const next = [row + down * leap, column + right * leap];
      this.show(...next, toX(this.view, next[1]), toY(this.view, next[0], this.wafer.aspect), true);
    } else if (event.key === "+" || event.key === "=") { done(); this.zoom(1.6); }
    else if (event.key === "-") { done(); this.zoom(1 / 1.6); }
    else if (event.key === "0") { done(); this.goTo(this.whole(), true); }
    else if (event.key === "Enter" && this.cursor) { done(); this.pick(...this.cursor); }
    else if (event.key === "Escape") { done(); this.wafer.focus ? this.pick(-1, -1) : this.goTo(this.whole(), true); }
  }

  // --- legend ------------------------------------------------------------------------------------------------------
  writeLegend() {
    const { wafer, greys } = this;
    const entries = wafer.classes.filter(c => c.dies).map(c => {
      const button = document.createElement("button");
      button.type = "button";
      button.title = `${c.definition} Click hides or shows it, a double click shows it alone.`;
      button.setAttribute("aria-pressed", !this.hidden.has(c.key));
      button.append(swatch(c.color), `${c.name} `, Object.assign(document.createElement("b"), { textContent: c.dies }));
      button.onclick = () => this.toggle(new Set(this.hidden.has(c.key) ? [...this.hidden].filter(k => k !== c.key) : [...this.hidden, c.key]));
      button.ondblclick = () => this.toggle(new Set(wafer.classes.map(k => k.key).filter(k => k !== c.key)));
      return button;
    });
    const grey = (color, name, count) => {
      const entry = document.createElement("span");
      entry.append(swatch(color), `${name} `, Object.assign(document.createElement("b"), { textContent: count }));
      return entry;
    };
    entries.push(grey(greys.failing, wafer.segmented ? "Fail, no pattern" : "Fail", wafer.counts.background), grey(greys.passing, "Pass", wafer.counts.passing));
    this.part("legend").replaceChildren(...entries);
    this.part("ramp").hidden = !wafer.heat;
    if (wafer.heat) {
      const c = wafer.classes.find(k => k.key === wafer.heat);
      this.part("ramp").style.setProperty("--ramp", `linear-gradient(90deg, ${greys.passing}, ${c.color})`);
      this.part("ramp").querySelector("i").textContent = `P(${c.name})`;
    }
    this.part("note").hidden = !wafer.assumed;
  }

  toggle(hidden) {
    this.hidden = hidden;
    this.writeLegend();
    this.paint();
    this.component.setStateValue("hidden", [...hidden]);
  }
}

function swatch(color) {
  const box = document.createElement("i");
  box.className = "swatch";
  box.style.background = color;
  return box;
}
