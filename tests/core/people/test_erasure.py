import pytest
from sqlalchemy import String, select, text

from core.database import audit
from core.database.chain import verify
from core.database.schema import now
from core.database.trail_search import TrailFilter, find
from core.migrations.areas import METADATA
from core.people.accounts import account_of, find_account
from core.people.erasure import NAMED_IN, ask_erasure, due_erasures, erase, erased_name, keep_after_all
from core.people.keys import key_of, list_keys, make_key
from core.people.roles import Permission, Role
from core.people.signing_in import Refused, sign_in
from core.root_causes import Finding, write_finding
from data.errors import AccountError, NotAllowedError
from tests.core.people.conftest import PASSWORD, SYSTEM

DAYS = 30


@pytest.fixture
def ana(database, member):
    """An engineer who has done something, has a key, and wants to be erased."""
    found = member()
    with database.writing() as session:
        write_finding(session, "L:W1", "worn pad", "", found)
        ask_erasure(session, found, found.id)
    return found


def everything(database):
    """Return all that the database holds, as text."""
    with database.reading() as session:
        return "\n".join(str(row) for t in METADATA.sorted_tables for row in session.execute(select(t)))


def test_every_column_that_holds_a_name_is_erased_from():
    words = ("_by", "person", "annotator", "assignee")
    found = {
        (table.name, column.name)
        for table in METADATA.sorted_tables
        for column in table.columns
        if isinstance(column.type, String) and column.name.endswith(words)
    }
    assert found - {("audit", "person")} == set(NAMED_IN)


def test_name_and_e_mail_go_everywhere_and_the_trail_still_holds(database, ana, later):
    with database.writing() as session:
        text_of_key = make_key(session, ana, "robot of Ana", [Permission.EXPORT_WRITE])
        rows = find(session, TrailFilter(person_id=ana.id), 100)
    later(24 * DAYS + 1)
    with database.writing() as session:
        assert erase(session, SYSTEM, ana.id) == 1
    held = everything(database)
    assert "Ana Novak" not in held
    assert "ana@fab.example" not in held
    with database.reading() as session:
        assert verify(session).fault is None
        shown = find(session, TrailFilter(person_id=ana.id), 100)
        assert {row.id for row in rows} <= {row.id for row in shown}
        assert {row.person for row in shown} == {erased_name(ana.id)}
        assert session.scalars(select(Finding.written_by)).all() == [erased_name(ana.id)]
        assert key_of(session, text_of_key) is None
        assert [key.name for key in list_keys(session, ana.id)] == ["erased"]
        assert account_of(session, "ana@fab.example") is None
    assert isinstance(sign_in(database, "ana@fab.example", PASSWORD, address="a", browser="b"), Refused)


def test_nobody_is_erased_before_the_grace_time_ends(database, ana, later):
    later(24 * DAYS - 1)
    with database.writing() as session, pytest.raises(AccountError, match="its grace time has not ended"):
        erase(session, SYSTEM, ana.id)
    with database.reading() as session:
        assert due_erasures(session, now()) == []
        assert find_account(session, ana.id).name == "Ana Novak"


def test_an_erasure_can_be_taken_back(database, ana, later):
    with database.writing() as session:
        keep_after_all(session, ana, ana.id)
        keep_after_all(session, ana, ana.id)
    later(24 * DAYS + 1)
    with database.writing() as session, pytest.raises(AccountError, match="its grace time has not ended"):
        erase(session, SYSTEM, ana.id)
    with database.reading() as session:
        actions = [row.action for row in find(session, TrailFilter(person_id=ana.id), 2)]
    assert actions == ["account.erasure-taken-back", "account.erasure-asked"]


def test_asking_again_does_not_put_it_off(database, ana, later):
    with database.writing() as session:
        first = ask_erasure(session, ana, ana.id)
        later(48)
        assert ask_erasure(session, SYSTEM, ana.id) == first


def test_others_may_not_ask_and_the_last_admin_stays(database, ana, member):
    bo, root = member("Bo Lind", Role.ML_ENGINEER), member("Cy Root", Role.ADMIN)
    with database.writing() as session:
        for change in (ask_erasure, keep_after_all, erase):
            with pytest.raises(NotAllowedError):
                change(session, bo, ana.id)
        with pytest.raises(AccountError, match="the only active admin"):
            ask_erasure(session, root, root.id)


def test_who_is_erased_is_not_erased_again_and_the_name_is_free(database, ana, later, member):
    later(24 * DAYS + 1)
    with database.writing() as session:
        erase(session, SYSTEM, ana.id)
    with database.writing() as session, pytest.raises(AccountError, match="erased already"):
        ask_erasure(session, SYSTEM, ana.id)
    assert member().id != ana.id


def test_a_frozen_dataset_stays_as_it_is_but_for_the_name(database):
    with database.writing() as session:
        session.execute(
            text(
                "INSERT INTO frozen_sets (name, sha256, members, note, after, frozen_by, frozen_at) "
                "VALUES ('v1', 'x', '[]', '', '', 'Ana Novak', '2026-01-01 00:00:00')"
            )
        )
    with database.writing() as session:
        session.execute(text("UPDATE frozen_sets SET frozen_by = 'erased person 5'"))
    for change in (
        "UPDATE frozen_sets SET members = '[1]'",
        "UPDATE frozen_sets SET note = 'n'",
        "DELETE FROM frozen_sets",
    ):
        with pytest.raises(Exception, match="rows of frozen_sets are kept"), database.writing() as session:
            session.execute(text(change))


def test_an_account_is_added_to_the_trail_without_its_name(database, member):
    member()
    with database.reading() as session:
        assert "Ana" not in "".join(str(entry.details) for entry in audit.entries(session))
