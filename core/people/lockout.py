"""Wrong passwords, counted in the app database: after five in a quarter of an hour nobody gets in for as long."""

from datetime import datetime, timedelta

from sqlalchemy import String, delete, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from core.database.schema import Base, now
from core.people.tokens import HASH_LENGTH, hash_of

FAILURES = 5
MINUTES = 15


class SignInFailure(Base):
    """One time that a sign-in was refused. Those that are too old to count go with the next.

    Args:
        email_hash: SHA-256 of the address, which may be anything that somebody typed, a password too.
        at: when.
    """

    __tablename__ = "sign_in_failures"

    id: Mapped[int] = mapped_column(init=False, primary_key=True)
    email_hash: Mapped[str] = mapped_column(String(HASH_LENGTH), index=True)
    at: Mapped[datetime]


def locked_for(session: Session, email: str) -> int | None:
    """Return the seconds until somebody may try again, None where they may now; an account need not be there.

    Args:
        session: of a transaction.
        email: as somebody typed it.
    """
    since = now() - timedelta(minutes=MINUTES)
    counted = select(func.count(), func.max(SignInFailure.at)).where(
        SignInFailure.email_hash == _hash(email), SignInFailure.at > since
    )
    number, last = session.execute(counted).one()
    if number < FAILURES:
        return None
    return max(1, int((last - since).total_seconds()))


def count_failure(session: Session, email: str) -> bool:
    """Count a refused sign-in, and return whether it is the one that locks.

    Args:
        session: of a transaction.
        email: as somebody typed it.
    """
    session.execute(delete(SignInFailure).where(SignInFailure.at <= now() - timedelta(minutes=MINUTES)))
    session.add(SignInFailure(email_hash=_hash(email), at=now()))
    session.flush()
    return locked_for(session, email) is not None


def unlock(session: Session, email: str) -> None:
    """Forget the wrong passwords of an address."""
    session.execute(delete(SignInFailure).where(SignInFailure.email_hash == _hash(email)))


def _hash(email: str) -> str:
    return hash_of(email.strip().lower())
