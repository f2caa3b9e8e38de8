"""What many wafers of the lake have in common: stacks of groups, steps of their process history."""

import streamlit as st

from core.comparison.comparison import history_steps as list_history_steps
from core.lake import Lake, WaferFilter
from core.lots.stacking import Grid, Stack, stack
from pages.parts.cache.stores import lake


def group_stack(where: WaferFilter, grid: Grid) -> Stack:
    """Return the wafers of a group that have this grid, stacked; counted anew when wafers or results were added.

    Raises:
        LakeError: there is none.
    """
    condition, parameters = where.where()
    held = (
        lake()
        .seen_by(where)
        .query(f"SELECT count(*), max(sequence), max(segmentation_sequence) FROM wafers WHERE {condition}", parameters)
    )
    return _group_stack(f"{lake().name} {where} {grid} {held.iloc[0].tolist()}", lake(), where, grid)


def history_steps() -> list[str]:
    """Return the steps of the process history to choose from (`core.comparison.comparison.history_steps`)."""
    return _history_steps(lake().name, lake())


@st.cache_resource(max_entries=16, show_spinner=False)
def _group_stack(stamp: str, _lake: Lake, _where: WaferFilter, _grid: Grid) -> Stack:
    return stack(_lake, _where, _grid)


@st.cache_data(max_entries=4, ttl=300, show_spinner="Listing the process history")
def _history_steps(name: str, _lake: Lake) -> list[str]:
    return list_history_steps(_lake)
