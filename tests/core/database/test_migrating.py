import sqlite3

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, text

from core.database import AppDatabase
from core.database.migrating import MIGRATIONS
from core.labels.annotations import labelled_keys
from core.migrations.areas import AREAS, METADATA
from data.errors import AppDatabaseError
from tests.core.database.worker import processes


def test_the_migrated_schema_is_what_the_modules_say(database):
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, METADATA) == []


def test_the_comparison_sees_a_column_that_is_not_there(database):
    with database.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE findings DROP COLUMN fa_finding")
    with database.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) != []


def test_there_is_one_last_step():
    assert len(ScriptDirectory(str(MIGRATIONS)).get_heads()) == 1


def test_every_module_with_tables_is_an_area():
    core = MIGRATIONS.parent
    with_tables = [p for p in core.rglob("*.py") if "__tablename__" in p.read_text(encoding="utf-8")]
    names = {".".join(("core", *p.relative_to(core).with_suffix("").parts)) for p in with_tables}
    assert {area.__name__ for area in AREAS} == names


def test_opening_a_database_waits_for_no_writer(database, place):
    with database.writing() as session:
        session.execute(text("SELECT 1"))
        with AppDatabase(place).reading() as other:
            assert labelled_keys(other) == []


def test_opening_at_once_in_many_processes_migrates_once(place):
    openers = [processes.Process(target=AppDatabase, args=(place,)) for _ in range(4)]
    for opener in openers:
        opener.start()
    for opener in openers:
        opener.join()
    assert [opener.exitcode for opener in openers] == [0] * 4


def test_a_step_that_fails_leaves_the_database_as_it_was(tmp_path):
    path = tmp_path / "decisions.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE findings (mine TEXT)")
    with pytest.raises(AppDatabaseError, match="already exists"):
        AppDatabase(path)
    engine = create_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        tables = connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table'").scalars().all()
    assert tables == ["findings"]
