"""What a KLARF summary counts, held against the defects and dies that were read."""

from collections.abc import Iterable, Mapping, Sequence

from data.formats.klarf.model import Defect
from data.formats.klarf.words import Word

Dies = frozenset[tuple[int, int]]


def count_remarks(
    summaries: Sequence[Mapping[str, Word]], defects: Sequence[Defect], plans: Sequence[Dies], inspected: int
) -> list[str]:
    """Compare the summary of a wafer's tests with what was read.

    Args:
        summaries: one row a test: NDEFECT, NDEFDIE and NDIE, as far as the file has them.
        defects: of the wafer.
        plans: dies of each test's sample plan.
        inspected: dies that were inspected in any test, without those removed.

    Returns:
        One sentence for each count that differs; what cannot be counted test by test is passed over.
    """
    planned = sum(len(plan) for plan in plans)
    if len(summaries) == 1:
        dies, failing = {planned, inspected}, {len({(defect.x_index, defect.y_index) for defect in defects})}
    else:
        by_test = {(defect.review.get("TEST"), defect.x_index, defect.y_index) for defect in defects}
        failing = set() if any(test is None for test, _, _ in by_test) else {len(by_test)}
        dies = {planned} if len(plans) == len(summaries) else set()
    said = (
        ("NDEFECT", "defects", {len(defects)}, len(defects)),
        ("NDEFDIE", "dies with defects", failing, max(failing, default=0)),
        ("NDIE", "inspected dies", dies if planned else set(), inspected if len(summaries) == 1 else planned),
    )
    return [
        f"The summary declares {declared} {what} ({name}), {read} were read."
        for name, what, ways, read in said
        if ways and (declared := _total(row.get(name) for row in summaries)) is not None and declared not in ways
    ]


def _total(words: Iterable[Word | None]) -> int | None:
    """Add a column up; None where a row has no whole number there, or there is no row."""
    total = None
    for word in words:
        try:
            number = float(word.text) if word else -1.0
        except ValueError:
            return None
        if number < 0 or number != number // 1 or number > 2**53:
            return None
        total = (total or 0) + int(number)
    return total
