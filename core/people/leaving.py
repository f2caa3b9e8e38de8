"""Deactivating an account: whatever would still let its owner in goes with it."""

from sqlalchemy.orm import Session

from core.database import audit
from core.identity import Person
from core.people.accounts import Account, find_account, keep_an_admin, subject_of
from core.people.invitations import drop_links
from core.people.keys import list_keys, revoke
from core.people.roles import Permission, permit
from core.people.sessions import end_all


def deactivate(session: Session, person: Person, number: int) -> Account:
    """Keep somebody from signing in, end their sessions, and take their keys and links back; records stay.

    Raises:
        NotAllowedError: the acting person may not.
        AccountError: it is the last active admin's.
    """
    permit(person, Permission.USER_WRITE)
    account = find_account(session, number)
    keep_an_admin(session, account)
    account.active = False
    end_all(session, number)
    drop_links(session, number)
    for key in list_keys(session, number):
        revoke(session, person, key.id)
    audit.record(session, person, "account.deactivate", subject_of(number), {})
    return account
