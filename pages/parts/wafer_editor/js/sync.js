// Nothing is lost: every change goes to the server at most two seconds later, and stands in the browser's own storage
// until the server says that it has it.
import { draftText } from "./label.js";

const QUIET_MS = 300, LATEST_MS = 2000, PATIENCE_MS = 5000;
const slot = id => `waferscope label ${id}`;

export class Sync {
  constructor(send, told) {
    this.send = send; // ({ id, text, attempt }) to the server
    this.told = told; // ("saved" | "waiting" | "browser") to the screen
    this.attempt = 0;
  }

  // Watch a document from now on, of which the server has everything up to a revision.
  watch(doc, id, key, seconds, saved) {
    Object.assign(this, { doc, id, key, seconds, saved, sent: saved, dueSince: null });
    clearTimeout(this.timer);
    clearTimeout(this.late);
    doc.revision > saved ? this.changed() : this.told("saved");
  }

  changed() {
    const now = performance.now();
    this.dueSince ??= now;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.flush(), Math.max(0, Math.min(QUIET_MS, this.dueSince + LATEST_MS - now)));
    this.told("waiting");
  }

  // Send what was not sent; what the server does not acknowledge is sent again.
  flush(again = false) {
    clearTimeout(this.timer);
    this.dueSince = null;
    if (!this.doc || (this.sent === this.doc.revision && !again)) return;
    const text = this.text();
    this.sent = this.doc.revision;
    this.keep(text);
    this.send({ id: this.id, text, attempt: ++this.attempt });
    clearTimeout(this.late);
    this.late = setTimeout(() => {
      if (this.saved >= this.doc.revision) return;
      this.told("browser");
      this.flush(true);
    }, PATIENCE_MS);
  }

  // The server has everything up to a revision.
  acknowledge(revision) {
    if (!this.doc || revision <= this.saved) return;
    this.saved = revision;
    if (revision < this.doc.revision) return;
    clearTimeout(this.late);
    this.told("saved");
    forget(this.id);
  }

  text() { return draftText(this.doc, this.key, this.seconds()); }

  keep(text) {
    try { localStorage.setItem(slot(this.id), text); } catch { /* full or forbidden: the server still has it */ }
  }

  leave() {
    if (this.doc && this.sent !== this.doc.revision) this.keep(this.text());
    this.flush();
    clearTimeout(this.late);
  }
}

export function forget(id) {
  try { localStorage.removeItem(slot(id)); } catch { /* nothing was kept */ }
}

// The newer of the server's draft and the one that this browser kept, null where there is neither.
export function newest(id, serverText) {
  const drafts = [serverText];
  try { drafts.push(localStorage.getItem(slot(id))); } catch { /* nothing was kept */ }
  const read = drafts.map(text => {
    try { return text ? JSON.parse(text) : null; } catch { return null; }
  }).filter(draft => draft?.version === 1);
  return read.reduce((best, draft) => (!best || draft.revision > best.revision ? draft : best), null);
}
