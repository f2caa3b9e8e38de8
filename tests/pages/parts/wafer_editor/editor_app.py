"""A page with nothing but the editor, for a browser; what it saves goes to a folder, one file a wafer."""

import os
from pathlib import Path

import numpy as np
import streamlit as st

from core.drawing.palette import Palette
from core.instances import find_instances
from core.labels.draft import LabelDraft, read_draft
from core.labels.label import from_proposal
from data.errors import DraftSupersededError
from pages.parts.wafer_editor.editor import wafer_editor
from tests.core.wafers import disc, segmentation, wafer

FOLDER = Path(os.environ["WAFERSCOPE_HOME"])
SIDE = 30
RING, SPOT = np.zeros((2, SIDE, SIDE), dtype=bool)
RING[4:8, 10:20] = True
SPOT[18:24, 12:18] = True
SHOWN = wafer(RING | SPOT, dies=disc(SIDE))
START = from_proposal(SHOWN, find_instances(segmentation(SHOWN, {"ring": RING}), SHOWN))


def save(draft: LabelDraft) -> None:
    """Store a draft as a page would, and refuse one that does not go on from what is stored."""
    if (FOLDER / "draft.json").exists() and not draft.follows(read_draft((FOLDER / "draft.json").read_text("utf-8"))):
        raise DraftSupersededError("LOT1:W01", "something newer is stored", "Reload.")
    (FOLDER / "draft.json").write_text(draft.text, encoding="utf-8")


@st.fragment
def edit() -> None:
    """Show the editor and what Python knows of it."""
    stored = FOLDER / "draft.json"
    text = stored.read_text("utf-8") if stored.exists() else None
    state = wafer_editor(SHOWN, START, text, key="editor", owner="somebody", save=save, palette=Palette.STANDARD)
    kept = ", ".join(f"{i.name} of {len(i.dies)}" for i in state.label.kept)
    st.caption(f"Python: {kept}; asked {state.asked}; revision {state.draft.revision}")


edit()
