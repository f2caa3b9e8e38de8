// Where Streamlit comes in: once when the page shows the editor, and again on every run of the page.
import { Editor } from "./editor.js";

const alive = new WeakMap();

export default function (component) {
  const { parentElement } = component;
  let editor = alive.get(parentElement);
  if (!editor) alive.set(parentElement, (editor = new Editor(parentElement)));
  editor.update(component);
  return () => { editor.remove(); alive.delete(parentElement); };
}
