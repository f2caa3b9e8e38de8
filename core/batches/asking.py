"""Which wafers of the lake a batch is about."""

from pathlib import Path

from core.annotation.filling import named_wafers
from core.lake import Lake, WaferFilter
from data.errors import BatchError

WIDEN = "Widen the filter, or correct the names."


def lake_keys(lake: Lake, where: WaferFilter, names: Path | str | None = None) -> tuple[str, ...]:
    """List wafers of the lake, sorted by name; fixed from here on, whatever the lake takes in later.

    Args:
        lake: the lake.
        where: which of its wafers.
        names: a file, or a text, that names wafers as LOT:WAFER; only those, in its order. None for all.

    Raises:
        BatchError: no wafer fits, or a name is not in the lake.
        OSError: the file cannot be read.
    """
    condition, parameters = where.where()
    found = tuple(lake.query(f"SELECT key FROM wafers WHERE {condition} ORDER BY key", parameters)["key"])
    if names is not None:
        text = names if isinstance(names, str) else names.read_text(encoding="utf-8", errors="replace")
        named = named_wafers(lake, text)
        if named.unknown:
            more = f" and {len(named.unknown) - 5:,} more" if len(named.unknown) > 5 else ""
            raise BatchError("wafers", f"the lake holds no {', '.join(named.unknown[:5])}{more}", WIDEN)
        let_through = set(found)
        found = tuple(key for key in named.known if key in let_through)
    if not found:
        raise BatchError("wafers", "no wafer of the lake fits", WIDEN)
    return found
