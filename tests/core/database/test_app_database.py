import sqlite3
import threading
import time
import uuid

import pytest
from sqlalchemy import create_engine, func, insert, make_url, select, text, update
from sqlalchemy.exc import DBAPIError

from core.database import AppDatabase
from core.database.audit import AuditEntry
from core.database.chain import verify
from core.database.schema import now
from core.root_causes import Finding, findings_by_keys, write_finding
from data.errors import AppDatabaseError
from tests.core.database.worker import processes, write


def keys_told(path):
    return set(path.read_text().splitlines()) if path.exists() else set()


def counts(database):
    with database.reading() as session:
        return tuple(session.scalar(select(func.count()).select_from(table)) for table in (Finding, AuditEntry))


def test_what_was_written_is_there_after_opening_again(place, ana):
    first = AppDatabase(place)
    with first.writing() as session:
        write_finding(session, "L1:W01", "worn pad", "scratch to the oxide", ana)
    first.close()
    second = AppDatabase(place)
    with second.reading() as session:
        found = findings_by_keys(session, ["L1:W01"])["L1:W01"]
    assert (found.root_cause, found.fa_finding, found.written_by) == ("worn pad", "scratch to the oxide", "ana")
    assert found.written_at.utcoffset().total_seconds() == 0
    second.close()


def test_a_block_that_raises_leaves_nothing(database, ana):
    def raises_late():
        with database.writing() as session:
            write_finding(session, "L1:W01", "worn pad", "", ana)
            session.flush()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        raises_late()
    assert counts(database) == (0, 0)


def test_a_reader_sees_one_moment(database, ana):
    with database.reading() as session:
        before = session.scalar(select(func.count()).select_from(Finding))
        with database.writing() as other:
            write_finding(other, "L1:W01", "worn pad", "", ana)
        assert session.scalar(select(func.count()).select_from(Finding)) == before == 0
    assert counts(database) == (1, 1)


def test_threads_that_read_and_then_write_never_overtake_each_other(database, ana):
    def count_up():
        for _ in range(10):
            with database.writing() as session:
                newest = findings_by_keys(session, ["L1:W01"]).get("L1:W01")
                write_finding(session, "L1:W01", str(int(newest.root_cause) + 1 if newest else 1), "", ana)

    threads = [threading.Thread(target=count_up) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.reading() as session:
        assert findings_by_keys(session, ["L1:W01"])["L1:W01"].root_cause == "80"


@pytest.mark.slow
def test_two_processes_that_open_a_new_database_at_once_both_write_everything(place, tmp_path):
    writers = [processes.Process(target=write, args=(place, name, 40, tmp_path / name)) for name in ("ana", "ben")]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert [writer.exitcode for writer in writers] == [0, 0]
    database = AppDatabase(place)
    assert counts(database) == (80, 80)
    with database.reading() as session:
        assert verify(session).fault is None  # two processes, one chain
    database.close()


@pytest.mark.slow
@pytest.mark.parametrize("wanted", [1, 7, 23])
def test_a_killed_writer_loses_nothing_acknowledged_and_leaves_nothing_half(place, tmp_path, wanted):
    told = tmp_path / "told"
    writer = processes.Process(target=write, args=(place, "ana", 10_000, told))
    writer.start()
    while writer.is_alive() and len(keys_told(told)) < wanted:
        time.sleep(0.002)
    writer.kill()
    writer.join()
    acknowledged = {line for line in keys_told(told) if line}
    assert len(acknowledged) >= wanted
    database = AppDatabase(place)
    with database.reading() as session:
        held = set(session.scalars(select(Finding.wafer_key)))
        audited = {s.removeprefix("wafer ") for s in session.scalars(select(AuditEntry.subject))}
        assert verify(session).fault is None
    assert acknowledged <= held == audited
    with database.writing() as session:  # the dead one holds no lock
        assert session.scalar(select(func.count()).select_from(Finding)) == len(held)
    database.close()


def test_the_audit_trail_cannot_be_edited(database, ana):
    with database.writing() as session:
        write_finding(session, "L1:W01", "worn pad", "", ana)
    again = insert(AuditEntry).values(id=1, at=now(), person="ben", origin="", action="", subject="", details={})
    before = {"address": "", "request_id": "", "result": "done", "previous": "p", "hash": "h"}
    for statement in (update(AuditEntry).values(person="ben"), text("DELETE FROM audit"), again.values(before)):
        with pytest.raises(DBAPIError, match="append-only"), database.writing() as session:
            session.execute(statement)
    with database.reading() as session:
        assert session.scalars(select(AuditEntry.person)).all() == ["ana"]


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
def test_replacing_a_row_of_the_audit_trail_is_editing_it(database, ana):
    with database.writing() as session:
        write_finding(session, "L1:W01", "worn pad", "", ana)
    with pytest.raises(DBAPIError, match="append-only"), database.writing() as session:
        session.execute(text("INSERT OR REPLACE INTO audit SELECT * FROM audit"))


@pytest.mark.parametrize("place", ["postgresql"], indirect=True)
def test_the_role_of_the_app_may_not_edit_the_audit_trail(place, ana):
    """The role is a plain one, as a site's would be: one that owns the tables and has no more rights."""
    role = f"app_{uuid.uuid4().hex}"
    url = make_url(place).set(drivername="postgresql+pg8000")
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE ROLE {role} LOGIN PASSWORD '{role}'"))
        connection.execute(text(f"GRANT CREATE, USAGE ON SCHEMA public TO {role}"))
    app = AppDatabase(make_url(place).set(username=role, password=role).render_as_string(hide_password=False))
    try:
        with app.writing() as session:
            write_finding(session, "L1:W01", "worn pad", "", ana)
        for statement in ("UPDATE audit SET person = 'ben'", "DELETE FROM audit", "TRUNCATE audit"):
            with pytest.raises(DBAPIError, match="permission denied"), app.writing() as session:
                session.execute(text(statement))
            with pytest.raises(DBAPIError, match="append-only"), engine.connect() as connection:  # nor a superuser
                connection.execute(text(statement))
        assert counts(app) == (1, 1)
    finally:
        app.close()
        with engine.connect() as connection:
            connection.execute(text(f"DROP OWNED BY {role}"))
            connection.execute(text(f"DROP ROLE {role}"))
        engine.dispose()


def test_a_database_of_a_newer_version_is_refused_and_left_alone(database, place):
    engine = create_engine(database.url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(AppDatabaseError, match="a newer version of Waferscope has written it"):
        AppDatabase(place)
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT version_num FROM alembic_version")) == "9999"
    engine.dispose()


def test_a_file_that_is_no_database_is_refused_in_a_sentence(tmp_path):
    path = tmp_path / "decisions.db"
    path.write_bytes(b"not a database at all, " * 100)
    with pytest.raises(AppDatabaseError, match="file is not a database"):
        AppDatabase(path)


def test_a_place_that_cannot_be_is_refused_in_a_sentence(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(AppDatabaseError, match="cannot be used"):
        AppDatabase(tmp_path / "file" / "decisions.db")


@pytest.mark.parametrize("place", ["mysql://host/db", "nonsense://", "sqlite:///a.db"])
def test_other_databases_are_refused_in_a_sentence(place):
    with pytest.raises(AppDatabaseError, match="expected a file's path or a postgresql:// URL"):
        AppDatabase(place)


def test_a_server_that_is_not_there_is_said_without_the_password():
    with pytest.raises(AppDatabaseError, match="cannot be used") as caught:
        AppDatabase("postgresql://wafer:secret@127.0.0.1:1/nothing")
    assert "secret" not in str(caught.value)


def test_a_wrong_database_name_is_said_as_the_server_says_it(server):
    with pytest.raises(AppDatabaseError, match='database "no_such" does not exist'):
        AppDatabase(server.rpartition("/")[0] + "/no_such")


def test_a_database_kept_busy_too_long_is_said_in_a_sentence(tmp_path, ana):
    database = AppDatabase(tmp_path / "decisions.db", busy_seconds=0.1)
    other = sqlite3.connect(tmp_path / "decisions.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(AppDatabaseError, match="database is locked"), database.writing() as session:
        write_finding(session, "L1:W01", "worn pad", "", ana)
    other.execute("ROLLBACK")
    other.close()
    assert counts(database) == (0, 0)


def test_odd_characters_in_the_path_are_only_characters(tmp_path):
    place = tmp_path / "a b?c#d%e" / "decisions.db"
    AppDatabase(place).close()
    assert place.exists()
