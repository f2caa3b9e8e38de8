"""Which wafers, in which order: a filter as all pages share it, and the words it becomes in SQL."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from core.lake.rows import utc_naive
from core.lake.schema import ZONES
from data.classes import CLASS_KEYS
from data.errors import LakeError

PAGE_COLUMNS = (
    "key",
    "lot_id",
    "wafer_id",
    "product",
    "test_program",
    "step",
    "tested_at",
    "tested_count",
    "fail_count",
    "yield_fraction",
    "severity",
    "cluster_count",
    "affected_dies",
    "classes_present",
    "dominant_class",
    "mean_confidence",
    "model",
    "segmented_at",
    "source_name",
)
SORT_COLUMNS = tuple(name for name in PAGE_COLUMNS if name != "classes_present")
DISTINCT_COLUMNS = ("product", "lot_id", "test_program", "step", "dominant_class", "model")
NEWEST_FIRST = "-tested_at"


@dataclass(frozen=True)
class WaferFilter:
    """Which wafers of the lake; an empty field lets every wafer through.

    Args:
        product: one of these products; a single name may be given as it is.
        lot: one of these lots.
        since: tested at this time or later; without a zone it is UTC.
        until: tested before this time.
        defect_class: at least one of these classes was found.
        severity_min: severity of at least this, 0 to 100.
        severity_max: severity of at most this.
        zone: a cluster lies in one of these zones (center, middle, edge): one of `defect_class`, where that is given.
        attribute: each of these holds, "litho_tool=LITHO-2": an entry of the process history, the test program or the
            step of the test; with a step, `Lake.seen_by` shows each wafer's newest test of it.
        undated: only wafers that do not say when they were tested.
        text: stands in the key, product, test program, step or file name, in upper or lower case.

    Example:
        >>> WaferFilter(product="TC38", severity_min=50).where()
        ('product IN (SELECT unnest(?)) AND severity >= ?', [['TC38'], 50])
    """

    product: str | Sequence[str] = ()
    lot: str | Sequence[str] = ()
    since: datetime | None = None
    until: datetime | None = None
    defect_class: str | Sequence[str] = ()
    severity_min: float | None = None
    severity_max: float | None = None
    zone: str | Sequence[str] = ()
    attribute: str | Sequence[str] = ()
    text: str = ""
    undated: bool = False

    @property
    def step(self) -> str:
        """The step of the test that is chosen, "" where none is."""
        entries = (entry.partition("=") for entry in _names(self.attribute))
        return next((value.strip() for name, _, value in entries if name.strip() == "step"), "")

    def where(self) -> tuple[str, list[object]]:
        """Return the condition on the view `wafers`, ready to follow WHERE, and its parameters in order."""
        found = [
            (sql, value)
            for sql, value in (
                ("product IN (SELECT unnest(?))", _names(self.product)),
                ("lot_id IN (SELECT unnest(?))", _names(self.lot)),
                ("tested_at >= ?", utc_naive(self.since)),
                ("tested_at < ?", utc_naive(self.until)),
                ("list_has_any(classes_present, ?)", _names(self.defect_class)),
                ("severity >= ?", self.severity_min),
                ("severity <= ?", self.severity_max),
                (
                    "contains(lower(concat_ws(chr(10), key, product, test_program, step, source_name)), ?)",
                    self.text.lower(),
                ),
            )
            if value is not None and value not in ([], "")
        ]
        steps = [_step(entry) for entry in _names(self.attribute)]
        return (
            " AND ".join([*(sql for sql, _ in (*found, *steps)), *self._zones(), *self._undated()]) or "true",
            [*(value for _, value in found), *(value for _, values in steps for value in values)],
        )

    def _undated(self) -> list[str]:
        return ["tested_at IS NULL"] if self.undated else []

    def _zones(self) -> list[str]:
        zones = [checked_column(zone, ZONES) for zone in _names(self.zone)]
        classes = _names(self.defect_class) or CLASS_KEYS
        sums = [f"zone_{zone}_{checked_column(key, CLASS_KEYS)}" for zone in zones for key in classes]
        return [f"{' + '.join(sums)} > 0"] if sums else []


def order_by(sort: str) -> str:
    """Turn "column" or "-column" (largest first) into an order that leaves no ties; unknown values come last.

    Raises:
        LakeError: the table cannot be sorted by that column.

    Example:
        >>> order_by("-severity")
        'severity DESC NULLS LAST, key'
    """
    column = checked_column(sort.removeprefix("-"), SORT_COLUMNS)
    return f"{column} {'DESC' if sort.startswith('-') else 'ASC'} NULLS LAST, key"


def after_row(sort: str, value: object, key: str) -> tuple[str, list[object]]:
    """Return the condition on rows that come after a row in an order of `order_by`, and its parameters in order.

    Args:
        sort: as for `order_by`.
        value: of the column it sorts by, in that row; None where it is unknown.
        key: of that row.

    Raises:
        LakeError: the table cannot be sorted by that column.

    Example:
        >>> after_row("-severity", None, "L1:W01")
        ('(severity IS NULL AND key > ?)', ['L1:W01'])
    """
    column = checked_column(sort.removeprefix("-"), SORT_COLUMNS)
    if value is None:
        return f"({column} IS NULL AND key > ?)", [key]
    beyond = "<" if sort.startswith("-") else ">"
    return f"({column} {beyond} ? OR {column} IS NULL OR ({column} = ? AND key > ?))", [value, value, key]


def checked_column(name: str, allowed: Sequence[str]) -> str:
    """Return back a column's name that may stand in SQL.

    Raises:
        LakeError: it is not one of those allowed.
    """
    if name not in allowed:
        raise LakeError("wafers", f"there is no column {name!r} to use here", f"Use {', '.join(allowed)}.")
    return name


def _step(entry: str) -> tuple[str, list[object]]:
    """Condition of one "name=value"."""
    name, _, value = (part.strip() for part in entry.partition("="))
    if name in ("test_program", "step"):
        return f"{name} = ?", [value]
    return "attributes[?] = ?", [name, value]


def _names(names: str | Sequence[str]) -> list[str]:
    return [names] if isinstance(names, str) and names else list(names)
