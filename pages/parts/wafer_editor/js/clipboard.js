// What was copied, for this tab and for the others of the same browser.
import { fromRuns, runsOf } from "./grid.js";

const CLIPBOARD = "waferscope copied defects";
let own = [];

export function keepClips(clips) {
  own = clips;
  try { localStorage.setItem(CLIPBOARD, JSON.stringify(clips.map(clip => ({ ...clip, dies: runsOf(clip.dies) })))); } catch { /* kept in this tab alone */ }
}

export function keptClips() {
  try {
    return JSON.parse(localStorage.getItem(CLIPBOARD) ?? "[]").map(clip => ({ ...clip, dies: fromRuns(clip.dies) }));
  } catch { return own; }
}
