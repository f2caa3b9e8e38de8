"""What views of a wafer remember: the cluster zoomed to, the classes hidden."""

from dataclasses import dataclass

import streamlit as st


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
        return f"{self.key}-clusters-{wafer}-{st.session_state.get(f'{self.key}-version', 0)}"

    def cluster(self, wafer: str) -> int | None:
        """Number of the cluster zoomed to, None for the whole wafer."""
        text = self._read(f"cluster-{wafer}", "cluster")
        return int(text) if text.isdecimal() else None

    def choose(self, wafer: str, number: int | None) -> None:
        """Zoom to a cluster, or back out with None."""
        self._write(f"cluster-{wafer}", "cluster", "" if number is None else str(number))

    def choose_clicked(self, wafer: str) -> None:
        """Zoom to the cluster that was just clicked on the map."""
        picked = st.session_state[self.canvas_key].get("picked")
        self.choose(wafer, picked if isinstance(picked, int) else None)
        st.session_state[f"{self.key}-version"] = st.session_state.get(f"{self.key}-version", 0) + 1

    def choose_row(self, wafer: str, numbers: list[int]) -> None:
        """Zoom to the cluster whose row was just chosen in the table, or out when none is.

        Args:
            wafer: key of the wafer.
            numbers: of the clusters, in the order of the rows.
        """
        rows = st.session_state[self.table_key(wafer)]["selection"]["rows"]
        self.choose(wafer, numbers[rows[0]] if rows else None)

    def hidden(self) -> list[str]:
        """Classes that the legend hides."""
        return [key for key in self._read("hide", "hide").split(",") if key]

    def keep_hidden(self) -> None:
        """Remember which classes the legend has just hidden."""
        self._write("hide", "hide", ",".join(st.session_state[self.canvas_key].get("hidden") or ()))

    def _read(self, session_name: str, query_name: str) -> str:
        if self.linked:
            return st.query_params.get(query_name, "")
        return str(st.session_state.get(f"{self.key}-{session_name}", ""))

    def _write(self, session_name: str, query_name: str, value: str) -> None:
        if not self.linked:
            st.session_state[f"{self.key}-{session_name}"] = value
        elif value:
            st.query_params[query_name] = value
        else:
            st.query_params.pop(query_name, None)
