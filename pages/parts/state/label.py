"""What the session knows of the label that is being drawn."""

from collections.abc import Mapping
from dataclasses import dataclass

import streamlit as st


@dataclass(frozen=True)
class EditorMemory:
    """What the session knows of a wafer editor: what the browser sent, and what of it is stored.

    Args:
        key: of the editor's component.
    """

    key: str

    def latest(self, name: str) -> tuple[str, str]:
        """Identity of the wafer and text of the draft that came last under a name, both "" before one came."""
        sent = st.session_state.get(self.key, {}).get(name)
        return (str(sent.get("id", "")), str(sent.get("text", ""))) if isinstance(sent, Mapping) else ("", "")

    def sent(self, identity: str, name: str) -> str | None:
        """Text of the draft that came last under a name, None when it was of another wafer or could not be read."""
        found, text = self.latest(name)
        refused = st.session_state.get(f"{self.key}-refused") == text
        return text if text and found == identity and not refused else None

    def refuse(self, text: str) -> None:
        """Never again look at this text: it is no draft."""
        st.session_state[f"{self.key}-refused"] = text

    def saved(self, identity: str) -> int:
        """Revision up to which a wafer's draft was stored in this session, 0 for none."""
        revision: int = st.session_state.get(f"{self.key}-saved", {}).get(identity, 0)
        return revision

    def keep_saved(self, identity: str, revision: int) -> None:
        """Remember that a draft is stored; what went wrong before is over."""
        st.session_state.setdefault(f"{self.key}-saved", {})[identity] = revision
        st.session_state.pop(f"{self.key}-problem", None)

    def problem(self) -> str:
        """Why the last draft could not be stored, "" when it could."""
        return str(st.session_state.get(f"{self.key}-problem", ""))

    def keep_problem(self, text: str) -> None:
        """Remember why a draft could not be stored."""
        st.session_state[f"{self.key}-problem"] = text
