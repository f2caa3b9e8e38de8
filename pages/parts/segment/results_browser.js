// Tiles of segmented wafers; one is chosen, by click or by arrow keys.

const drawnBefore = new WeakMap();
const COLUMN_STEP = { ArrowLeft: -1, ArrowRight: 1 };

export default function ({ parentElement, data, setStateValue }) {
  const list = parentElement.querySelector(".tiles");
  const shown = JSON.stringify(data.tiles);
  if (drawnBefore.get(list) !== shown) {
    drawnBefore.set(list, shown);
    list.replaceChildren(...data.tiles.map(drawn));
  }
  list.setAttribute("aria-label", data.label);

  const mark = (tile, bring) => {
    for (const other of list.children) {
      const chosen = other === tile;
      other.setAttribute("aria-selected", chosen);
      other.tabIndex = chosen ? 0 : -1;
    }
    if (bring && tile) tile.scrollIntoView({ block: "nearest" });
  };
  const tileOf = (id) => [...list.children].find((tile) => tile.dataset.id === id);
  const choose = (tile) => {
    mark(tile, true);
    tile.focus({ preventScroll: true });
    setStateValue("chosen", tile.dataset.id);
  };

  mark(tileOf(data.chosen) ?? list.firstElementChild, false);
  list.onclick = (event) => {
    const tile = event.target.closest(".tile");
    if (tile) choose(tile);
  };
  list.onkeydown = (event) => {
    const tiles = [...list.children];
    const here = tiles.indexOf(event.target.closest(".tile"));
    const across = getComputedStyle(list).gridTemplateColumns.split(" ").length;
    const steps = { ...COLUMN_STEP, ArrowUp: -across, ArrowDown: across, Home: -here, End: tiles.length - 1 - here };
    const next = event.key in steps ? tiles[here + steps[event.key]] : undefined;
    if (next && next !== tiles[here]) {
      event.preventDefault();
      event.stopPropagation();
      choose(next);
    }
  };
}

function drawn(wafer) {
  const tile = document.createElement("button");
  tile.type = "button";
  tile.className = "tile";
  tile.role = "option";
  tile.dataset.id = wafer.id;
  tile.title = wafer.title;
  const picture = document.createElement("img");
  picture.src = wafer.picture;
  picture.alt = wafer.title;
  picture.loading = "lazy";
  const name = document.createElement("span");
  name.className = "name";
  name.textContent = wafer.name;
  const found = document.createElement("span");
  found.className = "found";
  for (const color of wafer.colors) {
    const dot = document.createElement("span");
    dot.className = "dot";
    dot.style.background = color;
    found.append(dot);
  }
  found.append(wafer.note);
  tile.append(picture, name, found);
  return tile;
}
