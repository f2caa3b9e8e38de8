from dataclasses import replace
from datetime import UTC, datetime

import pytest

from core.identity import Person
from core.registry.card import shipped_card
from core.registry.gate import Check
from core.registry.sheet import trust_sheet
from core.reports.trust_report import checks_table, classes_table, headline, trust_pdf
from core.settings import Settings

AT = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def sheet():
    return trust_sheet(shipped_card(), Settings())


def test_the_shipped_models_sheet_is_a_pdf_that_comes_out_the_same_twice(sheet):
    first, again = (trust_pdf(sheet, Person("ana"), AT) for _ in range(2))
    assert first.startswith(b"%PDF")
    assert first == again


def test_failed_conditions_stand_first():
    checks = [Check("A", "1", "2", passed=True), Check("B", "3", "4", passed=False)]
    assert [row[0] for row in checks_table(checks).rows] == ["B", "A"]
    assert checks_table(checks).rows[0][-1] == "FAILED"


def test_the_trivial_baseline_stands_beside_every_score_over_dies(sheet):
    for entry in sheet.reached:
        titles = [column.title for column in classes_table(entry).columns]
        assert ("Trivial baseline" in titles) == entry.by_die
        assert all(len(row) == len(titles) for row in classes_table(entry).rows)


@pytest.mark.parametrize(
    ("count", "demo", "name", "said"),
    [
        (2, 0, "IoU over dies, labels:now (2 of the 30 needed)", "–"),
        (29, 0, "IoU over dies, labels:now (29 of the 30 needed)", "–"),
        (30, 0, "IoU over dies, labels:now (30)", "0.993"),
        (30, 30, "IoU over dies, labels:now, demo fab (30)", "0.993"),
    ],
)
def test_a_headline_names_its_wafers_and_says_nothing_of_too_few(count, demo, name, said):
    """Classes of 0.990 and 0.996: their mean is 0.993."""
    scores = {"edge": 0.990, "ring": 0.996, "mean": 0.993}
    report = {"data": "labels:now", "n": count, "demo": demo, "iou_over_dies": scores}
    sheet = trust_sheet(replace(shipped_card(), reports={"labels:now": report}), Settings())
    assert next(iter(headline(sheet).items())) == (name, said)
