"""What a link asks for and the lake does not hold: said beside the filter that ignored it."""

from collections.abc import Iterable
from datetime import date

import streamlit as st

from pages.parts.literal import literal
from pages.parts.state.widgets import drop_widgets, set_widget, widget_text

SHOWN_ON = "ignored-shown-on"
_NAMES = "ignored-names"
MOST_CHARACTERS = 60


def note_ignored(name: str, what: str, offered: Iterable[str]) -> None:
    """Show which choices of a link under a name do not exist here; they let everything through.

    Args:
        name: in the query string.
        what: the choices are, as "product".
        offered: what can be chosen, as the query string writes it.
    """
    known = set(offered)
    _note(name, [value for value in st.query_params.get_all(name) if value and value not in known], f"no {what}")


def note_ignored_days(name: str, whole: tuple[date, date], without: str = "no wafer tested on") -> None:
    """Show which days of a link are none, or lie outside those that can be chosen.

    Args:
        name: in the query string.
        whole: first and last day that can be chosen.
        without: what there is not on other days.
    """
    _note(name, [day for day in st.query_params.get_all(name) if not _within(day, whole)], without)


def forget_ignored(page: str) -> None:
    """Drop what was said on another page."""
    if widget_text(SHOWN_ON) != page:
        names = widget_text(_NAMES).split()
        drop_widgets(*map(_said, names), *map(_kept, names), _NAMES)
        set_widget(SHOWN_ON, page)


def _note(name: str, lost: list[str], without: str) -> None:
    """Keep what was lost: the address forgets it as soon as the filter is drawn."""
    asked = st.query_params.get_all(name)
    if lost:
        listed = ", ".join(f"'{literal(value[:MOST_CHARACTERS])}'" for value in lost)
        set_widget(_said(name), f"The link's choice was ignored: there is {without} {listed}.")
        set_widget(_kept(name), "\n".join(value for value in asked if value not in lost))
        set_widget(_NAMES, f"{widget_text(_NAMES)} {name}")
    elif asked and "\n".join(asked) != widget_text(_kept(name)):
        drop_widgets(_said(name))
    if said := widget_text(_said(name)):
        st.warning(said)


def _within(day: str, whole: tuple[date, date]) -> bool:
    try:
        return whole[0] <= date.fromisoformat(day) <= whole[1]
    except ValueError:
        return False


def _said(name: str) -> str:
    return f"ignored-{name}"


def _kept(name: str) -> str:
    return f"ignored-kept-{name}"
