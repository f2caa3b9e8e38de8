"""The lake: facts that machines append, in Parquet parts, read through DuckDB."""

from core.lake.filter import WaferFilter
from core.lake.lake import Lake

__all__ = ["Lake", "WaferFilter"]
