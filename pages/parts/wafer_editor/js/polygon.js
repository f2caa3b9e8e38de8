// Polygons around dies: points are [row, column] in die units, die (r, c) has its centre at (r, c). No screen in here.

export const MAX_CORNERS = 1000;

// Failing dies whose centre lies inside, scanned row by row: where the line goes around them, however often (non-zero
// winding), so that a line drawn over itself leaves nothing out.
export function inPolygon(points, failing, grid) {
  const dies = [];
  for (let row = 0; row < grid.rows; row++) {
    const cuts = [];
    for (let i = 0, j = points.length - 1; i < points.length; j = i++) {
      const [r0, c0] = points[j], [r1, c1] = points[i];
      if ((r0 > row) !== (r1 > row)) cuts.push([c0 + (row - r0) * (c1 - c0) / (r1 - r0), r1 > r0 ? 1 : -1]);
    }
    cuts.sort(([a], [b]) => a - b);
    for (let k = 0, turns = 0, next = 0; k + 1 < cuts.length; k++) {
      turns += cuts[k][1];
      if (!turns) continue;
      const end = Math.min(grid.columns - 1, Math.floor(cuts[k + 1][0]));
      for (let c = Math.max(next, Math.ceil(cuts[k][0])); c <= end; c++, next = c)
        if (failing[row * grid.columns + c]) dies.push(row * grid.columns + c);
    }
  }
  return Uint32Array.from(dies);
}

const side = (a, b, p) => Math.sign((b[0] - a[0]) * (p[1] - a[1]) - (b[1] - a[1]) * (p[0] - a[0]));
const between = (a, b, p) =>
  Math.min(a[0], b[0]) <= p[0] && p[0] <= Math.max(a[0], b[0]) && Math.min(a[1], b[1]) <= p[1] && p[1] <= Math.max(a[1], b[1]);

function meet(a, b, c, d) {
  const [s1, s2, s3, s4] = [side(a, b, c), side(a, b, d), side(c, d, a), side(c, d, b)];
  if (s1 * s2 < 0 && s3 * s4 < 0) {
    const [dr, dc, er, ec] = [b[0] - a[0], b[1] - a[1], d[0] - c[0], d[1] - c[1]];
    const t = ((c[0] - a[0]) * ec - (c[1] - a[1]) * er) / (dr * ec - dc * er);
    return [a[0] + t * dr, a[1] + t * dc];
  }
  if (s1 === 0 && between(a, b, c)) return c;
  if (s2 === 0 && between(a, b, d)) return d;
  if (s3 === 0 && between(c, d, a)) return a;
  if (s4 === 0 && between(c, d, b)) return b;
  return null;
}

// Where two sides of a line cross or touch, null where none do. Neighbours share a corner; they may not fold back.
export function crossing(points, isClosed) {
  const sides = points.slice(1).map((p, i) => [points[i], p]);
  if (isClosed && points.length > 2) sides.push([points.at(-1), points[0]]);
  for (let i = 0; i < sides.length; i++) {
    for (let j = i + 1; j < sides.length; j++) {
      const [a, b] = sides[i], [c, d] = sides[j];
      const follows = j === i + 1, wraps = isClosed && i === 0 && j === sides.length - 1;
      if (follows || wraps) {
        const [shared, one, two] = follows ? [b, a, d] : [a, b, c];
        const folds = side(shared, one, two) === 0 && (between(shared, one, two) || between(shared, two, one));
        if (folds && sides.length > 1) return shared;
      } else {
        const at = meet(a, b, c, d);
        if (at) return at;
      }
    }
  }
  return null;
}

// Why a line cannot be used, in words; "" when it can.
export function fault(points, isClosed, freehand = false) {
  if (isClosed && points.length < 3) return `it has ${points.length} corners and needs 3`;
  if (points.length > MAX_CORNERS) return `it has ${points.length} corners, ${MAX_CORNERS} are possible`;
  const at = freehand ? null : crossing(points, isClosed); // a rough line may cross itself, corners may not
  return at ? `it crosses itself at row ${at[0].toFixed(1)}, column ${at[1].toFixed(1)}` : "";
}

// A freehand line with the corners that it needs: others lie within `slack` of it (Douglas and Peucker).
export function simplified(points, slack) {
  if (points.length < 3) return points;
  const keep = new Uint8Array(points.length), open = [[0, points.length - 1]];
  keep[0] = keep[points.length - 1] = 1;
  while (open.length) {
    const [from, to] = open.pop(), [a, b] = [points[from], points[to]];
    const [dr, dc] = [b[0] - a[0], b[1] - a[1]], long = Math.hypot(dr, dc);
    let far = slack, at = -1;
    for (let i = from + 1; i < to; i++) {
      const [r, c] = [points[i][0] - a[0], points[i][1] - a[1]];
      const off = long ? Math.abs(dr * c - dc * r) / long : Math.hypot(r, c);
      if (off > far) { far = off; at = i; }
    }
    if (at > 0) { keep[at] = 1; open.push([from, at], [at, to]); }
  }
  return points.filter((_, i) => keep[i]);
}
