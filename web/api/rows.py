"""Rows of tables as JSON has them: nothing where pandas has its signs for nothing, times in UTC."""

from datetime import UTC, date
from typing import Any

import numpy as np
import pandas as pd

Row = dict[str, Any]


def rows(table: pd.DataFrame) -> list[Row]:
    """Return the rows of a table, by the names of its columns."""
    return [{str(name): plain(value) for name, value in row.items()} for row in table.to_dict("records")]


def plain(value: Any) -> Any:  # noqa: ANN401 - a cell of any column
    """Return a cell as JSON has it.

    Example:
        >>> plain(np.float64("nan")), plain(np.int64(3)), plain(np.array([1, 2]))
        (None, 3, [1, 2])
    """
    if isinstance(value, np.ndarray | list | tuple):
        return [plain(one) for one in value]
    if isinstance(value, str | dict | bool):
        return value
    if pd.isna(value) or value in (float("inf"), float("-inf")):
        return None
    if isinstance(value, pd.Timestamp):
        return value.to_pydatetime().replace(tzinfo=UTC)
    if isinstance(value, np.generic):
        return value.item()
    return value.isoformat() if isinstance(value, date) else value
