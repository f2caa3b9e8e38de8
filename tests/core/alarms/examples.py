"""Wafers as severe as a test wants them."""

from dataclasses import replace

from core.analysis.result import WaferResult
from core.lake import Lake
from tests.core.lake_examples import drawn, found_on


def severe(number: int, value: float, *classes: str, **fields) -> WaferResult:
    """A result of a given severity."""
    result = found_on(drawn(number, **{"product": "TC38", **fields}), *classes)
    return replace(result, severity=replace(result.severity, score=value))


def keep(lake: Lake, *results: WaferResult) -> None:
    """Append wafers and results."""
    lake.append_wafers(result.wafer for result in results)
    lake.append_results(results)
