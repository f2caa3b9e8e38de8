// Sets of dies on a grid of rows x columns. A set is a Uint32Array of die numbers (row * columns + column), ascending
// and never changed once made; a mask is a Uint8Array with one cell a die. No screen in here.

export const maskOf = (dies, grid) => {
  const mask = new Uint8Array(grid.rows * grid.columns);
  for (const die of dies) mask[die] = 1;
  return mask;
};

export function diesOf(mask) {
  let count = 0;
  for (let die = 0; die < mask.length; die++) if (mask[die]) count++;
  const dies = new Uint32Array(count);
  for (let die = 0, n = 0; die < mask.length; die++) if (mask[die]) dies[n++] = die;
  return dies;
}

// Two sets in one of the modes of the tools; "new" takes the second alone. Merged in order: a stroke goes on sixty times a
// second, over sets that are small against the grid.
export function combine(a, b, mode) {
  if (mode === "new") return b;
  const out = new Uint32Array(a.length + b.length);
  let n = 0;
  for (let i = 0, j = 0; i < a.length || j < b.length;) {
    if (j >= b.length || a[i] < b[j]) {
      if (mode !== "intersect") out[n++] = a[i];
      i++;
    } else if (i >= a.length || b[j] < a[i]) {
      if (mode === "add") out[n++] = b[j];
      j++;
    } else {
      if (mode !== "subtract") out[n++] = a[i];
      i++;
      j++;
    }
  }
  return out.slice(0, n);
}

// The dies of one set that another does not hold.
export function without(a, b) {
  let j = 0;
  return a.filter(die => {
    while (j < b.length && b[j] < die) j++;
    return b[j] !== die;
  });
}

export const same = (a, b) => a.length === b.length && a.every((die, i) => die === b[i]);

// Run lengths over the grid by rows: dies to skip, dies to take, and so on; core/labels/label.py reads and writes the same.
export function runsOf(dies) {
  const runs = [];
  let end = 0;
  for (let i = 0; i < dies.length;) {
    let j = i + 1;
    while (j < dies.length && dies[j] === dies[j - 1] + 1) j++;
    runs.push(dies[i] - end, j - i);
    end = dies[j - 1] + 1;
    i = j;
  }
  return runs;
}

export function fromRuns(runs) {
  const dies = [];
  for (let i = 0, at = 0; i < runs.length; i += 2) {
    at += runs[i];
    for (const end = at + runs[i + 1]; at < end; at++) dies.push(at);
  }
  return Uint32Array.from(dies);
}

// Failing dies that hang together with a die when gaps of up to `gap` dies do not part them.
export function flood(from, failing, gap, grid) {
  const { rows, columns } = grid, reach = gap + 1, taken = new Uint8Array(failing.length), open = [];
  if (from >= 0 && failing[from]) { taken[from] = 1; open.push(from); }
  while (open.length) {
    const die = open.pop(), row = Math.floor(die / columns), column = die % columns;
    for (let r = Math.max(0, row - reach); r <= Math.min(rows - 1, row + reach); r++) {
      for (let c = Math.max(0, column - reach); c <= Math.min(columns - 1, column + reach); c++) {
        const other = r * columns + c;
        if (failing[other] && !taken[other]) { taken[other] = 1; open.push(other); }
      }
    }
  }
  return diesOf(taken);
}

// The failing die nearest to a place, within `reach` dies; -1 where there is none.
export function nearest(row, column, mask, reach, grid) {
  let best = -1, least = Infinity;
  for (let r = Math.max(0, row - reach); r <= Math.min(grid.rows - 1, row + reach); r++) {
    for (let c = Math.max(0, column - reach); c <= Math.min(grid.columns - 1, column + reach); c++) {
      const far = (r - row) ** 2 + (c - column) ** 2;
      if (mask[r * grid.columns + c] && far < least) { least = far; best = r * grid.columns + c; }
    }
  }
  return best;
}

export function inRectangle([r0, c0], [r1, c1], failing, grid) {
  const dies = [], low = [Math.min(r0, r1), Math.min(c0, c1)], high = [Math.max(r0, r1), Math.max(c0, c1)];
  for (let r = Math.max(0, Math.ceil(low[0])); r <= Math.min(grid.rows - 1, Math.floor(high[0])); r++) {
    for (let c = Math.max(0, Math.ceil(low[1])); c <= Math.min(grid.columns - 1, Math.floor(high[1])); c++) {
      if (failing[r * grid.columns + c]) dies.push(r * grid.columns + c);
    }
  }
  return Uint32Array.from(dies);
}

// Failing dies whose centre lies within `radius` of the way from one place to another.
export function underBrush(from, to, radius, failing, grid) {
  const dies = [], [r0, c0] = from, [dr, dc] = [to[0] - r0, to[1] - c0], long = dr * dr + dc * dc;
  const bound = (i, side) => [
    Math.max(0, Math.ceil(Math.min(from[i], to[i]) - radius)), Math.min(side - 1, Math.floor(Math.max(from[i], to[i]) + radius)),
  ];
  const [top, bottom] = bound(0, grid.rows), [left, right] = bound(1, grid.columns);
  for (let r = top; r <= bottom; r++) {
    for (let c = left; c <= right; c++) {
      if (!failing[r * grid.columns + c]) continue;
      const share = long ? Math.max(0, Math.min(1, ((r - r0) * dr + (c - c0) * dc) / long)) : 0;
      if ((r - r0 - share * dr) ** 2 + (c - c0 - share * dc) ** 2 <= radius * radius) dies.push(r * grid.columns + c);
    }
  }
  return Uint32Array.from(dies);
}

// --- silhouettes: failing dies lie scattered, so shape is changed on the set with its small gaps closed ---------------

function spread(mask, grid, value) {
  const out = mask.slice(), { rows, columns } = grid;
  for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) {
    if (mask[r * columns + c] !== value) continue;
    for (let y = Math.max(0, r - 1); y <= Math.min(rows - 1, r + 1); y++)
      for (let x = Math.max(0, c - 1); x <= Math.min(columns - 1, c + 1); x++) out[y * columns + x] = value;
  }
  return out;
}

// On a grid one die larger on every side, so that the grid's border is no border of the shape.
function padded(dies, grid) {
  const wide = { rows: grid.rows + 4, columns: grid.columns + 4 };
  const mask = new Uint8Array(wide.rows * wide.columns);
  for (const die of dies) mask[(Math.floor(die / grid.columns) + 2) * wide.columns + (die % grid.columns) + 2] = 1;
  return [mask, wide];
}

function cut(mask, wide, grid, keep) {
  const out = new Uint8Array(grid.rows * grid.columns);
  for (let die = 0; die < out.length; die++)
    out[die] = keep[die] && mask[(Math.floor(die / grid.columns) + 2) * wide.columns + (die % grid.columns) + 2];
  return diesOf(out);
}

function closed(dies, grid) {
  const [mask, wide] = padded(dies, grid);
  return [spread(spread(mask, wide, 1), wide, 0), wide];
}

export function grown(dies, failing, grid) {
  const [mask, wide] = closed(dies, grid);
  return cut(spread(mask, wide, 1), wide, grid, failing);
}

export function shrunk(dies, grid) {
  const [mask, wide] = closed(dies, grid);
  return cut(spread(mask, wide, 0), wide, grid, maskOf(dies, grid));
}

export function filled(dies, failing, grid) {
  const [mask, wide] = closed(dies, grid), outside = new Uint8Array(mask.length), open = [0];
  outside[0] = 1;
  while (open.length) {
    const at = open.pop(), column = at % wide.columns;
    for (const next of [at - wide.columns, at + wide.columns, column ? at - 1 : -1, column < wide.columns - 1 ? at + 1 : -1])
      if (next >= 0 && next < mask.length && !mask[next] && !outside[next]) { outside[next] = 1; open.push(next); }
  }
  return cut(outside.map(v => 1 - v), wide, grid, failing);
}
