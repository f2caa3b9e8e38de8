from core.people.invitations import account_of_link, reset
from core.people.keys import key_of, make_key
from core.people.leaving import deactivate
from core.people.roles import Permission
from core.people.sessions import open_session, session_of
from core.people.signing_in import Refused, sign_in
from tests.core.people.conftest import PASSWORD, SYSTEM


def test_whoever_is_deactivated_has_no_way_in_any_more(database, member):
    ana = member()
    with database.writing() as session:
        token = open_session(session, ana.id, address="10.0.0.1", browser="b")
        key = make_key(session, ana, "robot", [Permission.EXPORT_WRITE])
        link = reset(session, SYSTEM, ana.id)
    with database.writing() as session:
        assert deactivate(session, SYSTEM, ana.id).active is False
    with database.reading() as session:
        assert session_of(session, token) is None
        assert key_of(session, key) is None
        assert account_of_link(session, link) is None
    assert isinstance(sign_in(database, "ana@fab.example", PASSWORD, address="a", browser="b"), Refused)
