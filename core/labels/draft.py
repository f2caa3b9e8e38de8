"""Drafts: a label in the making as the editor sends it, with how far along it is."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from core.labels.label import VERSION, Label, from_json
from data.errors import LabelError

REMEDY = "Reload the page; what this browser kept comes back."


@dataclass(frozen=True, eq=False)
class LabelDraft:
    """A label in the making.

    Args:
        label: as it stands.
        revision: counts every change, undo and redo of the tab; of one tab's drafts the higher one is the newer.
        elapsed_s: seconds of work on it, pauses left out. It is no part of what the draft says: it goes on by itself.
        text: all of it with its history of undo, to be stored as it is and given back to the editor.
        tab: which open page wrote it, "" where that is not known.
        seen: what the draft goes on from: for each other tab the revision that it took over.
    """

    label: Label
    revision: int
    elapsed_s: float
    text: str
    tab: str = ""
    seen: Mapping[str, int] = field(default_factory=dict)

    def follows(self, other: "LabelDraft") -> bool:
        """Whether all that the other draft says went into this one."""
        return other.revision <= (self.revision if other.tab == self.tab else self.seen.get(other.tab, -1))


def read_draft(text: str) -> LabelDraft:
    """Read what the editor sent.

    Raises:
        LabelError: it is no draft, of another version, or its label contradicts itself.

    Example:
        >>> label = '{"version":1,"key":"L:W","shape":[2,3],"no_defect":true,"instances":[]}'
        >>> draft = read_draft(f'{{"version":1,"revision":3,"elapsed_s":8.5,"label":{label}}}')
        >>> draft.label.key, draft.revision, draft.elapsed_s
        ('L:W', 3, 8.5)
    """
    try:
        found = json.loads(text)
    except json.JSONDecodeError as error:
        raise LabelError("draft", f"it is not JSON ({error})", REMEDY) from error
    if not isinstance(found, dict) or found.get("version") != VERSION:
        raise LabelError("draft", f"expected an object of version {VERSION}", REMEDY)
    revision, elapsed = found.get("revision"), found.get("elapsed_s")
    tab, seen = found.get("tab", ""), found.get("seen", {})
    if not isinstance(tab, str) or not isinstance(seen, dict):
        raise LabelError("draft", f"expected the name of a tab and what it has seen, found {tab!r}, {seen!r}", REMEDY)
    seen = {name: _revision(number) for name, number in seen.items()}
    if not isinstance(elapsed, int | float) or not 0 <= elapsed < math.inf:
        raise LabelError("draft", f"the time is a number of seconds, found {elapsed!r}", REMEDY)
    return LabelDraft(from_json(found.get("label")), _revision(revision), float(elapsed), text, tab, seen)


def _revision(number: object) -> int:
    if not isinstance(number, int) or isinstance(number, bool) or number < 0:
        raise LabelError("draft", f"a revision is a whole number from 0, found {number!r}", REMEDY)
    return number
