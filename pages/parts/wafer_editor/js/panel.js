// Everything around the map: tools, classes, defects, numbers, what was said, and the list of keys.
import { count, decide, drawnClass, noDefect, remove } from "./actions.js";
import { GROUPS, MODES, TOOLS } from "./keys.js";
import { ICONS } from "./icons.js";

export function element(tag, className, text = "", more = {}) {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  if (tag === "button") made.type = "button";
  for (const [name, value] of Object.entries(more)) name.startsWith("on") ? (made[name] = value) : made.setAttribute(name, value);
  return made;
}

const swatch = color => element("i", "swatch", "", { style: `background:${color}` });
const clockText = seconds => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;
const percent = share => `${(100 * share).toFixed(share < 0.1 ? 2 : 1)} %`;
const SAVED = { saved: "Saved", waiting: "Saving", browser: "Kept in this browser; the server has not answered yet", refused: "Not saved: changed in another tab" };

export class Panel {
  constructor(editor) {
    this.editor = editor;
    this.part = name => editor.root.querySelector(`.${name}`);
    this.part("tools").replaceChildren(...this.toolButtons());
    this.part("modes").replaceChildren(...MODES.map(mode => this.button("mode", mode.name, mode.help, () => editor.nextMode(mode.id), { "data-mode": mode.id })));
    this.part("smaller").onclick = () => editor.resizeTool(-1);
    this.part("larger").onclick = () => editor.resizeTool(1);
    this.part("accept-all").onclick = () => editor.acceptAll();
    this.part("none").onclick = () => { editor.say(noDefect(editor.desk)); editor.settle(); };
    this.part("help").onclick = event => { if (event.target === event.currentTarget) this.toggleHelp(); };
    this.part("help").onkeydown = event => {
      event.stopPropagation();
      if (event.key === "Escape" || event.key === "?") { event.preventDefault(); this.toggleHelp(); }
    };
    for (const [name, what] of [["undo", "undo"], ["redo", "redo"]]) this.part(name).onclick = () => editor[what]();
    this.part("question").onclick = () => this.toggleHelp();
  }

  button(className, text, title, onclick, more = {}) { return element("button", className, text, { title, "aria-label": title, onclick, ...more }); }

  toolButtons() {
    return TOOLS.map(tool => {
      const made = this.button("tool", "", `${tool.name} (${tool.key}). ${tool.help}`, () => this.editor.take(tool.id), { "data-tool": tool.id });
      made.innerHTML = `<svg viewBox="0 0 20 20" aria-hidden="true">${ICONS[tool.id]}</svg><kbd>${tool.key}</kbd>`;
      return made;
    });
  }

  // Numbers and pressed buttons always; lists, which cost more, when a gesture is over.
  refresh(settled = true) {
    const { editor } = this, { desk } = editor, numbers = editor.measures();
    for (const tool of this.part("tools").children) tool.setAttribute("aria-pressed", tool.dataset.tool === desk.tool);
    for (const mode of this.part("modes").children) mode.setAttribute("aria-pressed", mode.dataset.mode === desk.mode);
    const wand = desk.tool === "wand", sized = wand || desk.tool === "brush" || desk.tool === "eraser";
    this.part("size").hidden = !sized;
    this.part("sized").textContent = wand ? `gap ${desk.gap}` : `size ${desk.size}`;
    this.part("undo").disabled = !desk.doc.done.length;
    this.part("redo").disabled = !desk.doc.undone.length;
    this.part("defects").textContent = numbers.defects;
    this.part("affected").textContent = numbers.affected;
    this.part("coverage").textContent = percent(numbers.coverage);
    this.part("severity").textContent = numbers.severity.toFixed(0);
    this.part("hint-count").textContent = desk.doc.noDefect ? 0 : editor.hints.length;
    this.part("none").setAttribute("aria-pressed", numbers.noDefect);
    this.part("accept-all").hidden = !numbers.undecided;
    this.part("accept-all").textContent = `Accept all ${numbers.undecided}`;
    if (settled) { this.writeClasses(); this.writeItems(); }
  }

  writeClasses() {
    const { desk } = this.editor, counts = new Map(desk.classes.map(c => [c.key, 0]));
    for (const item of desk.doc.kept) counts.set(item.class, counts.get(item.class) + 1);
    const list = this.part("classes"), look = JSON.stringify(desk.classes);
    if (this.classLook !== look) list.replaceChildren(...desk.classes.map((c, i) => this.classButton(c, i)));
    this.classLook = look;
    const drawn = drawnClass(desk);
    desk.classes.forEach((c, i) => {
      list.children[i].setAttribute("aria-pressed", drawn === c.key);
      list.children[i].lastElementChild.textContent = counts.get(c.key) || "";
    });
  }

  classButton(c, i) {
    const { editor } = this;
    const made = this.button("class", "", `${c.name} (${i + 1}). ${c.definition}`, () => editor.reclass(i));
    made.append(element("kbd", "", String(i + 1)), swatch(c.color), element("span", "", c.name), element("b", ""));
    return made;
  }

  // Rows of defects that did not change stay: a hundred new ones would cost a tenth of a second.
  writeItems() {
    const { desk } = this.editor, list = this.part("items"), rows = new Map();
    let chosen = null;
    for (const item of desk.doc.items) {
      const known = this.rows?.get(item.number), fits = known?.item === item && known.look === this.classLook;
      const entry = fits ? known : { item, look: this.classLook, row: this.row(item), selected: false }, selected = desk.selection.has(item.number);
      if (entry.selected !== selected) {
        entry.row.setAttribute("aria-selected", selected);
        if (selected) chosen ??= entry.row;
      }
      entry.selected = selected;
      if (known && !fits) known.row.replaceWith(entry.row);
      rows.set(item.number, entry);
    }
    for (const [number, entry] of this.rows ?? []) if (!rows.has(number)) entry.row.remove();
    const wanted = [...rows.values()].map(entry => entry.row);
    wanted.forEach((row, i) => { if (list.children[i] !== row) list.insertBefore(row, list.children[i] ?? null); });
    this.rows = rows;
    this.part("empty").hidden = rows.size > 0;
    if (chosen) list.scrollTop = Math.max(0, Math.min(list.scrollTop, chosen.offsetTop - list.offsetTop), chosen.offsetTop + chosen.offsetHeight - list.offsetTop - list.clientHeight);
  }

  row(item) {
    const { editor } = this, { desk } = editor, c = desk.classes.find(one => one.key === item.class), name = `${c.name} ${item.number}`;
    const row = element("div", `item ${item.state}`, "", { role: "option", "aria-selected": false });
    const act = (text, title, action) => this.button("act", text, title, event => {
      event.stopPropagation();
      desk.selection = new Set([item.number]);
      editor.say(action(desk));
      editor.settle();
      editor.top.focus({ preventScroll: true }); // this row is about to go
    });
    row.onclick = event => {
      editor.select(item.number, event.shiftKey || event.ctrlKey || event.metaKey);
      editor.top.focus({ preventScroll: true }); // keys go on with what was chosen
    };
    row.append(swatch(c.color), element("span", "", name), element("b", "", String(item.dies.length)));
    if (item.state !== "accepted") row.append(act("✓", `Accept ${name}`, one => decide(one, "accepted")));
    if (item.state !== "rejected") row.append(item.origin === "proposal"
      ? act("✕", `Reject ${name}`, one => decide(one, "rejected"))
      : act("✕", `Delete ${name}`, remove));
    return row;
  }

  describeSelection() {
    const { doc, selection, classes } = this.editor.desk, chosen = doc.items.filter(item => selection.has(item.number));
    const one = item => `${classes.find(c => c.key === item.class).name} ${item.number}, ${count(item.dies.length, "die")}, ${item.state}`;
    return chosen.length > 1 ? `${chosen.length} defects selected` : chosen.length ? one(chosen[0]) : "Nothing selected";
  }

  say(text) { if (text !== undefined) this.part("said").textContent = text || ""; this.part("said").classList.toggle("wrong", /crosses itself|corners and needs|^Not submitted/.test(text ?? "")); }

  // What lies at a die.
  tell([row, column], spoken) {
    const { wafer, desk } = this.editor, die = row * wafer.columns + column;
    const inside = row >= 0 && column >= 0 && row < wafer.rows && column < wafer.columns && wafer.dies[die];
    const here = inside && wafer.dies[die] === 2 ? desk.doc.kept.filter(item => item.dies.includes(die)) : [];
    const names = here.map(item => `${desk.classes.find(c => c.key === item.class).name} ${item.number}`);
    const text = inside ? [`row ${row}, column ${column}`, wafer.dies[die] === 2 ? "fail" : "pass", ...names].join(" · ") : "";
    this.part("place").textContent = text;
    if (spoken) this.say(text || "off the wafer");
  }

  saved(state) {
    this.part("kept").textContent = SAVED[state];
    this.part("kept").dataset.state = state;
  }

  tick(seconds, idle) {
    this.part("elapsed").textContent = clockText(seconds);
    this.part("elapsed").classList.toggle("idle", idle);
  }

  toggleHelp() {
    const help = this.part("help");
    if (!help.firstElementChild.childElementCount) help.firstElementChild.append(...GROUPS.map(([title, entries]) => {
      const group = element("section", "");
      group.append(element("h3", "", title), ...entries.map(([keys, words]) => {
        const line = element("div", "key");
        line.append(element("kbd", "", keys), element("span", "", words));
        return line;
      }));
      return group;
    }));
    help.hidden = !help.hidden;
    (help.hidden ? this.editor.top : help).focus({ preventScroll: true });
  }
}
