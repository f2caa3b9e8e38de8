from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import StatementError

from core.database.audit import AuditEntry, record
from core.database.schema import Choice, Moment, now, row_by_id
from core.identity import Person
from data.errors import AppDatabaseError

DIALECTS = (sqlite.dialect(), postgresql.dialect())
zones = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
moments = st.datetimes(datetime(1971, 1, 1), datetime(2200, 1, 1), timezones=zones)


class Colour(StrEnum):
    RED = "red"


@given(moment=moments, dialect=st.sampled_from(DIALECTS))
def test_a_time_comes_back_as_the_same_moment_in_utc(moment, dialect):
    held = Moment().process_bind_param(moment, dialect)
    assert (held.tzinfo is None) == (dialect.name == "sqlite")
    back = Moment().process_result_value(held, dialect)
    assert back == moment
    assert back.tzinfo is UTC


def test_a_database_that_answers_in_its_own_zone_is_understood():
    east = datetime(2026, 3, 1, 17, tzinfo=timezone(timedelta(hours=5)))
    back = Moment().process_result_value(east, DIALECTS[1])
    assert (back, back.tzinfo, back.hour) == (east, UTC, 12)


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
def test_no_time_is_no_time_and_one_without_a_zone_is_refused(dialect):
    assert Moment().process_bind_param(None, dialect) is None
    assert Moment().process_result_value(None, dialect) is None
    with pytest.raises(ValueError, match="expected a time with a zone, found 2026-03-01T00:00:00"):
        Moment().process_bind_param(datetime(2026, 3, 1), dialect)


def test_a_choice_is_kept_as_its_text_and_read_as_its_value():
    choice = Choice(Colour)
    assert choice.process_result_value("red", DIALECTS[0]) is Colour.RED
    assert choice.process_result_value(None, DIALECTS[0]) is None
    with pytest.raises(ValueError, match="'green' is not a valid Colour"):
        choice.process_result_value("green", DIALECTS[0])


def test_the_present_is_aware_and_in_utc():
    assert now().tzinfo is UTC
    assert abs(now() - datetime.now(UTC)) < timedelta(minutes=1)


def entry(moment):
    return AuditEntry(at=moment, person="ana", origin="test", action="a.b", subject="s", details={})


def test_a_database_holds_microseconds_and_finds_by_moment_whatever_the_zone(database):
    east = datetime(2026, 3, 1, 17, 0, 0, 123456, tzinfo=timezone(timedelta(hours=5)))
    with database.writing() as session:
        session.add_all([entry(east), entry(east + timedelta(microseconds=1))])
    with database.reading() as session:
        found = session.scalars(select(AuditEntry.at).where(AuditEntry.at <= east.astimezone(UTC))).all()
    assert found == [east]


def test_a_time_without_a_zone_is_written_to_no_database(database):
    with pytest.raises(StatementError, match="expected a time with a zone"), database.writing() as session:
        session.add(entry(datetime(2026, 3, 1)))
    with database.reading() as session:
        assert session.execute(text("SELECT count(*) FROM audit WHERE subject = 's'")).scalar() == 0


def test_a_row_is_found_by_its_number_or_the_table_s_words_say_that_there_is_none(database):
    with database.writing() as session:
        record(session, Person("ana"), "thing.do", "thing 7", {})
        session.flush()
        (entry,) = session.scalars(select(AuditEntry))
        assert row_by_id(session, AuditEntry, entry.id, "entry", "Look.") is entry
        with pytest.raises(AppDatabaseError, match=rf"^entry {entry.id + 1}: there is no such entry\. Look\.$"):
            row_by_id(session, AuditEntry, entry.id + 1, "entry", "Look.")
