"""Tables on their way out as CSV."""

import pandas as pd

from core.exports.cells import plain


def frame_csv(table: pd.DataFrame) -> str:
    r"""Write a table as CSV: names of columns first, undefined cells empty, nothing that a spreadsheet would run.

    Pages and jobs write tables of pandas here alone; names of columns may be people's text as cells are. Times stand in
    UTC, which the heading says.

    Example:
        >>> frame_csv(pd.DataFrame({"lot": ["L1", "=1+1"], "share": [0.5, None]}))
        "lot,share\nL1,0.5\n'=1+1,\n"
    """
    shown = pd.DataFrame({name: table[name].map(plain) for name in table.columns})
    headings = {name: plain(name) for name in table.columns} | utc_headings(table)
    text: str = shown.rename(columns=headings).to_csv(index=False, lineterminator="\n")
    return text


def utc_headings(table: pd.DataFrame) -> dict[str, str]:
    """Return the headings of the columns that hold times, with the zone that these are in.

    Example:
        >>> utc_headings(pd.DataFrame({"tested_at": pd.to_datetime(["2026-05-01 14:30"]), "lot": ["L1"]}))
        {'tested_at': 'tested_at (UTC)'}
    """
    times = [str(name) for name in table.select_dtypes(include=["datetime", "datetimetz"]).columns]
    return {name: name if "utc" in name.lower() else f"{name} (UTC)" for name in times}
