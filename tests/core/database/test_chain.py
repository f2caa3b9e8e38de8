from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine, insert, text, update
from sqlalchemy.exc import DBAPIError

from core.database import AppDatabase
from core.database.audit import BEGINNING, HASHED, AuditEntry, hash_of, record
from core.database.chain import Break, Fault, Link, first_fault, read_seal, seal, verify, write_seal
from core.identity import Person
from data.errors import TrailError

TABLE = AuditEntry.__table__
KNOWN = Person("Ana", "account", 7, address="10.0.0.1", request_id="r1")


def filled(database, count=6):
    for n in range(count):
        with database.writing() as session:
            record(session, KNOWN if n % 2 else Person("ben"), f"a.{n}", f"wafer L:{n}", {"n": n, "x": [0.1, "✓"]})


@pytest.fixture
def tampered(database, place):
    """Run statements on the trail as somebody who has taken the guards of the table away."""
    filled(database)

    def run(*statements):
        engine = create_engine(database.url)
        with engine.begin() as connection:
            if engine.dialect.name == "sqlite":
                for trigger in ("audit_no_UPDATE", "audit_no_DELETE", "audit_at_the_end"):
                    connection.execute(text(f"DROP TRIGGER IF EXISTS {trigger}"))
            else:
                connection.execute(text("ALTER TABLE audit DISABLE TRIGGER USER"))
            for statement in statements:
                connection.execute(statement)
        engine.dispose()
        with database.reading() as session:
            return verify(session).fault

    return run


def row(database, number):
    with database.reading() as session:
        return dict(session.execute(TABLE.select().where(TABLE.c.id == number)).mappings().one())


def test_a_trail_as_it_was_written_holds(database):
    with database.reading() as session:
        assert verify(session).fault is None
        assert verify(session).rows == 0
    filled(database)
    with database.writing() as session:  # two at once, in their order, and one more after a flush
        record(session, KNOWN, "b.1", "s", {1: "one", "none": None})
        record(session, KNOWN, "b.2", "s", {})
        session.flush()
        record(session, KNOWN, "b.3", "s", {})
    with database.reading() as session:
        found = verify(session)
        assert (found.rows, found.fault) == (9, None)
        assert [session.get(AuditEntry, n).action for n in (7, 8, 9)] == ["b.1", "b.2", "b.3"]


def test_batches_end_anywhere(database):
    filled(database, 5)
    with database.reading() as session:
        assert [verify(session, at_once=size).fault for size in (1, 2, 5, 6)] == [None] * 4


@pytest.mark.parametrize(
    "changed",
    [
        {"person": "eve"},
        {"person_id": 8},
        {"address": "10.0.0.2"},
        {"request_id": ""},
        {"action": "b"},
        {"subject": "wafer M:1"},
        {"details": {"n": 2}},
        {"result": "refused"},
        {"origin": "local"},
        {"previous": "f" * 64},
        {"hash": "f" * 64},
    ],
    ids=str,
)
def test_a_changed_row_is_named(tampered, changed):
    assert tampered(update(TABLE).where(TABLE.c.id == 4).values(changed)) == Fault(4, Break.CHANGED, 4)


def test_a_row_that_was_changed_with_its_hash_is_named(database, tampered):
    new = row(database, 4) | {"subject": "wafer X:1"}
    new["hash"] = hash_of(new)
    assert tampered(update(TABLE).where(TABLE.c.id == 4).values(new)) == Fault(4, Break.CHANGED, 4)


def test_removed_rows_are_named(tampered):
    assert tampered(text("DELETE FROM audit WHERE id = 3")) == Fault(3, Break.REMOVED, 3)
    fault = tampered(text("DELETE FROM audit WHERE id IN (2, 4)"))
    assert (fault, str(fault)) == (Fault(2, Break.REMOVED, 4), "rows 2 to 4 were removed")
    assert tampered(text("DELETE FROM audit WHERE id = 1")) == Fault(1, Break.REMOVED, 4)


def test_a_row_put_between_is_named(database, tampered):
    old = row(database, 3)
    made = old | {"id": 4, "subject": "wafer X:1", "previous": "e" * 64}  # its true one the database would refuse
    made["hash"] = hash_of(made)
    move = [text(f"UPDATE audit SET id = {n + 1} WHERE id = {n}") for n in (6, 5, 4)]
    assert tampered(*move, insert(TABLE).values(made)) == Fault(4, Break.PUT_BETWEEN, 4)


def test_two_rows_cannot_follow_the_same_one(database, tampered):
    made = row(database, 3) | {"id": 9, "hash": "x"}
    with pytest.raises(DBAPIError, match=r"(UNIQUE|uq_audit_previous)"):
        tampered(insert(TABLE).values(made))


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
@pytest.mark.parametrize("nonsense", ["at = 'never'", "details = '{'", "subject = CAST(x'ff' AS TEXT)", "details = 5"])
def test_what_cannot_be_read_at_all_is_a_changed_row(tampered, nonsense):
    assert tampered(text(f"UPDATE audit SET {nonsense} WHERE id = 4")) == Fault(4, Break.CHANGED, 4)


def test_an_end_that_was_cut_off_is_found_by_a_seal(database, tampered):
    with database.reading() as session:
        sealed = read_seal(write_seal(seal(session)), "seal.json")
    filled(database, 2)
    with database.reading() as session:
        assert verify(session, [sealed]).fault is None
    assert tampered(text("DELETE FROM audit WHERE id > 4")) is None
    with database.reading() as session:
        assert verify(session, [sealed]).fault == Fault(5, Break.REMOVED, 6)


def test_a_chain_that_was_made_anew_is_found_by_a_seal(database, tampered):
    with database.reading() as session:
        sealed = seal(session)
    assert tampered(text("DELETE FROM audit WHERE id > 3")) is None
    filled(database, 5)  # a fresh end, well made, over the cut
    with database.reading() as session:
        assert verify(session).fault is None
        assert verify(session, [sealed]).fault == Fault(6, Break.CHANGED, 6)


def test_an_empty_trail_has_a_seal(database):
    with database.reading() as session:
        sealed = seal(session)
        assert (sealed.id, sealed.hash) == (0, BEGINNING)
        assert verify(session, [sealed]).fault is None


@pytest.mark.parametrize("nonsense", ["", "[]", '{"id": 1}', '{"id": "x", "hash": "", "at": ""}'])
def test_a_seal_that_is_none_is_refused(nonsense):
    with pytest.raises(TrailError, match=r"^seal\.json: expected a seal of the trail"):
        read_seal(nonsense, "seal.json")


def chain_of(texts):
    """Return links as the trail makes them of rows that hold a text each."""
    links = []
    for number, said in enumerate(texts, 1):
        links.append(link_of(number, links[-1].hash if links else BEGINNING, said))
    return links


def link_of(number, previous, said):
    hashed = hash_of({"id": number, "previous": previous, "subject": said})
    return Link(number, previous, hashed, hashed)


texts = st.lists(st.text(max_size=4), min_size=1, max_size=12)


@given(texts=texts)
def test_a_chain_of_any_rows_holds(texts):
    assert first_fault(chain_of(texts)) is None


@given(texts=texts, data=st.data())
def test_any_single_change_is_found_where_it_is(texts, data):
    links = chain_of(texts)
    place = data.draw(st.integers(0, len(links) - 1))
    old = links[place]
    content = link_of(old.id, old.previous, texts[place] + "!").hash
    changes = [replace(old, counted=content), replace(old, hash="f" * 64), replace(old, previous="e" * 64, counted="d")]
    if place < len(links) - 1:  # the last one, hash and all, is what only a seal finds
        changes.append(replace(old, hash=content, counted=content))
    links[place] = data.draw(st.sampled_from(changes))
    assert first_fault(links) == Fault(place + 1, Break.CHANGED, place + 1)


@given(texts=st.lists(st.text(max_size=4), min_size=2, max_size=12), data=st.data())
def test_any_removal_but_of_the_end_is_found_where_it_is(texts, data):
    links = chain_of(texts)
    first = data.draw(st.integers(0, len(links) - 2))
    last = data.draw(st.integers(first, len(links) - 2))
    del links[first : last + 1]
    assert first_fault(links) == Fault(first + 1, Break.REMOVED, last + 1)


@given(texts=texts, data=st.data(), said=st.text(max_size=4))
def test_any_row_put_between_is_found_where_it_is(texts, data, said):
    links = chain_of(texts)
    place = data.draw(st.integers(0, len(links) - 1))
    before = links[place - 1].hash if place else BEGINNING
    # Numbers move to make room, as nobody can tell by them; what is hashed is what the rows held before.
    moved = [replace(link, id=link.id + 1) for link in links[place:]]
    made = link_of(place + 1, data.draw(st.sampled_from([before, "e" * 64])), said + "!")
    assert first_fault([*links[:place], made, *moved]) == Fault(place + 1, Break.PUT_BETWEEN, place + 1)


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(data=st.data())
def test_any_single_change_in_the_database_is_found(data, tmp_path_factory, place):
    database = AppDatabase(tmp_path_factory.mktemp("trail") / "decisions.db")
    filled(database)
    number = data.draw(st.integers(1, 6))
    old = row(database, number)
    name = data.draw(st.sampled_from([*(set(HASHED) - {"id", "at", "details", "person_id", "result"}), "hash"]))
    with database.engine.begin() as connection:
        connection.execute(text("DROP TRIGGER audit_no_UPDATE"))
        value = data.draw(st.text(st.characters(codec="ascii"), max_size=6).filter(lambda word: word != old[name]))
        connection.execute(update(TABLE).where(TABLE.c.id == number).values({name: value}))
    with database.reading() as session:
        assert verify(session).fault == Fault(number, Break.CHANGED, number)
    database.close()
