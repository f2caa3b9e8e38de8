"""Tables on their way out as CSV."""

import pandas as pd

from core.exports.cells import plain


def frame_csv(table: pd.DataFrame) -> str:
    r"""Write a table as CSV: names of columns first, undefined cells empty, nothing that a spreadsheet would run.

    Pages and jobs write tables of pandas here alone; names of columns may be people's text as cells are.

    Example:
        >>> frame_csv(pd.DataFrame({"lot": ["L1", "=1+1"], "share": [0.5, None]}))
        "lot,share\nL1,0.5\n'=1+1,\n"
    """
    text: str = table.map(plain).rename(columns=plain).to_csv(index=False, lineterminator="\n")
    return text
