import json

import pytest

from core.database import audit
from core.people.keys import make_key
from core.people.my_data import as_rows, own_data
from core.people.roles import Permission
from core.people.sessions import open_session
from data.errors import AccountError
from tests.core.people.conftest import SYSTEM


@pytest.fixture
def ana(database, member):
    """Somebody with a session, a key and entries in the trail; another has some too."""
    person, bo = member(), member("Bo Li")
    with database.writing() as session:
        for one in (person, bo):
            open_session(session, one.id, address="10.0.0.7", browser=f"browser of {one.name}")
            make_key(session, one, f"key of {one.name}", [Permission.EXPORT_WRITE])
            audit.record(session, one, "finding.write", f"wafer of {one.name}", {"text": "pad"})
    return person


def test_ones_data_hold_all_that_is_ones_own_and_nothing_of_others(database, ana):
    with database.reading() as session:
        data = json.loads(json.dumps(own_data(session, ana)))
    assert data["account"]["email"] == "ana@fab.example"
    assert [one["browser"] for one in data["sessions"]] == ["browser of Ana Novak"]
    assert [one["name"] for one in data["keys"]] == ["key of Ana Novak"]
    assert "wafer of Ana Novak" in {entry["subject"] for entry in data["trail"]}
    assert {entry["person"] for entry in data["trail"]} == {"Ana Novak"}
    text = json.dumps(data)
    assert "Bo Li" not in text
    assert "token_hash" not in text
    assert "secret_hash" not in text


def test_the_rows_of_the_table_say_the_same(database, ana):
    with database.reading() as session:
        data = own_data(session, ana)
    rows = list(as_rows(data))
    assert {"kind": "account", "number": 1, "field": "name", "value": "Ana Novak"} in rows
    assert len(rows) == len(data["account"]) + sum(
        len(one) for kind in ("sessions", "keys", "trail") for one in data[kind]
    )


def test_whoever_has_no_account_has_no_data(database):
    with database.reading() as session, pytest.raises(AccountError, match="Sign in"):
        own_data(session, SYSTEM)
