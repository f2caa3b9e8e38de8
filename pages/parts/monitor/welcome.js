// The hint of a first visit. This browser remembers that it was read; the server need not know.
const SEEN = "waferscope-welcome-seen";

export default function ({ data, parentElement, setTriggerValue }) {
  const part = name => parentElement.querySelector(name), box = part(".welcome");
  box.hidden = localStorage.getItem(SEEN) !== null;
  part("p").textContent = data.text;
  part("ol").replaceChildren(...data.steps.map(step => {
    const item = document.createElement("li"), button = document.createElement("button"), words = document.createElement("span");
    Object.assign(button, { type: "button", textContent: step.label, onclick: () => setTriggerValue("page", step.page) });
    words.textContent = step.text;
    item.append(button, words);
    return item;
  }));
  part(".close").onclick = () => {
    localStorage.setItem(SEEN, "yes");
    box.hidden = true;
  };
}
