"""What widgets hold by their keys: values, chosen rows, clicked points, edited cells."""

import streamlit as st


def widget_number(key: str, default: int) -> int:
    """Return the whole number that the widget of this key holds, a default before its first run."""
    value = st.session_state.get(key)
    return value if isinstance(value, int) else default


def widget_text(key: str) -> str:
    """Return the text that the widget of this key holds, "" before its first run."""
    return str(st.session_state.get(key) or "")


def clicked_row(table: str) -> int | None:
    """Row of the cell that was just clicked in the table of this key, None for none."""
    cells = st.session_state[table]["selection"]["cells"]
    return int(cells[0][0]) if cells else None


def clicked_points(chart: str) -> list[int]:
    """Places of the points that are chosen in the first trace of the chart of this key."""
    points = st.session_state[chart]["selection"]["points"]
    return [int(point["point_index"]) for point in points if point.get("curve_number", 0) == 0]


def clicked_names(chart: str) -> list[str]:
    """What the points that are chosen in the chart of this key carry as their data."""
    return [
        str(point["customdata"]) for point in st.session_state[chart]["selection"]["points"] if "customdata" in point
    ]


def drawn_area(chart: str) -> list[tuple[float, float]]:
    """Corners of the box or lasso just drawn in the chart of this key, none where neither was."""
    selection = st.session_state[chart]["selection"]
    for box in selection.get("box") or ():
        (left, right), (low, high) = box["x"], box["y"]
        return [(left, low), (right, low), (right, high), (left, high)]
    for lasso in selection.get("lasso") or ():
        return list(zip(lasso["x"], lasso["y"], strict=True))
    return []


def chosen_rows(table: str) -> list[int]:
    """Rows that are chosen in the table of this key, none before its first run."""
    state = st.session_state.get(table)
    return list(state["selection"]["rows"]) if state else []


def edited_rows(editor: str) -> dict[int, dict[str, object]]:
    """Cells that were just changed in the data editor of this key, by row and column."""
    edits: dict[int, dict[str, object]] = st.session_state[editor]["edited_rows"]
    return edits


def set_widget(key: str, value: object) -> None:
    """Set a widget of this key, before it is drawn."""
    st.session_state[key] = value


def drop_widgets(*keys: str) -> None:
    """Put widgets back to their defaults, before they are drawn."""
    for key in keys:
        st.session_state.pop(key, None)
