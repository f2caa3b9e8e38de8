// Where Streamlit comes in: once when the page shows the editor, and again on every run of the page.
import { Editor } from "./editor.js";

const alive = new WeakMap();
const NARROW = 1100;
let folded = false;

// A narrow window has no room for both the map and the list of pages, which folds: once, for people open it again.
function foldPages() {
  if (folded || innerWidth >= NARROW) return;
  folded = true;
  const pages = document.querySelector('[data-testid="stSidebar"][data-collapsed="false"]');
  // Streamlit draws the button that folds only while the pointer is there, and has no other way to fold.
  pages?.dispatchEvent(new MouseEvent("mouseover", { bubbles: true }));
  setTimeout(() => pages?.querySelector('[data-testid="stSidebarCollapseButton"] button')?.click(), 100);
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
