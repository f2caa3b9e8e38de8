"""An app database of the last release, whose trail was not chained, is opened by this one."""

from datetime import UTC, datetime, timedelta

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import JSON, DateTime, bindparam, create_engine, text

from core.database import AppDatabase
from core.database.app_database import url_of
from core.database.audit import entries, record
from core.database.chain import verify
from core.database.migrating import MIGRATIONS
from core.identity import Person

START = datetime(2026, 3, 1, 17, 0, 0, 123456, tzinfo=UTC)
OLD = text(
    "INSERT INTO audit (at, person, origin, action, subject, details) VALUES (:at, :p, :o, :a, :s, :d)"
).bindparams(bindparam("at", type_=DateTime(timezone=True)), bindparam("d", type_=JSON))
ROWS = 2345


def stepped(place, step, statements=()):
    """Take a database up or down to a step, and then run statements."""
    engine = create_engine(url_of(place))
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("path_separator", "os")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        (command.downgrade if step.startswith("-") else command.upgrade)(config, step)
        for statement, values in statements:
            connection.execute(statement, values)
        held = connection.execute(text("SELECT id, person, action, subject FROM audit ORDER BY id")).all()
    engine.dispose()
    return held


def old_row(number):
    moment = (START + timedelta(seconds=number)).replace(microsecond=0 if number % 3 == 0 else number)
    who = {"p": "Ana Novak", "o": "account"} if number % 7 == 0 else {"p": f"ben {number % 5}", "o": "local"}
    details = {"n": number, "said": "worn ✓", "x": 0.1 * number, "none": None, "list": [1, {"b": 1, "a": 2}]}
    action = "sign-in.refused" if number % 11 == 0 else "finding.write"
    return {"at": moment, "a": action, "s": f"wafer L:{number}", "d": details, **who}


@pytest.fixture
def old_place(place):
    account = text(
        "INSERT INTO accounts (id, name, email, sign_in, role, active, created_at) "
        "VALUES (5, 'Ana Novak', 'ana@fab.example', 'local', 'admin', true, '2026-01-01 00:00:00')"
    )
    stepped(place, "0009", [(account, {}), (OLD, [old_row(n) for n in range(1, ROWS + 1)])])
    return place


def test_every_record_is_kept_and_chained_and_the_table_is_closed_again(old_place):
    database = AppDatabase(old_place)
    with database.reading() as session:
        found = verify(session)
        assert (found.rows, found.fault) == (ROWS, None)
        held = {entry.id: entry for entry in entries(session, limit=ROWS)}
    for number in range(1, ROWS + 1):
        entry, old = held[number], old_row(number)
        assert (entry.at, entry.action, entry.subject, entry.details) == (old["at"], old["a"], old["s"], old["d"])
        known = old["o"] == "account"
        assert (entry.person, entry.person_id) == (("", 5) if known else (old["p"], None))
        assert entry.result == ("refused" if old["a"] == "sign-in.refused" else "done")
    with pytest.raises(Exception, match="append-only"), database.writing() as session:
        session.execute(text("UPDATE audit SET person = 'eve'"))
    with pytest.raises(Exception, match="append-only"), database.writing() as session:
        session.execute(text("DELETE FROM audit"))
    with database.writing() as session:
        record(session, Person("Ana Novak", "account", 5), "b.c", "s", {})
    with database.reading() as session:
        assert (verify(session).rows, verify(session).fault) == (ROWS + 1, None)
    database.close()


def test_the_step_back_keeps_every_record_under_its_name(old_place):
    before = stepped(old_place, "0009")
    stepped(old_place, "0010")
    assert stepped(old_place, "-1") == before


def test_numbers_that_were_never_given_are_no_gap(place):
    gap = text(
        "INSERT INTO audit (id, at, person, origin, action, subject, details) "
        "SELECT 40, at, person, origin, action, subject, details FROM audit"
    )
    stepped(place, "0009", [(OLD, old_row(1)), (gap, {})])
    database = AppDatabase(place)
    with database.reading() as session:
        assert (verify(session).rows, verify(session).fault) == (2, None)
    database.close()
