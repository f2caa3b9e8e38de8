// Which part of the wafer is seen: centre in dies and CSS pixels per die; as wafer_paint.js takes it.

export const MOST_ZOOM = 16;
const MARGIN = 14;

export function whole(view, wafer) {
  const scale = Math.min((view.width - 2 * MARGIN) / (2 * wafer.rim[1]), (view.height - 2 * MARGIN) / (2 * wafer.rim[0] * wafer.aspect));
  return { row: wafer.center[0], column: wafer.center[1], scale: Math.max(0.05, scale) };
}

// Pixels to dies: die (r, c) has its centre at (r, c).
export const dieAt = (view, wafer, x, y) => [
  (y - view.height / 2) / view.scale / wafer.aspect + view.row, (x - view.width / 2) / view.scale + view.column,
];

// Zoom so that what is under (x, y) stays there, from the whole wafer to 16 times that.
export function zoomed(view, wafer, factor, x, y) {
  const all = whole(view, wafer), scale = Math.max(all.scale, Math.min(MOST_ZOOM * all.scale, view.scale * factor));
  if (scale === all.scale) return all;
  const [row, column] = dieAt(view, wafer, x, y);
  return kept({ scale, row: row - (y - view.height / 2) / scale / wafer.aspect, column: column - (x - view.width / 2) / scale }, wafer);
}

export const panned = (view, wafer, dx, dy) =>
  kept({ scale: view.scale, row: view.row - dy / view.scale / wafer.aspect, column: view.column - dx / view.scale }, wafer);

// The wafer cannot be pushed out of sight.
function kept(view, wafer) {
  const within = (value, middle, half) => Math.max(middle - half, Math.min(middle + half, value));
  return { ...view, row: within(view.row, wafer.center[0], wafer.rim[0]), column: within(view.column, wafer.center[1], wafer.rim[1]) };
}

// A view that holds a box of dies, with room around, and is no closer than 8 times the whole.
export function around(view, wafer, [top, left, bottom, right]) {
  const all = whole(view, wafer), room = Math.max(3, 0.4 * Math.max(bottom - top, right - left));
  const scale = Math.min(view.width / (right - left + 1 + 2 * room), view.height / (bottom - top + 1 + 2 * room) / wafer.aspect);
  return { row: (top + bottom) / 2, column: (left + right) / 2, scale: Math.max(all.scale, Math.min(scale, 8 * all.scale)) };
}
