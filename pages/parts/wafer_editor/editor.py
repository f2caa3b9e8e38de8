"""The wafer on screen with its label, to be corrected die by die; every change comes back to be stored."""

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from typing import Literal, get_args

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from streamlit.components.v2.types import ComponentRenderer

from core.drawing.palette import GREYS, Palette, class_colors
from core.drawing.sheet import cell_aspect, drawn_frame, rim_in_dies
from core.labels.draft import LabelDraft, read_draft
from core.labels.label import Label, encode
from core.severity import ProductRules, SeverityRules, collapse, die_measures
from data.classes import CLASSES
from data.errors import DraftSupersededError, LabelError, WaferError
from data.wafer import WaferMap
from pages.parts.literal import literal
from pages.parts.state.label import DraftProblem, EditorMemory
from pages.parts.wafer_editor.bundle import HERE, script

Asked = Literal["save", "submit", "previous", "next"]


@dataclass(frozen=True, eq=False)
class EditorState:
    """What stands in the editor.

    Args:
        draft: the label, how long it took, and the text to store.
        asked: what the person has just asked for by a key, None when the page runs for another reason.
        submittable: it is stored and what the person sees; else the editor has said why not.
    """

    draft: LabelDraft
    asked: Asked | None
    submittable: bool = True

    @property
    def label(self) -> Label:
        """The label as it stands."""
        return self.draft.label


def wafer_editor(
    wafer: WaferMap,
    start: Label,
    draft: str | None,
    *,
    key: str,
    owner: str,
    save: Callable[[LabelDraft], None],
    stuck: Callable[[Label], str] = lambda _: "",
    palette: Palette,
    normal_fail_share: float | None = None,
    height: int = 640,
) -> EditorState:
    """Show a wafer with its label, ready to be edited.

    Args:
        wafer: what was tested.
        start: what the label starts from where there is no draft: `core.labels.label.from_proposal` of what the model
            found, or an earlier label.
        draft: text of the stored draft, None for none. A newer one that the browser kept, since the server did not
            confirm it, goes before it.
        key: of the component; one key for all wafers of a page keeps tool, brush and class from wafer to wafer.
        owner: who edits: what a browser keeps is kept by person.
        save: stores a draft, called before the page runs, at most 2 s behind a change; `draft.label.key` says of which
            wafer it is. A WaferError that it raises is shown, and the editor sends the draft again.
        stuck: what stands against submitting a label, "" for nothing; said at the map when submitting was asked for.
        palette: the class colours.
        normal_fail_share: failing share that is normal for the wafer's product, for the live severity.
        height: of the map in pixels.
    """
    memory = EditorMemory(key)
    held = read_draft(draft) if draft else None
    identity = f"{owner} {wafer.key} {sha256(wafer.dies.tobytes()).hexdigest()[:12]}"
    memory.open(identity)
    problem = memory.problem()
    current = _newest(identity, held, memory) or LabelDraft(start, 0, 0.0, "")
    handed_out = current.tab, current.revision
    turn, what = memory.asked(identity)
    moved = memory.hand_out(*handed_out) != handed_out and current is held
    _component()(
        key=key,
        data=payload(wafer, palette, normal_fail_share)
        | {
            "id": identity,
            "start": json.loads(encode(start)),
            "draft": current.text or None,
            "stored": (held.tab, held.revision) if held else memory.saved(identity),
            "last": _last(memory),
            "superseded": problem is not None and problem.final,
            "refusal": (turn, stuck(current.label) if what == "submit" else ""),
            "height": height,
        },
        on_draft_change=lambda: _keep(memory, "draft", save),
        on_asked_change=lambda: _keep(memory, "asked", save),
    )
    if problem is not None:
        st.error(literal(problem.text))
    if moved:
        st.info("You went on with this wafer in another tab. Here it is now as you left it there.")
    asked = next((one for one in get_args(Asked) if one == what), None)
    return EditorState(current, asked, problem is None and not moved)


def _last(memory: EditorMemory) -> tuple[str, str, int]:
    """Wafer, tab and revision of what was stored last: it may be the end of the wafer that was shown before."""
    identity, _ = memory.latest("draft")
    return (identity, *memory.saved(identity))


def _newest(identity: str, held: LabelDraft | None, memory: EditorMemory) -> LabelDraft | None:
    """Return what stands in the browser: what it sent last, unless something is stored that came after it."""
    texts = [memory.sent(identity, name) for name in ("draft", "asked")]
    sent = max(
        (read_draft(text) for text in texts if text), key=lambda one: (one.revision, one.elapsed_s), default=None
    )
    if sent is None or held is None:
        return held or sent
    refused = memory.problem() is not None  # it stands on the screen all the same
    return sent if refused or sent.follows(held) else held


def _keep(memory: EditorMemory, name: str, save: Callable[[LabelDraft], None]) -> None:
    """Store what the browser just sent, and remember that it is stored, or why it is not."""
    identity, text = memory.latest(name)
    if not text:
        return
    try:
        draft = read_draft(text)
    except LabelError as error:
        memory.refuse(text)
        memory.keep_problem(DraftProblem(str(error), final=False))
        return
    if name == "asked":  # what is new in it came as a draft
        return
    try:
        save(draft)
    except WaferError as error:
        memory.keep_problem(DraftProblem(str(error), isinstance(error, DraftSupersededError)))
    else:
        memory.keep_saved(identity, draft.tab, draft.revision)


@cache
def _component() -> ComponentRenderer:
    def read(name: str) -> str:
        return (HERE / name).read_text(encoding="utf-8")

    return st.components.v2.component(
        "waferscope_editor", html=read("editor.html"), css=read("editor.css"), js=script()
    )


def payload(wafer: WaferMap, palette: Palette, normal_fail_share: float | None = None) -> dict[str, object]:
    """Return what the browser needs to know of a wafer, whatever its label is."""
    frame, colors = drawn_frame(wafer), class_colors(palette)
    return {
        "wafer": wafer.key,
        "rows": wafer.dies.shape[0],
        "columns": wafer.dies.shape[1],
        "aspect": cell_aspect(wafer),
        "center": frame.center,
        "rim": rim_in_dies(wafer),
        "notch": str(wafer.notch),
        "dies": _packed(wafer.dies),
        "classes": [
            {"key": c.key, "name": c.name, "color": colors[c.key], "definition": c.definition} for c in CLASSES
        ],
        "greys": {str(theme): vars(greys) for theme, greys in GREYS.items()},
        "severity": severity_constants(wafer, ProductRules.configured().of(wafer.product), normal_fail_share),
    }


def severity_constants(
    wafer: WaferMap, rules: SeverityRules, normal_fail_share: float | None = None
) -> dict[str, float]:
    """Return what the browser needs to score a wafer as `core.severity.severity` does."""
    return {
        "collapse": collapse(wafer, rules.normal(normal_fail_share)),
        **{name: value for name, value in vars(rules).items() if name != "normal_fail_share"},
        **vars(die_measures(wafer, rules)),
    }


def _packed(array: NDArray[np.uint8]) -> str:
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()
