"""Letting in people for whom somebody else vouches: an identity provider, or a proxy that the settings trust."""

from dataclasses import dataclass, replace

from sqlalchemy import ForeignKey, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from core.database import AppDatabase, audit
from core.database.schema import NAME_LENGTH, Base
from core.identity import ACCOUNT, LONGEST_NAME, VOUCHED, Person
from core.people.accounts import (
    Account,
    account_of,
    add_account,
    change_role,
    email_of,
    find_account,
    set_products,
    subject_of,
)
from core.people.claims import ALL
from core.people.invitations import drop_links
from core.people.roles import Role
from core.people.sessions import end_all
from core.people.signing_in import NOBODY, Refused, SignedIn, let_in_known
from core.people.tokens import HASH_LENGTH, hash_of
from data.errors import AccountError

UNKNOWN = "There is no account for you here yet. Please ask an admin to invite you."
INACTIVE = "Your account has been deactivated. An admin can activate it again."
OTHER_WAY = "Your account signs in another way. Please use that, or ask an admin."
OTHER_PERSON = "Your e-mail address belongs to an account of somebody else. Please ask an admin."
NO_ROLE = "None of your groups may use Waferscope. Please ask an admin."
NO_NAME = "Your name cannot be used here. Please ask an admin to invite you."
NO_EMAIL = "Your e-mail address cannot be used here. Please ask an admin."


class VouchedIdentity(Base):
    """Who a provider's person is here. Providers give an e-mail to somebody else in time, but never a subject.

    Args:
        account_id: whose.
        subject_hash: SHA-256 of the provider's address and of its lasting id of the person.
    """

    __tablename__ = "vouched_identities"

    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), primary_key=True)
    subject_hash: Mapped[str] = mapped_column(String(HASH_LENGTH), unique=True)


@dataclass(frozen=True)
class Vouched:
    """What is vouched for.

    Args:
        way: "oidc:NAME" or "proxy".
        subject: lasting id of the person, with who gave it; "" where there is none but the e-mail.
        email: of the person, as it was verified.
        name: of the person; "" where nobody said it.
        role: that they have from now on, None to leave that to admins.
        products: that they see from now on, `ALL` alone for all, None to leave that to admins.
        without_role: whether claims decide and give none.
    """

    way: str
    subject: str
    email: str
    name: str = ""
    role: Role | None = None
    products: tuple[str, ...] | None = None
    without_role: bool = False


@dataclass(frozen=True)
class Admission:
    """What holds for people whom nobody here knows yet.

    Args:
        sign_up: whether they get an account.
        role: of such an account, where nothing said decides.
        products: that it sees, where nothing said decides; `ALL` alone for all.
        take_over: whether an account that signs in another way becomes theirs by its e-mail.
    """

    sign_up: bool = False
    role: Role = Role.VIEWER
    products: tuple[str, ...] = ()
    take_over: bool = False


def let_in_vouched(
    database: AppDatabase, vouched: Vouched, admission: Admission, *, address: str, browser: str
) -> SignedIn | Refused:
    """Let somebody in for whom somebody else vouches, or say why not; the audit trail has both.

    Args:
        database: where accounts are.
        vouched: what is vouched for.
        admission: what holds for people whom nobody here knows yet.
        address: from which.
        browser: as it calls itself.
    """
    try:
        vouched = replace(vouched, email=email_of(vouched.email))
    except AccountError:  # what no account can have is asked of no database either
        vouched = replace(vouched, email="")
    with database.writing() as session:
        found = _find(session, vouched, admission)
        if isinstance(found, Account) and not found.active:
            found = INACTIVE
        if isinstance(found, str):
            whose = account_of(session, vouched.email)
            tell_refusal(session, vouched.way, found, address=address, browser=browser, account=whose)
            return Refused(found)
        _apply(session, found, vouched)
        return let_in_known(session, found, address=address, browser=browser)


def tell_refusal(
    session: Session, way: str, sentence: str, *, address: str, browser: str, account: Account | None = None
) -> None:
    """Record that somebody was not let in, without the e-mail, which the audit trail could not forget.

    Args:
        session: of a transaction.
        way: "oidc:NAME" or "proxy".
        sentence: what was told.
        address: from which.
        browser: as it calls itself.
        account: whose it would have been, None where there is none, or nobody knows.
    """
    person = Person(NOBODY, ACCOUNT, address=address)
    said = {"by": way, "why": sentence, "browser": browser[:NAME_LENGTH]}
    audit.record(session, person, "sign-in.refused", subject_of(account.id) if account else "no account", said)


def acting_for(way: str) -> Person:
    """Return who changes accounts where somebody else vouches."""
    return Person(way, VOUCHED)


def _find(session: Session, vouched: Vouched, admission: Admission) -> Account | str:
    """Return whose account it is, or why it is nobody's."""
    if not vouched.email:
        return NO_EMAIL
    if vouched.without_role:
        return NO_ROLE
    known = session.scalar(select(VouchedIdentity).where(VouchedIdentity.subject_hash == hash_of(vouched.subject)))
    if known is not None and vouched.subject:
        account = find_account(session, known.account_id)
        return account if account.sign_in == vouched.way else OTHER_WAY
    by_email = account_of(session, vouched.email)
    if by_email is None:
        return _sign_up(session, vouched, admission) if admission.sign_up else UNKNOWN
    if by_email.sign_in != vouched.way and not admission.take_over:
        return OTHER_WAY
    if vouched.subject and by_email.sign_in == vouched.way and session.get(VouchedIdentity, by_email.id) is not None:
        return OTHER_PERSON
    if by_email.active:
        _take(session, by_email, vouched)
    return by_email


def _take(session: Session, account: Account, vouched: Vouched) -> None:
    """Have an account sign in this way alone from now on."""
    if account.sign_in != vouched.way:
        said = {"from": account.sign_in, "to": vouched.way}
        account.sign_in = vouched.way
        end_all(session, account.id)
        drop_links(session, account.id)
        audit.record(session, acting_for(vouched.way), "account.sign-in", subject_of(account.id), said)
    _remember(session, account, vouched)


def _remember(session: Session, account: Account, vouched: Vouched) -> None:
    if vouched.subject:
        session.merge(VouchedIdentity(account_id=account.id, subject_hash=hash_of(vouched.subject)))


def _sign_up(session: Session, vouched: Vouched, admission: Admission) -> Account | str:
    role = vouched.role or admission.role
    products = admission.products if vouched.products is None else vouched.products
    name = " ".join(vouched.name.split()) or vouched.email.partition("@")[0]
    person, email = acting_for(vouched.way), vouched.email
    for shown in (name, f"{name[: max(0, LONGEST_NAME - len(email) - 3)]} ({email})"):  # a name may be taken
        try:
            account = add_account(session, person, email, shown, role, _kept(products), sign_in=vouched.way)
        except AccountError:
            continue
        _remember(session, account, vouched)
        return account
    return NO_NAME


def _apply(session: Session, account: Account, vouched: Vouched) -> None:
    """Give an account the role and products that are said; the trail tells of each change."""
    person = acting_for(vouched.way)
    if vouched.role is not None and account.role is not vouched.role:
        try:
            change_role(session, person, account.id, vouched.role)
        except AccountError as error:  # the last admin stays, since nobody else could change accounts
            said = {"asked": vouched.role.value, "kept": account.role.value, "why": error.problem}
            audit.record(session, person, "account.role-kept", subject_of(account.id), said)
    if vouched.products is not None and account.products != _kept(vouched.products):
        set_products(session, person, account.id, _kept(vouched.products))


def _kept(products: tuple[str, ...]) -> list[str] | None:
    """Products as accounts keep them: None for all."""
    return None if ALL in products else sorted(set(products))
