"""Drafts: a label in the making as the editor sends it, with how far along it is."""

import json
import math
from dataclasses import dataclass

from core.labels.label import VERSION, Label, from_json
from data.errors import LabelError

REMEDY = "Reload the page; what this browser kept comes back."


@dataclass(frozen=True, eq=False)
class LabelDraft:
    """A label in the making.

    Args:
        label: as it stands.
        revision: counts every change, undo and redo; the higher one is the newer draft of the two.
        elapsed_s: seconds of work on it, pauses left out.
        text: all of it with its history of undo, to be stored as it is and given back to the editor.
    """

    label: Label
    revision: int
    elapsed_s: float
    text: str


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
    if not isinstance(revision, int) or isinstance(revision, bool) or revision < 0:
        raise LabelError("draft", f"a revision is a whole number from 0, found {revision!r}", REMEDY)
    if not isinstance(elapsed, int | float) or not 0 <= elapsed < math.inf:
        raise LabelError("draft", f"the time is a number of seconds, found {elapsed!r}", REMEDY)
    return LabelDraft(from_json(found.get("label")), revision, float(elapsed), text)
