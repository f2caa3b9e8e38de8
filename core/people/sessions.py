"""Sessions: a random token in a browser's cookie, its hash here, an end when idle and one in any case."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, Select, String, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from core.database.schema import NAME_LENGTH, Base, now
from core.identity import Person
from core.people.accounts import PROXY, Account, acting
from core.people.tokens import HASH_LENGTH, hash_of, new_token
from core.settings import settings

SEEN_SECONDS = 60.0
"""How exactly it is kept when a session was last used: a write for every request would be too many."""


class SignedInSession(Base):
    """One browser in which somebody has signed in. A session that is ended is not there any more.

    Args:
        account_id: whose.
        token_hash: SHA-256 of the token that the browser sends.
        started_at: when somebody signed in.
        seen_at: when it was last used, to the minute or so.
        ends_at: when it ends, used or not.
        address: from which somebody signed in.
        browser: as it calls itself.
    """

    __tablename__ = "sessions"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012  (the number of one that ended never comes back)

    id: Mapped[int] = mapped_column(init=False, primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), index=True)
    token_hash: Mapped[str] = mapped_column(String(HASH_LENGTH), unique=True)
    started_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    address: Mapped[str] = mapped_column(String(NAME_LENGTH))
    browser: Mapped[str] = mapped_column(String(NAME_LENGTH))


@dataclass(frozen=True)
class Visit:
    """A session that stands.

    Args:
        id: its number.
        person: who has signed in, as the account is now.
        started_at: when.
        seen_at: when it was last used, to the minute or so.
        ends_at: when it ends at the latest: earlier than that if nobody uses it.
        address: from which somebody signed in.
        browser: as it calls itself.
        proxied: e-mail that the trusted proxy must say with each request, "" where it signed nobody in.
    """

    id: int
    person: Person
    started_at: datetime
    seen_at: datetime
    ends_at: datetime
    address: str
    browser: str
    proxied: str = ""


def open_session(session: Session, account_id: int, *, address: str, browser: str) -> str:
    """Open a session for somebody who has proved who they are, and return its token; nobody sees it again.

    Args:
        session: of a transaction.
        account_id: who.
        address: from which.
        browser: as it calls itself.
    """
    moment, token = now(), new_token()
    session.execute(delete(SignedInSession).where(SignedInSession.ends_at <= moment))
    session.add(
        SignedInSession(
            account_id=account_id,
            token_hash=hash_of(token),
            started_at=moment,
            seen_at=moment,
            ends_at=moment + timedelta(days=settings().session_days),
            address=address[:NAME_LENGTH],
            browser=browser[:NAME_LENGTH],
        )
    )
    return token


def session_of(session: Session, token: str) -> Visit | None:
    """Return the session of a token, None where none stands: ended, unused for too long, or its account deactivated."""
    found = session.execute(_standing().where(SignedInSession.token_hash == hash_of(token))).first()
    return _visit(*found) if found else None


def list_sessions(session: Session, account_id: int) -> list[Visit]:
    """List the sessions of an account that stand, the last used first."""
    wanted = _standing().where(SignedInSession.account_id == account_id).order_by(SignedInSession.seen_at.desc())
    return [_visit(row, account) for row, account in session.execute(wanted)]


def touch(session: Session, visit: Visit) -> None:
    """Keep that a session is used now; call it where `is_stale` says so.

    Args:
        session: of a transaction.
        visit: the session.
    """
    row = session.get(SignedInSession, visit.id)
    if row is None:
        return
    row.seen_at = now()
    account = session.get(Account, row.account_id)
    if account is not None:
        account.last_seen_at = row.seen_at


def is_stale(visit: Visit) -> bool:
    """Return whether it is a minute or more since it was kept that a session is used."""
    return now() - visit.seen_at >= timedelta(seconds=SEEN_SECONDS)


def end_session(session: Session, number: int) -> None:
    """End a session; nothing where it has ended already. Whose it is must have been asked before."""
    session.execute(delete(SignedInSession).where(SignedInSession.id == number))


def end_all(session: Session, account_id: int, but: int | None = None) -> None:
    """End all sessions of an account.

    Args:
        session: of a transaction.
        account_id: whose.
        but: number of the session that stays, None for none.
    """
    ended = delete(SignedInSession).where(SignedInSession.account_id == account_id)
    session.execute(ended if but is None else ended.where(SignedInSession.id != but))


def _standing() -> Select[SignedInSession, Account]:
    moment = now()
    return (
        select(SignedInSession, Account)
        .join(Account, Account.id == SignedInSession.account_id)
        .where(
            Account.active,
            SignedInSession.ends_at > moment,
            SignedInSession.seen_at > moment - timedelta(hours=settings().session_idle_hours),
        )
    )


def _visit(row: SignedInSession, account: Account) -> Visit:
    proxied = account.email if account.sign_in == PROXY else ""
    return Visit(row.id, acting(account), row.started_at, row.seen_at, row.ends_at, row.address, row.browser, proxied)
