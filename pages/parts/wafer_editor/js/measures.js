// What the label adds up to, kept up to date change by change; and what it may have missed. No screen in here.

// For every die, how many instances of each class hold it: decided ones and proposals apart.
export class Tally {
  constructor(grid, classCount) {
    this.size = grid.rows * grid.columns;
    this.decided = Array.from({ length: classCount }, () => new Uint8Array(this.size));
    this.proposed = Array.from({ length: classCount }, () => new Uint8Array(this.size));
    this.total = new Uint16Array(this.size);
    this.affected = 0;
  }

  change(item, classIndex, step) {
    if (!item || item.state === "rejected") return;
    const layer = (item.state === "proposed" ? this.proposed : this.decided)[classIndex];
    for (const die of item.dies) {
      layer[die] += step;
      const before = this.total[die];
      this.total[die] += step;
      if (!before) this.affected++;
      else if (!this.total[die]) this.affected--;
    }
  }
}

// The score of core/severity; `rules` are its constants.
export function severity(clusters, affected, rules) {
  const coverage = Math.min(1, affected * rules.coverage);
  const patterns = rules.density_points * Math.min(1, affected * rules.density / rules.density_full)
    + rules.coverage_points * Math.min(1, coverage / rules.coverage_saturation)
    + rules.count_points * Math.min(1, clusters / rules.count_saturation);
  return patterns + (100 - patterns) * rules.collapse;
}

const WINDOW = 2, DENSE = 0.35, LEAST = 6, MOST_HINTS = 20;

// Groups of failing dies that no instance holds and that lie dense: of the free dies at most two away 35 % or more fail
// (at the corner of a solid block 9 of 25 do), and six or more such dies hang together. The 20 largest, largest first,
// as sets of dies.
export function missed(dies, total, grid) {
  const { rows, columns } = grid, wide = columns + 1;
  const open = new Uint32Array((rows + 1) * wide), bad = new Uint32Array((rows + 1) * wide); // summed-area tables
  for (let r = 0; r < rows; r++) for (let c = 0, n = 0, f = 0; c < columns; c++) {
    const die = r * columns + c, free = !total[die];
    n += free && dies[die] > 0;
    f += free && dies[die] === 2;
    open[(r + 1) * wide + c + 1] = open[r * wide + c + 1] + n;
    bad[(r + 1) * wide + c + 1] = bad[r * wide + c + 1] + f;
  }
  const dense = new Uint8Array(dies.length);
  for (let die = 0; die < dies.length; die++) {
    if (dies[die] !== 2 || total[die]) continue;
    const r = Math.floor(die / columns), c = die % columns;
    const [t, l] = [Math.max(0, r - WINDOW), Math.max(0, c - WINDOW)];
    const [b, e] = [Math.min(rows, r + WINDOW + 1), Math.min(columns, c + WINDOW + 1)];
    const sum = table => table[b * wide + e] - table[t * wide + e] - table[b * wide + l] + table[t * wide + l];
    dense[die] = sum(bad) >= LEAST && sum(bad) >= DENSE * sum(open) ? 1 : 0;
  }
  const groups = [];
  for (let die = 0; die < dense.length; die++) {
    if (!dense[die]) continue;
    const group = [die];
    dense[die] = 0;
    for (const one of group) { // grows while it is read
      const r = Math.floor(one / columns), c = one % columns;
      for (let y = Math.max(0, r - 1); y <= Math.min(rows - 1, r + 1); y++)
        for (let x = Math.max(0, c - 1); x <= Math.min(columns - 1, c + 1); x++)
          if (dense[y * columns + x]) { dense[y * columns + x] = 0; group.push(y * columns + x); }
    }
    if (group.length >= LEAST) groups.push(Uint32Array.from(group).sort());
  }
  return groups.sort((a, b) => b.length - a.length || a[0] - b[0]).slice(0, MOST_HINTS);
}

export function boxOf(dies, grid) {
  let [top, left, bottom, right] = [Infinity, Infinity, -1, -1];
  for (const die of dies) {
    const r = Math.floor(die / grid.columns), c = die % grid.columns;
    top = Math.min(top, r); bottom = Math.max(bottom, r); left = Math.min(left, c); right = Math.max(right, c);
  }
  return [top, left, bottom, right];
}

const IDLE_SECONDS = 30;

// Seconds of work: time between signs of life, where no more than half a minute counts for a pause.
export class Clock {
  constructor(seconds = 0) { this.seconds = seconds; this.last = null; }
  alive(now) { this.seconds = this.at(now); this.last = now; }
  hide(now) { this.seconds = this.at(now); this.last = null; }
  at(now) { return this.seconds + (this.last === null ? 0 : Math.min(IDLE_SECONDS, Math.max(0, now - this.last))); }
  idle(now) { return this.last === null || now - this.last >= IDLE_SECONDS; }
}
