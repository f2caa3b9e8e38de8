"""What two models found on the same wafers, while they are compared."""

from collections.abc import Sequence

import streamlit as st

from core.registry.side_by_side import Pair


def keep_ab_comparison(name: str, pairs: Sequence[Pair]) -> None:
    """Remember what two models found on the same wafers; the newest takes the place of the one before."""
    st.session_state["ab"] = (name, pairs)


def kept_ab_comparison(name: str) -> Sequence[Pair] | None:
    """Return what two models found, None where others or other wafers were compared last."""
    held: tuple[str, Sequence[Pair]] = st.session_state.get("ab", ("", ()))
    return held[1] if held[0] == name else None
