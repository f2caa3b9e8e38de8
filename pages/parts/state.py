"""The only session keys, behind functions with types. What a link must restore is in the query string, not here."""

from collections.abc import MutableMapping
from enum import StrEnum
from typing import Any

import streamlit as st

from core.palette import Palette, Theme
from core.settings import settings


class Key(StrEnum):
    """Keys of widgets that several pages read."""

    SAFE_COLORS = "safe_colors"


def chosen_palette() -> Palette:
    """Give the palette that the person switched to, the site's default before."""
    safe = st.session_state.get(Key.SAFE_COLORS, settings().color_safe)
    return Palette.SAFE if safe else Palette.STANDARD


def current_theme() -> Theme:
    """Say whether the app is light or dark right now."""
    return Theme.DARK if st.context.theme.type == "dark" else Theme.LIGHT


def chosen_cluster(view: str, wafer: str) -> int | None:
    """Number of the cluster that a wafer view has zoomed to, None for the whole wafer.

    Args:
        view: key of the wafer view.
        wafer: key of the wafer it shows; another wafer's choice does not count.
    """
    chosen_wafer, number = _get(f"{view}-cluster", (wafer, None))
    return number if chosen_wafer == wafer else None


def choose_cluster(view: str, wafer: str, number: int | None, *, by_table: bool = False) -> None:
    """Zoom a wafer view to a cluster, or back out with None.

    Args:
        view: key of the wafer view.
        wafer: key of the wafer it shows.
        number: of the cluster.
        by_table: the cluster table chose; else a new table with the right row chosen takes its place, because a
            table's own choice cannot be set.
    """
    st.session_state[f"{view}-cluster"] = (wafer, number)
    if not by_table:
        st.session_state[f"{view}-table"] = table_version(view) + 1


def table_version(view: str) -> int:
    """Count how often something else than the cluster table chose the cluster."""
    version: int = _get(f"{view}-table", 0)
    return version


def picked_cluster(canvas: str) -> int | None:
    """Number of the cluster that was just clicked on a wafer canvas, None for none."""
    picked = _get(canvas).get("picked")
    return picked if isinstance(picked, int) else None


def hidden_classes(canvas: str) -> list[str]:
    """Classes that the legend of a wafer canvas has switched off."""
    state = _get(canvas) or {}
    return list(state.get("hidden") or ())


def widget(key: str) -> Any:
    """Give what the widget (or component) of this key holds, None before its first run."""
    return _get(key)


def set_widget(key: str, value: object) -> None:
    """Set a widget of this key, before it is drawn."""
    st.session_state[key] = value


def drop_widgets(*keys: str) -> None:
    """Put widgets back to their defaults, before they are drawn."""
    for key in keys:
        if key in st.session_state:
            del st.session_state[key]


def _get(key: str, default: Any = None) -> Any:
    state: MutableMapping[Any, Any] = st.session_state
    return state.get(key, default)


def dismiss(hint: str) -> None:
    """Put a hint away for this session."""
    st.session_state[f"{hint}-dismissed"] = True


def dismissed(hint: str) -> bool:
    """Say whether a hint was put away."""
    return bool(_get(f"{hint}-dismissed", False))
