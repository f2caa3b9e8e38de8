// Nothing is lost: every change goes to the server at most two seconds later, and stands in the browser's own storage
// until the server says that it has it.
import { draftText } from "./label.js";

const QUIET_MS = 300, LATEST_MS = 2000, PATIENCE_MS = 5000;
const slot = id => `waferscope label ${id}`;

export class Sync {
  constructor(send, told) {
    this.send = send; // ({ id, text, attempt }) to the server
    this.told = told; // ("saved" | "waiting" | "browser" | "refused") to the screen
    this.attempt = 0;
    this.tab = newTab();
  }

  // Watch a document from now on; the server has the draft of the given tab and revision.
  watch(doc, id, key, seconds, [tab, revision]) {
    const saved = doc.tab === tab && doc.revision <= revision ? doc.revision : 0;
    Object.assign(this, { doc, id, key, seconds, saved, sent: saved, dueSince: null, refused: false });
    clearTimeout(this.timer);
    clearTimeout(this.late);
    if (doc.tab !== tab) doc.seen = { ...doc.seen, [tab]: Math.max(revision, doc.seen[tab] ?? 0) };
    doc.continueIn(this.tab);
    doc.revision > saved ? this.changed() : this.told("saved");
  }

  changed() {
    const now = performance.now();
    if (this.refused) return;
    this.dueSince ??= now;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.flush(), Math.max(0, Math.min(QUIET_MS, this.dueSince + LATEST_MS - now)));
    this.told("waiting");
  }

  // Send what was not sent; what the server does not acknowledge is sent again.
  flush(again = false) {
    clearTimeout(this.timer);
    this.dueSince = null;
    if (!this.doc || this.refused || (this.sent === this.doc.revision && !again)) return;
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

  // The server has everything up to a revision of a tab, or said that it goes on with something else.
  acknowledge([tab, revision], superseded) {
    if (!this.doc || this.refused) return;
    if (superseded) return this.refuse();
    if (tab !== this.tab || revision <= this.saved) return;
    this.saved = revision;
    if (revision < this.doc.revision) return;
    clearTimeout(this.late);
    this.told("saved");
    forget(this.id);
  }

  // Another tab's work goes on: nothing of this one is stored any more, here or there.
  refuse() {
    clearTimeout(this.timer);
    clearTimeout(this.late);
    this.refused = true;
    this.told("refused");
    forget(this.id);
  }

  // Whether something stands here that the server does not have.
  get ahead() { return this.doc.revision > this.saved; }

  // Whether another tab went on with the draft while nothing was changed here: then this one follows.
  behind(text) {
    if (!text || this.refused || this.ahead) return false;
    const draft = JSON.parse(text);
    return !this.doc.follows(draft.tab ?? "", draft.revision);
  }

  text() { return draftText(this.doc, this.key, this.seconds()); }

  keep(text) {
    try { localStorage.setItem(slot(this.id), text); } catch { /* full or forbidden: the server still has it */ }
  }

  leave() {
    if (this.doc && !this.refused && this.sent !== this.doc.revision) this.keep(this.text());
    this.flush();
    clearTimeout(this.late);
  }
}

export function forget(id) {
  try { localStorage.removeItem(slot(id)); } catch { /* nothing was kept */ }
}

const newTab = () => [...crypto.getRandomValues(new Uint32Array(2))].map(n => n.toString(36)).join("");

// What this browser kept where it goes on from the server's draft, else that; null where there is neither.
export function newest(id, serverText) {
  const drafts = [serverText];
  try { drafts.push(localStorage.getItem(slot(id))); } catch { /* nothing was kept */ }
  const read = drafts.map(text => {
    try { return text ? JSON.parse(text) : null; } catch { return null; }
  }).filter(draft => draft?.version === 1);
  return read.reduce((best, draft) => (!best || follows(draft, best) ? draft : best), null);
}

const follows = (draft, other) =>
  other.revision <= ((other.tab ?? "") === (draft.tab ?? "") ? draft.revision : draft.seen?.[other.tab ?? ""] ?? -1);
