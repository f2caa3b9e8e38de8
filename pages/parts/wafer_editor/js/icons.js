// Line drawings of the tools, on 20 x 20.
export const ICONS = {
  polygon: '<path d="M4 7 11 3l6 6-4 8-8-2z"/><path class="dot" d="M4 7h.01M11 3h.01M17 9h.01M13 17h.01M5 15h.01"/>',
  lasso: '<path d="M10 4c4 0 7 2 7 4.5s-3 4.5-7 4.5-7-2-7-4.5S6 4 10 4z"/><path d="M6 12.5c-1.5 1.5-1 3.5 1 4.5"/>',
  brush: '<path d="M16.5 3.5 9 11M8.5 10.5c-3 0-3 2.5-5 5 3 1.5 7 .5 7-3.5z"/>',
  eraser: '<path d="m8 16-4-4 8-8 5 5-7 7zM7 9l5 5M5 16h12"/>',
  wand: '<path d="m3 17 8-8M13 3v3M13 10v2M9.5 6.5H8M18 6.5h-2.5M16 9.5l-1-1M16 3.5l-1 1M10 3.5l1 1"/>',
  rectangle: '<rect x="3.5" y="4.5" width="13" height="11" stroke-dasharray="3 2"/>',
  pick: '<path d="m5 3 10.5 6-4.700 1.300L8.5 15z"/>',
};
