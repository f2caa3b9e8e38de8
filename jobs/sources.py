"""The files a job was given: what could not be read is printed at once, and decides about the exit status."""

import sys
from collections.abc import Sequence
from pathlib import Path

from core.ingestion.sources import Sources
from data.formats import ReadFailure, ReadOptions


def sources_of(paths: Sequence[Path], options: ReadOptions | None = None) -> Sources:
    """Return the wafers of files, folders and zips.

    Args:
        paths: files, folders or zips.
        options: how to read them; None for the defaults.
    """
    return Sources(paths, options, _print)


def verdict(sources: Sources) -> int:
    """Return the exit status once all is read: 0 when every file gave its wafers, 1 when one failed or none came."""
    if not sources.wafers and not sources.failures:
        print("There is no file in the given paths. Name wafer files, folders or zips.", file=sys.stderr)
    return 0 if sources.wafers and not sources.failures else 1


def _print(failure: ReadFailure) -> None:
    print(f"\r{failure.reason}", file=sys.stderr)
