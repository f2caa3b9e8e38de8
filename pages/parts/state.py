"""The only session keys, behind functions with types.

What a link must restore lives in the query string: filters bind themselves to it, and a linked wafer view keeps its
choices there. A view that is not linked (there may be several on a page) keeps them in the session.
"""

from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import streamlit as st

from core.drawing.palette import Palette, Theme
from core.ingestion.upload_session import UploadSession
from core.registry.side_by_side import Pair
from core.settings import settings


class Key(StrEnum):
    """Keys of widgets that several pages read."""

    SAFE_COLORS = "safe_colors"


def chosen_palette() -> Palette:
    """Return the palette that the person switched to, the site's default before."""
    safe = _state().get(Key.SAFE_COLORS, settings().color_safe)
    return Palette.SAFE if safe else Palette.STANDARD


def current_theme() -> Theme:
    """Return whether the app is light or dark right now."""
    return Theme.DARK if st.context.theme.type == "dark" else Theme.LIGHT


@dataclass(frozen=True)
class ViewState:
    """What a wafer view remembers: the chosen cluster and the classes that its legend hides.

    Args:
        key: of the view; every view on a page has its own.
        linked: keep it in the query string, as the main view of a page does.
    """

    key: str
    linked: bool = False

    @property
    def canvas_key(self) -> str:
        """Key of the view's canvas."""
        return f"{self.key}-canvas"

    @property
    def show_key(self) -> str:
        """Key of the widget that chooses patterns or a probability; the name in the query string when linked."""
        return "show" if self.linked else f"{self.key}-show"

    def table_key(self, wafer: str) -> str:
        """Key of the cluster table, a new one whenever the map chose a cluster.

        A table's own choice cannot be set, so a new table with the right row chosen takes its place.
        """
        return f"{self.key}-clusters-{wafer}-{_state().get(f'{self.key}-version', 0)}"

    def cluster(self, wafer: str) -> int | None:
        """Number of the cluster zoomed to, None for the whole wafer."""
        text = self._read(f"cluster-{wafer}", "cluster")
        return int(text) if text.isdecimal() else None

    def choose(self, wafer: str, number: int | None) -> None:
        """Zoom to a cluster, or back out with None."""
        self._write(f"cluster-{wafer}", "cluster", "" if number is None else str(number))

    def choose_clicked(self, wafer: str) -> None:
        """Zoom to the cluster that was just clicked on the map."""
        picked = _state()[self.canvas_key].get("picked")
        self.choose(wafer, picked if isinstance(picked, int) else None)
        _state()[f"{self.key}-version"] = _state().get(f"{self.key}-version", 0) + 1

    def choose_row(self, wafer: str, numbers: list[int]) -> None:
        """Zoom to the cluster whose row was just chosen in the table, or out when none is.

        Args:
            wafer: key of the wafer.
            numbers: of the clusters, in the order of the rows.
        """
        rows = _state()[self.table_key(wafer)]["selection"]["rows"]
        self.choose(wafer, numbers[rows[0]] if rows else None)

    def hidden(self) -> list[str]:
        """Classes that the legend hides."""
        return [key for key in self._read("hide", "hide").split(",") if key]

    def keep_hidden(self) -> None:
        """Remember which classes the legend has just hidden."""
        self._write("hide", "hide", ",".join(_state()[self.canvas_key].get("hidden") or ()))

    def _read(self, session_name: str, query_name: str) -> str:
        if self.linked:
            return st.query_params.get(query_name, "")
        return str(_state().get(f"{self.key}-{session_name}", ""))

    def _write(self, session_name: str, query_name: str, value: str) -> None:
        if not self.linked:
            _state()[f"{self.key}-{session_name}"] = value
        elif value:
            st.query_params[query_name] = value
        else:
            st.query_params.pop(query_name, None)


@dataclass(frozen=True)
class EditorMemory:
    """What the session knows of a wafer editor: what the browser sent, and what of it is stored.

    Args:
        key: of the editor's component.
    """

    key: str

    def latest(self, name: str) -> tuple[str, str]:
        """Identity of the wafer and text of the draft that came last under a name, both "" before one came."""
        sent = _state().get(self.key, {}).get(name)
        return (str(sent.get("id", "")), str(sent.get("text", ""))) if isinstance(sent, Mapping) else ("", "")

    def sent(self, identity: str, name: str) -> str | None:
        """Text of the draft that came last under a name, None when it was of another wafer or could not be read."""
        found, text = self.latest(name)
        refused = _state().get(f"{self.key}-refused") == text
        return text if text and found == identity and not refused else None

    def refuse(self, text: str) -> None:
        """Never again look at this text: it is no draft."""
        _state()[f"{self.key}-refused"] = text

    def saved(self, identity: str) -> int:
        """Revision up to which a wafer's draft was stored in this session, 0 for none."""
        revision: int = _state().get(f"{self.key}-saved", {}).get(identity, 0)
        return revision

    def keep_saved(self, identity: str, revision: int) -> None:
        """Remember that a draft is stored; what went wrong before is over."""
        _state().setdefault(f"{self.key}-saved", {})[identity] = revision
        _state().pop(f"{self.key}-problem", None)

    def problem(self) -> str:
        """Why the last draft could not be stored, "" when it could."""
        return str(_state().get(f"{self.key}-problem", ""))

    def keep_problem(self, text: str) -> None:
        """Remember why a draft could not be stored."""
        _state()[f"{self.key}-problem"] = text


def said_name() -> str:
    """Name that the person gave in this session, "" before one was given."""
    return str(_state().get("person-name", ""))


def keep_name(name: str) -> None:
    """Remember the person's name; "" asks for it again."""
    _state()["person-name"] = name


def upload() -> UploadSession:
    """Return the files that this person handed in on the Segment page; they stay when the page is left."""
    held: UploadSession = _state().setdefault("upload", UploadSession())
    return held


def is_new_upload(file_id: str) -> bool:
    """Show whether this upload is seen for the first time, so that its bytes are hashed once and not on every rerun."""
    seen: set[str] = _state().setdefault("upload-uploads", set())
    new = file_id not in seen
    seen.add(file_id)
    return new


def drop_upload() -> None:
    """Forget the files that were handed in, and empty the upload field."""
    drop_widgets("upload", "upload-uploads")
    _state()["upload-round"] = upload_round() + 1


def keep_ab_comparison(name: str, pairs: Sequence[Pair]) -> None:
    """Remember what two models found on the same wafers; the newest takes the place of the one before."""
    _state()["ab"] = (name, pairs)


def kept_ab_comparison(name: str) -> Sequence[Pair] | None:
    """Return what two models found, None where others or other wafers were compared last."""
    held: tuple[str, Sequence[Pair]] = _state().get("ab", ("", ()))
    return held[1] if held[0] == name else None


def upload_round() -> int:
    """Count how often the upload was dropped; widgets that must start anew with it carry the count in their key."""
    count: int = _state().get("upload-round", 0)
    return count


def chosen_tile(browser: str) -> str:
    """Id of the tile that was chosen in a results browser, "" before one was."""
    return str(_state().get(f"{browser}-chosen", ""))


def choose_tile(browser: str, tiles: str) -> None:
    """Keep what was just chosen among the tiles; it outlives the page, unlike the tiles' own state.

    Args:
        browser: key of the results browser.
        tiles: key of its component.
    """
    _state()[f"{browser}-chosen"] = _state()[tiles].get("chosen") or chosen_tile(browser)


def widget_number(key: str, default: int) -> int:
    """Return the whole number that the widget of this key holds, a default before its first run."""
    value = _state().get(key)
    return value if isinstance(value, int) else default


def widget_text(key: str) -> str:
    """Return the text that the widget of this key holds, "" before its first run."""
    return str(_state().get(key) or "")


def clicked_row(table: str) -> int | None:
    """Row of the cell that was just clicked in the table of this key, None for none."""
    cells = _state()[table]["selection"]["cells"]
    return int(cells[0][0]) if cells else None


def clicked_points(chart: str) -> list[int]:
    """Places of the points that are chosen in the first trace of the chart of this key."""
    points = _state()[chart]["selection"]["points"]
    return [int(point["point_index"]) for point in points if point.get("curve_number", 0) == 0]


def clicked_names(chart: str) -> list[str]:
    """What the points that are chosen in the chart of this key carry as their data."""
    return [str(point["customdata"]) for point in _state()[chart]["selection"]["points"] if "customdata" in point]


def drawn_area(chart: str) -> list[tuple[float, float]]:
    """Corners of the box or lasso just drawn in the chart of this key, none where neither was."""
    selection = _state()[chart]["selection"]
    for box in selection.get("box") or ():
        (left, right), (low, high) = box["x"], box["y"]
        return [(left, low), (right, low), (right, high), (left, high)]
    for lasso in selection.get("lasso") or ():
        return list(zip(lasso["x"], lasso["y"], strict=True))
    return []


def chosen_rows(table: str) -> list[int]:
    """Rows that are chosen in the table of this key, none before its first run."""
    state = _state().get(table)
    return list(state["selection"]["rows"]) if state else []


def edited_rows(editor: str) -> dict[int, dict[str, object]]:
    """Cells that were just changed in the data editor of this key, by row and column."""
    edits: dict[int, dict[str, object]] = _state()[editor]["edited_rows"]
    return edits


def set_widget(key: str, value: object) -> None:
    """Set a widget of this key, before it is drawn."""
    _state()[key] = value


def drop_widgets(*keys: str) -> None:
    """Put widgets back to their defaults, before they are drawn."""
    for key in keys:
        _state().pop(key, None)


def _state() -> MutableMapping[Any, Any]:
    state: MutableMapping[Any, Any] = st.session_state
    return state
