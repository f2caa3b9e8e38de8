from datetime import UTC, datetime

import numpy as np
import pytest

from core.identity import Person
from core.reports import wafer_pdf, wafer_xlsx
from data.wafer import WaferMap
from tests.core.lake_examples import drawn, found_on
from tests.core.reports.report_readers import cells

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
BINS = np.arange(12 * 13, dtype=np.uint16).reshape(12, 13)


@pytest.mark.parametrize("classes", [(), ("edge",), ("ring", "scratch", "particle")])
@pytest.mark.parametrize("fields", [{}, {"tested_at": None, "product": "", "attributes": {}}])
def test_every_segmented_wafer_has_a_report(classes, fields):
    result = found_on(drawn(1, **fields), *classes)
    assert wafer_pdf(result, Person("eva"), NOW).startswith(b"%PDF")


def test_the_workbook_holds_facts_clusters_and_failing_dies():
    result = found_on(drawn(1, bins=BINS, attributes={"tool": "=cmd"}), "edge", "ring")
    content = wafer_xlsx(result, NOW)
    facts = cells(content, 1)
    assert ("s", "=cmd") in facts.values()
    assert facts["B2"] == ("s", result.wafer.key)
    dies = cells(content, 3)
    rows, columns = np.nonzero(result.wafer.failing)
    for at, (row, column) in enumerate(zip(rows, columns, strict=True), 2):
        assert (dies[f"A{at}"][1], dies[f"B{at}"][1], dies[f"C{at}"][1]) == (row, column, BINS[row, column])
    assert f"A{len(rows) + 2}" not in dies
    at = int(np.flatnonzero(result.segmentation.masks[0][rows, columns])[0]) + 2
    assert dies[f"D{at}"][1].startswith("Edge")


@pytest.mark.slow
@pytest.mark.parametrize("shape", [(600, 3), (3, 600), (1, 1)])
def test_names_and_grids_of_any_size_fit_on_pages(shape):
    long = "name " * 2000
    attributes = {f"step_{n}": long for n in range(60)}
    wafer = WaferMap(dies=np.full(shape, 2), lot_id=long, wafer_id=long, product=long, attributes=attributes)
    assert wafer_pdf(found_on(wafer, "edge"), Person(long), NOW).startswith(b"%PDF")
