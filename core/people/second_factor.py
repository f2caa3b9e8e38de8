"""The second factor: codes of an authenticator app (TOTP), each used once, and ten recovery codes for a lost phone."""

import io
import secrets
from dataclasses import dataclass
from datetime import datetime

import pyotp
import segno
from sqlalchemy import ForeignKey, String, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from core.database import audit
from core.database.schema import Base, now
from core.identity import Person
from core.people.accounts import Account, find_account, subject_of
from core.people.encryption import decrypt, encrypt
from core.people.roles import Permission, permit
from core.people.tokens import HASH_LENGTH, hash_of
from data.errors import AccountError

ISSUER = "Waferscope"
STEP_SECONDS = 30
WINDOW = 1
"""Steps before and after now whose code counts too: clocks of phones are not exact."""
RECOVERY_CODES = 10
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that look like another
_GROUPS, _GROUP = 4, 4
_SECRET_LENGTH = 300


class SecondFactor(Base):
    """The authenticator app of an account.

    Args:
        account_id: whose.
        secret: what the app computes codes from, encrypted.
        confirmed_at: when its owner showed a right code; until then no code is asked for.
        last_step: step of the last code that was used: neither it nor an earlier one counts again.
    """

    __tablename__ = "second_factors"

    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), primary_key=True)
    secret: Mapped[str] = mapped_column(String(_SECRET_LENGTH))
    confirmed_at: Mapped[datetime | None]
    last_step: Mapped[int]


class RecoveryCode(Base):
    """A code that stands for the app once. One that was used is not there any more.

    Args:
        account_id: whose.
        code_hash: SHA-256 of the code, which is 79 random bits.
    """

    __tablename__ = "recovery_codes"

    id: Mapped[int] = mapped_column(init=False, primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), index=True)
    code_hash: Mapped[str] = mapped_column(String(HASH_LENGTH))


@dataclass(frozen=True)
class Enrolment:
    """What somebody puts into an authenticator app.

    Args:
        secret: to type, base32.
        address: otpauth:// address that the picture holds.
        svg: the picture, a QR code as an SVG element.
    """

    secret: str
    address: str
    svg: str


def enrol(session: Session, person: Person) -> Enrolment:
    """Begin a second factor for the acting person's account; it counts once `confirm` has seen a code of it.

    Raises:
        AccountError: the account has one already.
    """
    permit(person, Permission.ACCOUNT_WRITE)
    account = _own(session, person)
    if has_second_factor(session, account.id):
        raise AccountError(account.name, "the account has a second factor already", "Remove that one first.")
    secret = pyotp.random_base32()
    session.merge(SecondFactor(account_id=account.id, secret=encrypt(secret), confirmed_at=None, last_step=0))
    address = pyotp.TOTP(secret).provisioning_uri(name=account.email, issuer_name=ISSUER)
    picture = io.BytesIO()
    segno.make(address, micro=False).save(picture, kind="svg", xmldecl=False, svgns=True, scale=4, light="#fff")
    return Enrolment(secret, address, picture.getvalue().decode())


def confirm(session: Session, person: Person, code: str) -> list[str]:
    """Make the second factor count that was begun, and return the recovery codes; nobody sees them again.

    Args:
        session: of a transaction.
        person: whose account.
        code: that the authenticator app shows.

    Raises:
        AccountError: none was begun, or the code is not right.
    """
    permit(person, Permission.ACCOUNT_WRITE)
    account = _own(session, person)
    factor = session.get(SecondFactor, account.id)
    if factor is None or factor.confirmed_at is not None:
        raise AccountError(account.name, "no second factor was begun", "Begin one.")
    if not _use_app(factor, code):
        raise AccountError("code", "it is not the one that the app shows now", "Check the clock of your phone.")
    factor.confirmed_at = now()
    audit.record(session, person, "second-factor.add", subject_of(account.id), {})
    return _new_codes(session, account.id)


def new_recovery_codes(session: Session, person: Person) -> list[str]:
    """Return new recovery codes; those from before are worth nothing.

    Raises:
        AccountError: the account has no second factor.
    """
    permit(person, Permission.ACCOUNT_WRITE)
    account = _own(session, person)
    if not has_second_factor(session, account.id):
        raise AccountError(account.name, "the account has no second factor", "Begin one.")
    audit.record(session, person, "second-factor.codes", subject_of(account.id), {})
    return _new_codes(session, account.id)


def remove(session: Session, person: Person, account_id: int) -> None:
    """Take the second factor of an account away: one's own, or as an admin that of somebody who lost it.

    Raises:
        NotAllowedError: it is somebody else's, and the acting person may not change accounts.
    """
    permit(person, Permission.ACCOUNT_WRITE if person.id == account_id else Permission.USER_WRITE)
    session.execute(delete(RecoveryCode).where(RecoveryCode.account_id == account_id))
    session.execute(delete(SecondFactor).where(SecondFactor.account_id == account_id))
    audit.record(session, person, "second-factor.remove", subject_of(account_id), {})


def has_second_factor(session: Session, account_id: int) -> bool:
    """Return whether a code is asked for when an account signs in."""
    factor = session.get(SecondFactor, account_id)
    return factor is not None and factor.confirmed_at is not None


def use_code(session: Session, account_id: int, code: str) -> bool:
    """Return whether a code is right, of the app or for recovery; it is used up by that.

    Args:
        session: of a transaction that is kept.
        account_id: whose.
        code: as typed.
    """
    factor = session.get(SecondFactor, account_id)
    if factor is None or factor.confirmed_at is None:
        return False
    if _use_app(factor, code):
        return True
    wanted = select(RecoveryCode).where(
        RecoveryCode.account_id == account_id, RecoveryCode.code_hash == hash_of(_plain(code))
    )
    found = session.scalars(wanted).first()
    if found is None:
        return False
    session.delete(found)
    return True


def codes_left(session: Session, account_id: int) -> int:
    """Return how many recovery codes of an account were not used yet."""
    return len(session.scalars(select(RecoveryCode.id).where(RecoveryCode.account_id == account_id)).all())


def _use_app(factor: SecondFactor, code: str) -> bool:
    typed = "".join(code.split()).encode("utf-8", "surrogatepass")
    totp = pyotp.TOTP(decrypt(factor.secret), interval=STEP_SECONDS)
    step = int(now().timestamp()) // STEP_SECONDS
    for one in range(step - WINDOW, step + WINDOW + 1):
        if one > factor.last_step and secrets.compare_digest(totp.generate_otp(one).encode(), typed):
            factor.last_step = one
            return True
    return False


def _new_codes(session: Session, account_id: int) -> list[str]:
    session.execute(delete(RecoveryCode).where(RecoveryCode.account_id == account_id))
    codes = ["-".join(_group() for _ in range(_GROUPS)) for _ in range(RECOVERY_CODES)]
    session.add_all(RecoveryCode(account_id=account_id, code_hash=hash_of(_plain(code))) for code in codes)
    return codes


def _group() -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(_GROUP))


def _plain(code: str) -> str:
    return "".join(c for c in code.lower() if c.isalnum())


def _own(session: Session, person: Person) -> Account:
    if person.id is None:
        raise AccountError(person.name, "there is no account to change", "Sign in.")
    return find_account(session, person.id)
