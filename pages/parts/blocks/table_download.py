"""A table's way out."""

import pandas as pd

from core.exports.cells import encoded_csv
from core.exports.frames import frame_csv
from pages.parts.blocks.taking import take_button, told


def csv_button(table: pd.DataFrame, name: str, *, label: str = "CSV") -> None:
    """Offer a table as CSV, all of its rows and columns.

    Args:
        table: what is written, when the button is pressed.
        name: of the file, without its ending; it keys the button.
        label: on the button.
    """
    take_button(
        label,
        data=told(lambda: encoded_csv(frame_csv(table)), f"{name}.csv"),
        file_name=f"{name}.csv",
        mime="text/csv",
        on_click="ignore",
        disabled=table.empty,
        key=f"{name}-csv",
    )
