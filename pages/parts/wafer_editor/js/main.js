// Where Streamlit comes in: once when the page shows the editor, and again on every run of the page.
import { Editor } from "./editor.js";

const alive = new WeakMap();
const NARROW = 1100, FOLDED = "waferscope-folded";

// A narrow window has no room for both the map and the list of pages, which folds: once a tab, for people open it again.
function foldPages() {
  if (innerWidth >= NARROW || sessionStorage.getItem(FOLDED)) return;
  const fold = document.querySelector('[data-testid="stSidebar"][aria-expanded="true"] [data-testid="stSidebarCollapseButton"] button');
  if (!fold) return;
  sessionStorage.setItem(FOLDED, "yes");
  fold.click();
}

export default function (component) {
  const { parentElement } = component;
  let editor = alive.get(parentElement);
  if (!editor) {
    alive.set(parentElement, (editor = new Editor(parentElement)));
    foldPages();
  }
  editor.update(component);
  return () => { editor.remove(); alive.delete(parentElement); };
}
