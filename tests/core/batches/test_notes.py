from dataclasses import fields
from datetime import UTC, datetime, timedelta

import pytest

from core.batches.notes import FORMER_FIELDS, BatchRequest, Read
from data.formats import ReadFailure


@pytest.mark.parametrize("counts", [(), (128,), (128, 128, 7)])
def test_reading_gave_as_many_wafers_as_its_parts_hold_and_failures_are_none(counts):
    assert Read(counts, (ReadFailure("a.png", "a.png is empty."),)).wafers == sum(counts)


def test_a_request_says_when_it_was_asked_in_utc_to_the_second():
    asked = datetime.fromisoformat(BatchRequest("t", "ana").asked_at)
    assert asked.utcoffset() == timedelta(0)
    assert asked.microsecond == 0
    assert datetime.now(UTC) - asked < timedelta(hours=1)


def test_former_names_stand_for_fields_that_there_are_and_are_none_themselves():
    names = {field.name for field in fields(BatchRequest)}
    assert set(FORMER_FIELDS.values()) <= names
    assert not names & set(FORMER_FIELDS)
