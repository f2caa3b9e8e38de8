"""Links that let somebody set a password once: for a new account, or where a password was forgotten."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import ForeignKey, String, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from core.database import audit
from core.database.schema import Base, Choice, now
from core.identity import Person
from core.people.accounts import LOCAL, Account, acting, add_account, find_account, subject_of
from core.people.lockout import unlock
from core.people.passwords import check_new, hash_password, keep_password
from core.people.roles import Permission, Role, permit
from core.people.sessions import end_all
from core.people.tokens import HASH_LENGTH, hash_of, new_token
from core.settings import settings
from data.errors import AccountError


class LinkKind(StrEnum):
    """What a link is for."""

    INVITATION = "invitation"
    RESET = "reset"


HOURS = {LinkKind.INVITATION: 72, LinkKind.RESET: 1}
"""For how long a link can be used."""


class OneTimeLink(Base):
    """A link that was made and not used yet; an account has one at most.

    Args:
        account_id: whose password it sets.
        kind: what it is for.
        token_hash: SHA-256 of the token in it.
        made_at: when.
        ends_at: when it is worth nothing any more.
    """

    __tablename__ = "one_time_links"

    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), primary_key=True)
    kind: Mapped[LinkKind] = mapped_column(Choice(LinkKind))
    token_hash: Mapped[str] = mapped_column(String(HASH_LENGTH), unique=True)
    made_at: Mapped[datetime]
    ends_at: Mapped[datetime]


def invite(
    session: Session, person: Person, email: str, name: str, role: Role, products: Sequence[str] | None = None
) -> str:
    """Add an account, and return the token of the link by which its owner sets a password.

    Args:
        session: of a transaction.
        person: who invites.
        email: of whom it is for.
        name: of whom it is for.
        role: what they may do.
        products: whose wafers they see, None for all.

    Raises:
        NotAllowedError: the acting person may not.
        AccountError: e-mail or name is taken, or is none.
    """
    account = add_account(session, person, email, name, role, products)
    return _new_link(session, person, account, LinkKind.INVITATION)


def invite_again(session: Session, person: Person, account_id: int) -> str:
    """Return the token of a new link for somebody who never set a password; the one before is worth nothing.

    Raises:
        NotAllowedError: the acting person may not.
        AccountError: the account signs in another way, or is not active.
    """
    return _new_link(session, person, _with_password(session, person, account_id), LinkKind.INVITATION)


def reset(session: Session, person: Person, account_id: int) -> str:
    """Return the token of a link by which somebody sets a new password; until then the old one stands.

    Raises:
        NotAllowedError: the acting person may not.
        AccountError: the account signs in another way, or is not active.
    """
    return _new_link(session, person, _with_password(session, person, account_id), LinkKind.RESET)


def account_of_link(session: Session, token: str) -> Account | None:
    """Return the account whose password a link sets, None where the link was used, has ended, or never was."""
    found = session.execute(
        select(Account)
        .join(OneTimeLink, OneTimeLink.account_id == Account.id)
        .where(OneTimeLink.token_hash == hash_of(token), OneTimeLink.ends_at > now(), Account.active)
    ).first()
    return found[0] if found else None


def accept(session: Session, token: str, password: str) -> Account:
    """Set the password of a link's account; the link is used up, and all sessions of the account end.

    Args:
        session: of a transaction.
        token: of the link.
        password: the new one.

    Raises:
        AccountError: the link was used, has ended, or never was.
        PasswordError: the password is none to take.
    """
    account = account_of_link(session, token)
    if account is None:
        raise AccountError("link", "it was used already or has ended", "Ask an admin for a new one.")
    check_new(password, account.email, account.name)
    keep_password(session, account.id, hash_password(password))
    drop_links(session, account.id)
    end_all(session, account.id)
    unlock(session, account.email)
    audit.record(session, acting(account), "account.password", subject_of(account.id), {"by": "link"})
    return account


def password_link(token: str) -> str:
    """Return the address of the page on which a link's owner sets a password."""
    return f"{settings().url.rstrip('/')}/set-password?token={token}"


def drop_links(session: Session, account_id: int) -> None:
    """Make the link of an account worth nothing."""
    session.execute(delete(OneTimeLink).where(OneTimeLink.account_id == account_id))


def _with_password(session: Session, person: Person, account_id: int) -> Account:
    permit(person, Permission.USER_WRITE)
    account = find_account(session, account_id)
    if account.sign_in != LOCAL:
        raise AccountError(account.name, f"signs in by {account.sign_in}, not by a password kept here", "Ask there.")
    if not account.active:
        raise AccountError(account.name, "the account is not active", "Activate it first.")
    return account


def _new_link(session: Session, person: Person, account: Account, kind: LinkKind) -> str:
    permit(person, Permission.USER_WRITE)
    moment, token = now(), new_token()
    session.merge(
        OneTimeLink(
            account_id=account.id,
            kind=kind,
            token_hash=hash_of(token),
            made_at=moment,
            ends_at=moment + timedelta(hours=HOURS[kind]),
        )
    )
    audit.record(session, person, f"account.{kind.value}", subject_of(account.id), {"hours": HOURS[kind]})
    return token
