"""What the session knows of the label that is being drawn."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import streamlit as st


class DraftProblem(NamedTuple):
    """Why a draft could not be stored.

    Args:
        text: in words.
        final: sending it again is of no use: something newer is stored.
    """

    text: str
    final: bool


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
        """Text of the draft that came last under a name, None when it was of another wafer or is to be passed over."""
        found, text = self.latest(name)
        passed_over = text in st.session_state.get(f"{self.key}-passed-over", ())
        return text if text and found == identity and not passed_over else None

    def asked(self, identity: str) -> tuple[int, str | None]:
        """Number and kind of what was just asked for at a wafer, 0 and None for nothing."""
        asked = st.session_state.get(self.key, {}).get("asked")
        return (
            (asked["turn"], asked["what"]) if isinstance(asked, Mapping) and asked.get("id") == identity else (0, None)
        )

    def refuse(self, text: str) -> None:
        """Never again look at this text: it is no draft."""
        st.session_state[f"{self.key}-passed-over"] = (text,)

    def open(self, identity: str) -> None:
        """Show a wafer; what was sent of it when it was open before is over: it was stored, submitted or let go of."""
        if st.session_state.get(f"{self.key}-shown") == identity:
            return
        st.session_state[f"{self.key}-shown"] = identity
        st.session_state[f"{self.key}-passed-over"] = tuple(self.latest(name)[1] for name in ("draft", "asked"))
        st.session_state.get(f"{self.key}-saved", {}).pop(identity, None)
        st.session_state.pop(f"{self.key}-handed-out", None)
        st.session_state.pop(f"{self.key}-problem", None)

    def saved(self, identity: str) -> tuple[str, int]:
        """Tab and revision of the draft of a wafer that was stored last in this session, "" and 0 for none."""
        found: tuple[str, int] = st.session_state.get(f"{self.key}-saved", {}).get(identity, ("", 0))
        return found

    def keep_saved(self, identity: str, tab: str, revision: int) -> None:
        """Remember that a draft is stored; what went wrong before is over."""
        st.session_state.setdefault(f"{self.key}-saved", {})[identity] = (tab, revision)
        st.session_state.pop(f"{self.key}-problem", None)

    def hand_out(self, tab: str, revision: int) -> tuple[str, int]:
        """Remember what the browser is given to show; tab and revision of what it was given before."""
        before: tuple[str, int] = st.session_state.get(f"{self.key}-handed-out", (tab, revision))
        st.session_state[f"{self.key}-handed-out"] = (tab, revision)
        return before

    def problem(self) -> DraftProblem | None:
        """Return why the last draft of the wafer that is shown could not be stored, None when it could."""
        found: DraftProblem | None = st.session_state.get(f"{self.key}-problem")
        return found

    def keep_problem(self, problem: DraftProblem) -> None:
        """Remember why a draft could not be stored; it is over when another wafer is shown."""
        st.session_state[f"{self.key}-problem"] = problem
